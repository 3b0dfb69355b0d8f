/** News of a removal: said now and then, and believed only when the group's leader says the same of the same founding. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { Removals } from '../../../src/node/removals.ts'
import { silent } from '../../../src/ports/logger.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import type { MembersView } from '../../../src/wire/members.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { sampleHost, turns } from './sample-node.ts'

/** Peer 1 was removed, as the leader of its own founding says. */
const GONE: MembersView = {
  group: 'g',
  index: 9,
  term: 2,
  conf: { ...votersOnly([2, 3]), voters: [2, 3], votersOutgoing: [], learners: [], learnersNext: [] },
  peers: { 2: 'b', 3: 'c' },
  lastPeerId: 3,
  founding: 'epoch',
  mark: 'mark',
}

async function scene() {
  const hub = loopback()
  const clock = manualClock()
  const host = await sampleHost()
  const subjects = subjectsOf('demo')
  let view: MembersView | null = GONE
  let asked = 0
  const confirmed: string[] = []
  const heard: string[] = []
  const removals = new Removals({
    self: 'a',
    clock,
    transport: hub.connect('a'),
    subjects,
    logger: silent,
    find: (group) => (group === 'g' ? host : undefined),
    ask: async () => {
      asked++
      if (view === null) throw new Error('nobody leads')
      return view
    },
    hear: async (group, node) => {
      heard.push(`${group} ${node}`)
      if (view === null) throw new Error('it does not answer')
      return view
    },
    onConfirmed: ({ group }) => confirmed.push(group),
  })
  const guest = hub.connect('guest')
  removals.listen()
  /** A second later somebody says this, and the leader would answer that. */
  const say = async (news: object, answer: MembersView | null): Promise<void> => {
    clock.advance(1000)
    view = answer
    guest.publish(subjects.node('a', 'removed'), utf8(JSON.stringify(news)))
    await turns()
  }
  const answer = (next: MembersView | null): void => {
    view = next
  }
  return { removals, host, guest, clock, say, answer, confirmed, heard, asked: () => asked }
}

test('what the leader does not confirm is not believed', async () => {
  const { say, confirmed, asked } = await scene()
  const news = { group: 'g', peer: 1, by: 'b' }
  const answers: (MembersView | null)[] = [
    null,
    { ...GONE, peers: { 1: 'a', ...GONE.peers } },
    { ...GONE, founding: 'another' },
    { ...GONE, lastPeerId: 0 },
  ]
  for (const answer of answers) await say(news, answer)
  assert.deepEqual([confirmed, asked()], [[], answers.length])
  for (const other of [{ ...news, peer: 2 }, { ...news, group: 'h' }, { ...news, by: 'B!' }, {}]) await say(other, GONE)
  assert.equal(asked(), answers.length, 'nor asked about')
  await say(news, GONE)
  assert.deepEqual(confirmed, ['g'])
})

test('a removed peer is told once a second, and asks as often', async () => {
  const { removals, guest, clock, say, asked } = await scene()
  const heard: string[] = []
  guest.subscribe('flotilla.demo.node.b.removed', ({ data }) => void heard.push(text(data)))
  for (const ms of [0, 500, 500]) {
    clock.advance(ms)
    removals.tell('b', 'g', 2)
  }
  await turns()
  assert.deepEqual(heard, Array(2).fill('{"group":"g","peer":2,"by":"a"}'))
  await say({ group: 'g', peer: 1, by: 'b' }, null)
  guest.publish('flotilla.demo.node.a.removed', utf8('{"group":"g","peer":1,"by":"c"}'))
  await turns()
  assert.equal(asked(), 1)
})

test('a peer that knows of its own removal stays until the others go on without it', async () => {
  const { removals, host, clock, confirmed, answer, asked } = await scene()
  answer(null)
  removals.retire(host)
  removals.retire(host)
  for (let i = 0; i < 3; i++) {
    await turns()
    clock.advance(200)
  }
  await turns()
  assert.deepEqual([asked(), confirmed.length], [4, 0], 'nobody leads: it may be needed')
  answer(GONE)
  clock.advance(200)
  await turns()
  assert.deepEqual(confirmed, ['g'])
})

test('a peer that was replaced goes when who speaks to the later one says that it was removed', async () => {
  const { removals, host, clock, confirmed, answer, heard, asked } = await scene()
  for (const view of [null, { ...GONE, peers: { 1: 'a' } }, { ...GONE, mark: 'another', founding: 'another' }]) {
    answer(view)
    await removals.replaced(host, 'b')
    await removals.replaced(host, 'b')
    clock.advance(1000)
  }
  assert.deepEqual([confirmed, heard, asked()], [[], Array(3).fill('g b'), 0], 'it asks once a second, and no leader')
  answer(GONE)
  await removals.replaced(host, 'b')
  assert.deepEqual(confirmed, ['g'])
})
