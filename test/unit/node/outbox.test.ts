/** The outbox: one envelope per destination and turn, and every one of them fits and can be read. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from '../../../src/node/outbox.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { decodeEnvelope, type Envelope, type GroupMessage } from '../../../src/wire/envelope.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { append, command, turns } from './sample-node.ts'

const SENDER = { cluster: 'demo', node: 'a', store: 's', boot: 1, run: 'r' }
const subjects = subjectsOf('demo')
const heartbeat: Message = { type: 'Heartbeat', from: 1, to: 2, term: 1, commit: 0, round: 1 }
const letter = (group: string, message: Message = heartbeat): GroupMessage => ({ group, epoch: '0123456789abcdef', message })

interface Post {
  readonly outbox: Outbox
  readonly transport: Transport
  readonly cut: () => void
  /** Envelopes heard so far, with the node they are for. */
  readonly heard: { readonly to: string; readonly envelope: Envelope }[]
}

function post(maxPayload = 1024 * 1024): Post {
  const hub = loopback({ maxPayload })
  const transport = hub.connect('a')
  const heard: Post['heard'] = []
  hub.connect('world').subscribe('flotilla.demo.raft.*.a', ({ subject, data }) => {
    heard.push({ to: subject.split('.')[3] as string, envelope: decodeEnvelope(data) })
  })
  const outbox = new Outbox({ transport, subjects, sender: SENDER, logger: silent })
  return { outbox, transport, heard, cut: () => hub.disconnect('a') }
}

test('all groups of a turn share one envelope per destination, in order', async () => {
  const { outbox, heard } = post()
  outbox.post('b', letter('g1'))
  outbox.post('c', letter('g1'))
  outbox.post('b', letter('g2'))
  await turns()
  assert.deepEqual(heard, [], 'nothing leaves before it is sent')
  outbox.send()
  outbox.send()
  await turns()
  assert.deepEqual(heard, [
    { to: 'b', envelope: { sender: SENDER, messages: [letter('g1'), letter('g2')] } },
    { to: 'c', envelope: { sender: SENDER, messages: [letter('g1')] } },
  ])
})

test('while the disk is nearly full every envelope says so, and greetings, too', async () => {
  const hub = loopback()
  const said: unknown[] = []
  hub.connect('world').subscribe('flotilla.demo.raft.*.a', ({ data }) => void said.push(decodeEnvelope(data).sender.low))
  let isLow = true
  const outbox = new Outbox({ transport: hub.connect('a'), subjects, sender: SENDER, isLow: () => isLow, logger: silent })
  outbox.post('b', letter('g1'))
  outbox.send()
  outbox.greet('b')
  isLow = false
  outbox.greet('b')
  await turns()
  assert.deepEqual(said, [true, true, undefined])
})

test('an append without entries waits for company: the latest of them leaves with the news, none if entries follow', async () => {
  const { outbox, heard } = post()
  const empty = (commit: number): GroupMessage => letter('g1', append(0, [], commit))
  const full = letter('g1', append(0, [command(1, 1, Uint8Array.of(1))], 2))
  outbox.post('b', empty(1))
  outbox.post('b', empty(2))
  outbox.post('c', empty(1))
  outbox.post('c', full)
  assert.equal(outbox.hasNews, true)
  outbox.send()
  await turns()
  assert.deepEqual(heard, [{ to: 'c', envelope: { sender: SENDER, messages: [full] } }])
  outbox.sendNews()
  assert.equal(outbox.hasNews, false)
  await turns()
  assert.deepEqual(heard.slice(1), [{ to: 'b', envelope: { sender: SENDER, messages: [empty(2)] } }])
})

test('what would not fit one payload is cut into several', async () => {
  const { outbox, heard } = post(64 * 1024)
  const big = append(0, [command(1, 1, new Uint8Array(20_000))])
  for (let i = 0; i < 10; i++) outbox.post('b', letter(`g${i}`, big))
  outbox.send()
  await turns()
  assert.deepEqual(
    heard.flatMap(({ envelope }) => envelope.messages.map(({ group }) => group)),
    Array.from({ length: 10 }, (_, i) => `g${i}`),
  )
  assert.equal(heard.length, 5)
})

test('the heartbeats of thousands of groups can all be read at the other end', async () => {
  const { outbox, heard } = post()
  const groups = Array.from({ length: 5000 }, (_, i) => `group-${i}`)
  for (const group of groups) outbox.post('b', letter(group))
  outbox.send()
  await turns()
  assert.deepEqual(
    heard.flatMap(({ envelope }) => envelope.messages.map(({ group }) => group)),
    groups,
  )
})

test('an append without entries waits for one with entries, which makes it needless', async () => {
  const { outbox, heard } = post()
  const news = append(3, [])
  outbox.post('b', letter('g1', news))
  outbox.post('c', letter('g1', news))
  outbox.post('b', letter('g2', news))
  outbox.send()
  await turns()
  assert.deepEqual([heard, outbox.hasNews], [[], true])
  const entries = append(3, [command(4, 1, new Uint8Array(1))])
  outbox.post('b', letter('g1', entries))
  outbox.send()
  outbox.sendNews()
  outbox.sendNews()
  await turns()
  assert.equal(outbox.hasNews, false)
  const said = heard.map(({ to, envelope }) => [to, envelope.messages.map(({ group, message }) => [group, message])])
  assert.deepEqual(said, [
    ['b', [['g1', entries]]],
    ['c', [['g1', news]]],
    ['b', [['g2', news]]],
  ])
})

test('without a connection it is dropped and counted, not kept', async () => {
  const { outbox, transport, heard, cut } = post()
  cut()
  outbox.post('b', letter('g1'))
  outbox.send()
  assert.equal(transport.dropped, 1)
  outbox.send()
  assert.equal(transport.dropped, 1)
  assert.deepEqual(heard, [])
})

test('whoever is called to take over hears the news first', async () => {
  const { outbox, heard } = post()
  outbox.post('b', letter('g1', append(0, [], 7)))
  outbox.post('b', letter('g1', { type: 'TimeoutNow', from: 1, to: 2, term: 1 }))
  outbox.send()
  await turns()
  assert.deepEqual(
    heard.flatMap(({ envelope }) => envelope.messages.map(({ message }) => message.type)),
    ['AppendEntries', 'TimeoutNow'],
  )
  outbox.sendNews()
  await turns()
  assert.equal(heard.length, 1, 'and hears it once')
})
