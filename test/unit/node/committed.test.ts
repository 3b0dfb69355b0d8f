/** What subscribers of a group see: every index in order, in documented words, and a log that fills gaps. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import type { Headers, Transport } from '../../../src/ports/transport.ts'
import { decodeLogPage, type LogPage } from '../../../src/wire/requests.ts'
import { groupOf, SmallCluster, say, until } from './small-cluster.ts'

interface Heard {
  readonly subject: string
  readonly headers: Headers
  readonly word: string
}

/** A cluster and somebody who listens from its beginning. */
async function listening(t: TestContext): Promise<{ cluster: SmallCluster; guest: Transport; heard: Heard[] }> {
  const cluster = new SmallCluster(t)
  const guest = cluster.guest()
  const heard: Heard[] = []
  guest.subscribe('flotilla.demo.group.g.committed.>', ({ subject, headers, data }) => {
    heard.push({ subject, headers, word: text(data) })
  })
  await Promise.all(['a', 'b', 'c'].map((id) => cluster.run(id)))
  await cluster.leader()
  return { cluster, guest, heard }
}

const indexOf = ({ headers }: Heard): number => Number(headers['Flotilla-Index'])

async function logOf(guest: Transport, question: object): Promise<LogPage> {
  return decodeLogPage(
    (await guest.request('flotilla.demo.group.g.log', utf8(JSON.stringify(question)), { timeoutMs: 1000 })).data,
  )
}

test('each committed entry is told once, in order, with its headers and the topic its state machine chose', async (t) => {
  const { cluster, heard } = await listening(t)
  const leader = await cluster.leader()
  const { term } = groupOf(leader)
  for (const word of ['plain', 'with.dot', '*', 'é >']) await say(leader, word)
  await until('five messages', () => heard.length === 5)
  assert.deepEqual(heard.map(indexOf), [1, 2, 3, 4, 5])
  const root = 'flotilla.demo.group.g.committed'
  assert.deepEqual(
    heard.map(({ subject }) => subject),
    [`${root}.=noop`, `${root}.plain`, `${root}.with=2Edot`, `${root}.=2A`, `${root}.=C3=A9=20=3E`],
  )
  assert.deepEqual(heard[1], {
    subject: `${root}.plain`,
    headers: {
      'Flotilla-Group': 'g',
      'Flotilla-Index': '2',
      'Flotilla-Term': String(term),
      'Flotilla-Kind': 'command',
      'Flotilla-Reign': '1',
      'Flotilla-Founding': groupOf(leader).founding ?? '',
      'Nats-Msg-Id': 'demo/g/2',
    },
    word: 'plain',
  })
  assert.equal(heard[0]?.headers['Flotilla-Kind'], 'noop')
  assert.match(groupOf(leader).founding ?? '', /^[0-9a-f]{32}$/)
})

test('a subscriber that missed something sees the gap, and the log fills it', async (t) => {
  const { cluster, guest, heard } = await listening(t)
  const leader = await cluster.leader()
  await say(leader, 'seen')
  await until('it is heard', () => heard.some(({ word }) => word === 'seen'))
  cluster.hub.disconnect('guest')
  const told: string[] = []
  cluster.guest('witness').subscribe('flotilla.demo.group.g.committed.>', ({ data }) => void told.push(text(data)))
  for (let i = 0; i < 5; i++) await say(leader, `missed${i}`)
  await until('all of it is told', () => told.includes('missed4')) // callers hear before subscribers do
  cluster.hub.reconnect('guest')
  await say(leader, 'seen again')
  const last = await until('the last one', () => heard.find(({ word }) => word === 'seen again'))
  const before = heard[heard.indexOf(last) - 1]
  assert(before && indexOf(last) - indexOf(before) > 1)
  await cluster.settled()
  const page = await logOf(guest, { from: indexOf(before) + 1, limit: indexOf(last) - indexOf(before) - 1 })
  assert.deepEqual(
    page.entries.map(({ data }) => text(data)),
    ['missed0', 'missed1', 'missed2', 'missed3', 'missed4'],
  )
  assert.equal(page.group, 'g')
})

test('a page of the log ends where it was asked to, where commit ends, and where a message is full', async (t) => {
  const { cluster, guest } = await listening(t)
  const leader = await cluster.leader()
  const large = 'x'.repeat(150_000)
  for (let i = 0; i < 8; i++) await say(leader, `${i}${large}`)
  await cluster.settled()
  assert.deepEqual(
    (await logOf(guest, { from: 1, limit: 2 })).entries.map(({ index }) => index),
    [1, 2],
  )
  const full = await logOf(guest, { from: 2, limit: 1000 })
  assert(full.entries.length >= 2 && full.entries.length < 8, String(full.entries.length))
  assert.deepEqual(
    full.entries.map(({ index }) => index),
    full.entries.map((_, i) => 2 + i),
  )
  const end = await logOf(guest, { from: 9, limit: 1000 })
  assert.deepEqual(
    end.entries.map(({ index }) => index),
    [9],
  )
  assert.equal(end.commit, 9)
  assert.equal(end.first, 1)
})

test('a new leader is news', async (t) => {
  const cluster = new SmallCluster(t)
  const news: unknown[] = []
  cluster.guest().subscribe('flotilla.demo.event.leadership', ({ data }) => void news.push(JSON.parse(text(data))))
  await Promise.all(['a', 'b', 'c'].map((id) => cluster.run(id)))
  const leader = await cluster.leader()
  const { term } = groupOf(leader)
  await until('the news', () => news.length > 0)
  assert.deepEqual(news.at(-1), { group: 'g', node: leader.id, term })
})
