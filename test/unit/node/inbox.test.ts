/** The inbox: who may speak, of what, and that everybody else is counted and not heard. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAILBOX_EVENTS_MAX, TERM_JUMP_MAX } from '../../../src/base/limits.ts'
import { Acquaintance } from '../../../src/node/acquaintance.ts'
import { Inbox } from '../../../src/node/inbox.ts'
import { Refusals } from '../../../src/node/refusals.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { Incoming } from '../../../src/ports/transport.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { encodeEnvelope, type Sender } from '../../../src/wire/envelope.ts'
import type { PeerPromise } from '../../../src/wire/promises.ts'
import { append, command, sampleHost, turns } from './sample-node.ts'

const B: Sender = { cluster: 'demo', node: 'b', store: 'store-b', boot: 3, run: 'r3' }

interface Said {
  readonly sender?: Sender
  readonly message?: Message
  readonly group?: string
  readonly epoch?: string
  readonly subject?: string
  /** Instead of the message. */
  readonly promises?: readonly PeerPromise[]
}

/** A message of peer 2, which lives on node b, to peer 1 on node a. */
function incoming({
  sender = B,
  message = append(0, []),
  group = 'g',
  epoch = 'epoch',
  subject = 'flotilla.demo.raft.a.b',
  promises,
}: Said): Incoming {
  const data = encodeEnvelope({ sender, messages: promises ? [] : [{ group, epoch, message }], promises })
  return { subject, data, headers: {}, asks: false, respond: () => assert.fail('nobody answers on a raft subject') }
}

const vote = (term: number): Message => ({
  type: 'RequestVote',
  from: 2,
  to: 1,
  term,
  lastIndex: 0,
  lastTerm: 0,
  commit: 0,
  commitTerm: 0,
  transfer: false,
})

async function bench(disk = new MemoryDisk()) {
  const store = memoryStore({ cluster: 'demo', node: 'a' }, disk)
  const host = await sampleHost({ store })
  const refusals = new Refusals()
  const names = (): string[] => []
  const diary = { met: names(), removed: names(), called: names(), replaced: names(), promised: names() }
  const { met, removed, called, replaced, promised } = diary
  const strangers: Sender[] = []
  let woken = 0
  const inbox = new Inbox({
    cluster: 'demo',
    self: 'a',
    neighbours: () => new Set(['b', 'c']),
    acquaintance: new Acquaintance(store, silent),
    promises: {
      hear: ({ node }, { peer, term, index }) => void promised.push(`${node}${peer} ${term}/${index}`),
      isAwaited: ({ run }) => run === 'awaited',
    },
    admission: { heard: () => {}, takes: () => true },
    refusals,
    logger: silent,
    find: (group) => (group === 'g' ? host : undefined),
    wake: () => woken++,
    onStranger: (sender) => strangers.push(sender),
    onMet: (node) => met.push(node),
    awaits: (group) => group === 'awaited',
    onCalled: (sender, { group, message }) => called.push(`${sender.node} ${group} ${message.to}`),
    onRemoved: (node, group, peer) => removed.push(`${node} ${group} ${peer}`),
    onReplaced: ({ group }, by) => replaced.push(`${by} ${group}`),
  })
  const hear = (said: Said): void => inbox.receive(incoming(said))
  return { hear, inbox, host, store, strangers, ...diary, refused: () => refusals.all, woken: () => woken }
}

test('a message of a peer gets into its mailbox and wakes it', async () => {
  const { hear, host, refused, woken } = await bench()
  hear({})
  assert.deepEqual(host.mailbox.take(), [{ message: append(0, []) }])
  assert.equal(woken(), 1)
  assert.deepEqual(refused(), {})
})

test('who is not who the subject says, or of another cluster, or ourselves, or nobody, is not heard', async () => {
  const { hear, host, refused } = await bench()
  hear({ sender: { ...B, cluster: 'other' } })
  hear({ subject: 'flotilla.demo.raft.a.c' })
  hear({ sender: { ...B, node: 'a' }, subject: 'flotilla.demo.raft.a.a' })
  hear({ sender: { ...B, node: 'z' }, subject: 'flotilla.demo.raft.a.z' })
  assert.deepEqual(refused(), { STORE_MISMATCH: 4 })
  assert.equal(host.mailbox.isEmpty, true)
})

test('a peer speaks only for itself and only to us, and only of the same founding', async () => {
  const { hear, host, refused, replaced } = await bench()
  hear({ message: { ...append(0, []), from: 3 } }) // peer 3 lives on node c
  hear({ message: { ...append(0, []), to: 2 } })
  hear({
    message: { ...append(0, []), from: 4 },
    sender: { ...B, node: 'x' },
    subject: 'flotilla.demo.raft.a.x',
    epoch: 'another',
  })
  hear({ epoch: 'another' })
  assert.deepEqual(refused(), { STORE_MISMATCH: 4 })
  assert.deepEqual(replaced, ['b g'], 'who speaks to a later peer of ours may know that this one is gone')
  assert.equal(host.mailbox.isEmpty, true)
})

test('a member that our log does not tell of yet is heard, whoever it is; one that was removed is told so', async () => {
  const { hear, host, refused, removed } = await bench()
  const d = { sender: { ...B, node: 'd', store: 'store-d' }, subject: 'flotilla.demo.raft.a.d' }
  hear({ ...d, message: { ...append(0, []), from: 4 } })
  assert.deepEqual([host.nodeOf(4), host.mailbox.take().length, refused()], ['d', 1, {}])
  hear({ message: { ...append(0, []), from: 4 } }) // not from b
  assert.deepEqual([removed, refused()], [[], { STORE_MISMATCH: 1 }])
  host.table.apply(1, [], { conf: votersOnly([1, 3, 4]), peers: { 1: 'a', 2: 'b', 3: 'c', 4: 'd' }, lastPeerId: 4 })
  hear({})
  assert.deepEqual([removed, refused(), host.mailbox.isEmpty], [['b g 2'], { STORE_MISMATCH: 2 }, true])
})

test('who speaks to a peer of ours that has not begun calls it, and nothing is refused', async () => {
  const { hear, refused, called } = await bench()
  hear({ group: 'awaited', message: { ...append(0, []), to: 4 } })
  hear({ group: 'awaited', sender: { ...B, node: 'x' }, subject: 'flotilla.demo.raft.a.x' })
  assert.deepEqual([called, refused()], [['b awaited 4', 'x awaited 1'], {}])
})

test('a group we do not have is counted', async () => {
  const { hear, refused } = await bench()
  hear({ group: 'elsewhere' })
  assert.deepEqual(refused(), { UNKNOWN_GROUP: 1 })
})

test('a term out of all proportion is damage, not an election, to who hears a leader', async () => {
  const { hear, host, refused } = await bench()
  hear({ message: { ...append(0, []), term: 1 } })
  host.stepAll()
  hear({ message: vote(TERM_JUMP_MAX + 2) })
  hear({ message: vote(2 ** 50) })
  assert.deepEqual(refused(), { CODEC_INVALID: 2 })
  hear({ message: vote(TERM_JUMP_MAX + 1) })
  assert.equal(host.mailbox.take().length, 1)
})

test('a full mailbox refuses, and what is no envelope is counted', async () => {
  const { hear, inbox, host, refused } = await bench()
  for (let i = 0; i < MAILBOX_EVENTS_MAX; i++) host.mailbox.message(append(0, []))
  hear({})
  for (const data of [new Uint8Array(0), new Uint8Array(1000).fill(0xf1)]) inbox.receive({ ...incoming({}), data })
  assert.deepEqual(refused(), { BUSY: 1, CODEC_INVALID: 2 })
})

test('a name belongs to the store that was met first, also after a restart', async () => {
  const disk = new MemoryDisk()
  const first = await bench(disk)
  first.hear({})
  await turns()
  first.hear({ sender: { ...B, store: 'store-x' } })
  assert.deepEqual(first.refused(), { STORE_MISMATCH: 1 })
  assert.deepEqual(
    first.strangers.map(({ store }) => store),
    ['store-x'],
  )
  await first.store.close()
  const second = await bench(disk)
  second.hear({ sender: { ...B, store: 'store-x' } })
  second.hear({})
  assert.deepEqual(second.refused(), { STORE_MISMATCH: 1 })
  assert.equal(second.host.mailbox.take().length, 1)
})

test('a name belongs to the store that was met first, even before that is on disk', async () => {
  const { hear, host, refused, store } = await bench()
  hear({})
  hear({ sender: { ...B, store: 'store-x' } })
  hear({})
  assert.deepEqual(refused(), { STORE_MISMATCH: 1 })
  assert.equal(host.mailbox.take().length, 2)
  await turns()
  assert.deepEqual([store.recall('store:b'), store.recall('here:run:b')], ['store-b', 'store-b/3/r3'])
})

test('what is heard may be a promise; a node that has to give its word first is not heard', async () => {
  const { hear, host, refused, promised } = await bench()
  const message = vote(7)
  hear({})
  hear({ message })
  hear({ message, sender: { ...B, boot: 4, run: 'awaited' } })
  hear({ message, sender: { ...B, boot: 5, run: 'r5' } })
  assert.deepEqual([promised, host.mailbox.take().length, refused()], [['b2 7/0', 'b2 7/0'], 3, {}])
})

test('what a node has on its disk is a promise of its own peer, in a group that is here', async () => {
  const { hear, promised, refused } = await bench()
  const kept = { founding: '', term: 3, index: 8 }
  const promises = [
    { group: 'g', peer: 2, ...kept },
    { group: 'g', peer: 3, ...kept },
    { group: 'other', peer: 2, ...kept },
  ]
  hear({ promises })
  assert.deepEqual([promised, refused()], [['b2 3/8'], {}])
})

test('what an earlier run of a node left in some buffer is not heard any more', async () => {
  const { hear, host, refused } = await bench()
  hear({ sender: { ...B, boot: 4, run: 'r4' } })
  hear({ sender: { ...B, boot: 3 } })
  hear({ sender: { ...B, boot: 4, run: 'r4' } })
  hear({ sender: { ...B, boot: 5, run: 'r5' } })
  assert.deepEqual(refused(), { STORE_MISMATCH: 1 })
  assert.equal(host.mailbox.take().length, 3)
})

test('of two copies of one directory the first that is heard counts, also after a restart of the hearer', async () => {
  const disk = new MemoryDisk()
  const first = await bench(disk)
  first.hear({})
  first.hear({ sender: { ...B, run: 'copy' } })
  assert.deepEqual(first.strangers, [{ ...B, run: 'copy' }], 'as often opened, and yet another')
  await turns()
  await first.store.close()
  const second = await bench(disk)
  second.hear({ sender: { ...B, run: 'copy' } })
  second.hear({ sender: { ...B, boot: 2, run: 'old' } })
  assert.deepEqual(second.refused(), { STORE_MISMATCH: 2 })
  second.hear({})
  second.hear({ sender: { ...B, boot: 4, run: 'r4' } })
  assert.equal(second.host.mailbox.take().length, 2)
})

test('from another store than the known one only peers are heard that no log here tells of yet', async () => {
  const { hear, host, refused, promised } = await bench()
  const moved = { ...B, store: 'store-x', boot: 1, run: 'x' }
  hear({})
  hear({ sender: moved, message: { ...append(0, []), from: 9 } })
  assert.deepEqual([host.mailbox.take().length, refused()], [2, {}])
  hear({ sender: moved })
  hear({ sender: moved, promises: [{ group: 'g', peer: 2, founding: '', term: 3, index: 8 }] })
  hear({ sender: { ...B, boot: 2, run: 'old' }, message: { ...append(0, []), from: 9 } }) // an older state of the known one
  assert.deepEqual([host.mailbox.isEmpty, promised, refused()], [true, [], { STORE_MISMATCH: 3 }])
})

test('a store known from before runs were told is known by its next word', async () => {
  const { hear, store, refused, met } = await bench()
  await store.remember('store:b', 'store-b')
  hear({})
  hear({ sender: { ...B, run: 'copy' } })
  assert.deepEqual([refused(), met], [{ STORE_MISMATCH: 1 }, []])
})

test('entries stay what they were when the transport uses its buffer again', async () => {
  const { inbox, host } = await bench()
  const message = incoming({ message: append(0, [command(1, 1, Uint8Array.of(1, 2, 3))]) })
  inbox.receive(message)
  message.data.fill(0)
  host.stepAll()
  assert.deepEqual(host.collect().entries[0]?.data, Uint8Array.of(1, 2, 3))
})

test('a node that is met for the first time is greeted, once', async () => {
  const { hear, met } = await bench()
  hear({})
  hear({})
  assert.deepEqual(met, ['b'])
})

test('once the founding of a group is known, nobody is heard who knows another', async () => {
  const { hear, host, refused, woken } = await bench()
  hear({ epoch: 'epoch.aa' })
  assert.equal(woken(), 1, 'a new replica hears whoever comes')
  host.adopt('bb')
  assert.equal(host.epoch, 'epoch.bb')
  hear({ epoch: 'epoch.aa' })
  assert.deepEqual([woken(), refused()], [1, { STORE_MISMATCH: 1 }])
  hear({ epoch: 'epoch.bb' })
  hear({ epoch: 'epoch' })
  assert.equal(woken(), 3)
})
