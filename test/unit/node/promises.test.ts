/** A disk that was rolled back shows when its node comes back: the others remind it of what it promised. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaError } from '../../../src/base/errors.ts'
import { GROUPS_MAX, PAYLOAD_BYTES_MIN } from '../../../src/base/limits.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { type Found, Promises, promiseOf } from '../../../src/node/promises.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { Membership } from '../../../src/ports/store.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { encodeWord } from '../../../src/wire/promises.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { parrot, turns } from './sample-node.ts'
import { recall, SmallCluster, say, until } from './small-cluster.ts'

const C = { node: 'c', store: 'store-c', run: 'later' }

const MEMBERSHIP: Membership = { conf: votersOnly([1, 3]), peers: { 1: 'a', 3: 'c' }, lastPeerId: 3 }

/** Up to here the entries in the log of node a are of an earlier term than what it hears. */
const EARLIER = 3

/** Node a, which hears; and node c, which comes back with that in its store. */
function scene(
  found: { peer?: number; founding?: string; term?: number; lastIndex?: number; lastTerm?: number } | null,
  removed = 0,
) {
  const hub = loopback()
  const clock = manualClock()
  const broken: FlotillaError[] = []
  const noted = new Map<string, string>()
  const transports = { a: hub.connect('a'), c: hub.connect('c') }
  const node = (id: 'a' | 'c', run = 'later'): Promises => {
    const onBroken = (error: FlotillaError): void => void broken.push(error)
    const places = { clock, transport: transports[id], subjects: subjectsOf('demo') }
    const identity = { uuid: `store-${id}`, boot: 1, run, cluster: 'demo', node: id }
    const store = { identity, recall: (fact: string) => (id === 'a' ? noted.get(fact) : undefined) }
    return new Promises({ settings: { id, logger: silent }, store, ...places, isExcused: (_, peer) => peer <= removed, onBroken })
  }
  let a = node('a')
  const c = node('c')
  const { peer: id = 3, founding: birthmark = 'mark', term = 5, lastIndex = 9, lastTerm = term } = found ?? {}
  const host: Found = {
    group: 'g',
    id,
    birthmark,
    table: { membership: MEMBERSHIP },
    term,
    snapshot: { context: { log: { lastIndex, lastTerm } } },
  }
  if (found) c.found(host)
  a.found({ ...host, id: 1 })
  const listening = c.listen()
  const hear = (message: Partial<Message> & Pick<Message, 'type'>, run = 'earlier'): void => {
    const said = { group: 'g', epoch: 'digest.mark', message: { from: 3, to: 1, term: 5, ...message } as Message }
    const promise = promiseOf(said, { termAt: (index) => (index > EARLIER ? said.message.term : said.message.term - 1) })
    if (promise) a.hear({ node: 'c', run }, promise)
  }
  /** Whether c is heard, once it was asked if it must be. */
  const isHeard = async (): Promise<boolean> => {
    if (!a.isAwaited(C)) return true
    await turns()
    return !a.isAwaited(C)
  }
  /** Whether c is heard again. */
  const comesBack = (): Promise<boolean> => {
    a.returned(C)
    return isHeard()
  }
  /** Node a ends, and begins again with what it noted; as a member of a group of that founding and with those members. */
  const restart = ({ birthmark: mark = 'mark', membership = MEMBERSHIP } = {}): void => {
    for (const [fact, value] of a.take()) noted.set(fact, value)
    a = node('a')
    a.found({ ...host, id: 1, birthmark: mark, table: { membership } })
  }
  return { a: () => a, clock, hear, isHeard, comesBack, restart, noted, broken, listening, listen: () => c.listen() }
}

const acknowledged = (index: number, accepted = true) => ({ type: 'AppendEntriesReply', accepted, index }) as const

test('who has kept what it promised is heard again', async () => {
  for (const found of [
    {},
    { lastIndex: 12 },
    { term: 6, lastIndex: 0 },
    { peer: 4, term: 1 },
    { founding: 'another', term: 1 },
  ]) {
    const { hear, comesBack, broken } = scene(found)
    hear(acknowledged(9))
    hear(acknowledged(4))
    hear({ type: 'RequestVoteReply', term: 4 })
    assert.deepEqual([await comesBack(), broken], [true, []], JSON.stringify(found))
  }
})

test('who has less is not heard, and stops', async () => {
  for (const found of [{ lastIndex: 8 }, { term: 4, lastIndex: 20 }, { peer: 2 }, null]) {
    const { hear, comesBack, broken } = scene(found)
    hear(acknowledged(9))
    assert.equal(await comesBack(), false, JSON.stringify(found))
    assert.deepEqual([broken[0]?.code, broken[0]?.details.by], ['STORE_MISMATCH', ['a']])
  }
})

test('entries of a term are not replaced by a long tail of an earlier one; earlier entries are no promise', async () => {
  const tail = scene({ lastIndex: 20, lastTerm: 4 })
  tail.hear(acknowledged(9))
  assert.deepEqual([await tail.comesBack(), tail.broken[0]?.code], [false, 'STORE_MISMATCH'])
  const earlier = scene({ lastIndex: 1, lastTerm: 4 })
  earlier.hear(acknowledged(EARLIER))
  assert.equal(await earlier.comesBack(), true, 'that is told again')
})

test('a vote is a promise; a wish, a refusal of entries and what a leader says are none of what is in a log', async () => {
  const vote = scene({ term: 6 })
  vote.hear({ type: 'RequestVoteReply', term: 7 })
  assert.equal(await vote.comesBack(), false)
  const wish = scene({})
  wish.hear({ type: 'PreVote', term: 8 })
  wish.hear({ type: 'PreVoteReply', term: 8 })
  wish.hear({ type: 'Heartbeat', term: 8 })
  wish.hear(acknowledged(50, false))
  assert.equal(await wish.comesBack(), true)
})

test('who promised nothing, or left, or was removed, has nothing to keep', async () => {
  assert.equal(await scene(null).comesBack(), true)
  const left = scene(null)
  left.hear(acknowledged(9))
  left.a().forget('c')
  assert.equal(await left.comesBack(), true)
  const removed = scene(null, 3)
  removed.hear(acknowledged(9))
  assert.equal(await removed.comesBack(), true)
})

test('who does not answer is asked again, and not heard meanwhile', async () => {
  const { a, clock, hear, comesBack, listening, listen } = scene({})
  listening.unsubscribe()
  hear(acknowledged(9))
  a().returned(C)
  assert.equal(a().isAwaited(C), true)
  assert.equal(a().isAwaited({ ...C, run: 'the one before' }), false, 'that is for others to judge')
  await turns()
  assert.equal(a().isAwaited(C), true, 'nobody listened')
  clock.advance(250)
  listen()
  assert.equal(await comesBack(), true)
})

test('who began anew remembers what it noted, and asks everybody, whichever run of it speaks', async () => {
  const { hear, isHeard, restart, broken } = scene({ lastIndex: 8 })
  restart()
  assert.equal(await isHeard(), true, 'nothing was promised')
  hear(acknowledged(9))
  restart()
  assert.deepEqual([await isHeard(), broken[0]?.code], [false, 'STORE_MISMATCH'])
  const kept = scene({})
  kept.hear(acknowledged(9))
  kept.restart()
  assert.deepEqual([await kept.isHeard(), kept.broken], [true, []])
})

test('what was promised since a node came back is not in what it came back with', async () => {
  const { hear, isHeard, restart, broken } = scene({})
  hear(acknowledged(20), C.run)
  restart()
  assert.deepEqual([await isHeard(), broken], [true, []])
})

test('what was noted of a peer that is none any more, or of another founding, is nothing', async () => {
  const moved = votersOnly([1, 4])
  for (const other of [
    { birthmark: 'another' },
    { membership: { conf: moved, peers: { 1: 'a', 3: 'c', 4: 'c' }, lastPeerId: 4 } },
  ]) {
    const { hear, isHeard, restart } = scene(null)
    hear(acknowledged(9))
    restart(other)
    assert.equal(await isHeard(), true, JSON.stringify(other))
  }
})

test('each further promise is noted once; who left, and what we left, is noted no more', () => {
  const { a, hear, restart, noted } = scene({})
  hear(acknowledged(9))
  assert.deepEqual([...a().take()], [['here:promised:g:c', 'earlier/3/5/9/mark']])
  hear(acknowledged(9), C.run)
  hear(acknowledged(8), C.run)
  assert.equal(a().isEmpty, true)
  hear(acknowledged(10), C.run)
  restart()
  a().forget('c')
  assert.deepEqual([...a().take()], [['here:promised:g:c', '']])
  hear(acknowledged(11), C.run)
  a().leave('g')
  restart()
  assert.equal(noted.get('here:promised:g:c'), '')
})

test('a long reminder is cut into pieces that every server takes', async () => {
  const sizes: number[] = []
  const id = 'g'.repeat(58)
  const identity = { uuid: 'store-a', boot: 1, run: 'later', cluster: 'demo', node: 'a' }
  const places = { clock: manualClock(), subjects: subjectsOf('demo'), isExcused: () => false, onBroken: () => {} }
  const request = async (_: string, data: Uint8Array) => {
    sizes.push(data.length)
    return { data: encodeWord(true) }
  }
  const transport = { request } as unknown as Transport
  const store = { identity, recall: () => undefined }
  const a = new Promises({ settings: { id: 'a', logger: silent }, store, transport, ...places })
  const run = 'r'.repeat(36)
  for (let i = 0; i < GROUPS_MAX; i++) {
    const group = `${id}${10_000 + i}`
    const log = { lastIndex: 0, lastTerm: 0 }
    a.found({ group, id: 1, birthmark: '', table: { membership: MEMBERSHIP }, term: 1, snapshot: { context: { log } } })
    const [peer, term, index, founding] = [1_000_000, 1_000_000, 2 ** 40, 'f'.repeat(32)]
    a.hear({ node: 'c', run }, { group, peer, term, index, founding })
  }
  a.returned(C)
  assert.equal(a.isAwaited(C), true)
  await turns()
  assert.equal(a.isAwaited(C), false)
  assert.ok(sizes.length > 1 && Math.max(...sizes) < PAYLOAD_BYTES_MIN, sizes.join())
})

test('of a group that its program holds no more a node says nothing, and is not asked for what it promised there', async (t) => {
  const groups = ['g', 'h'].map((group) => ({ id: group, stateMachine: parrot() }))
  const cluster = await SmallCluster.start(t, { groups })
  await cluster.leader('h')
  await cluster.settled('h')
  for (const { id } of cluster.nodes) {
    await cluster.node(id).stop()
    await cluster.run(id, { groups: groups.slice(0, 1) })
    await say(await cluster.leader(), id)
    await until('it has heard of it', () => recall(cluster.node(id), id) === id)
  }
})

test('a disk that is rolled back shows after all others began anew, also one of which only a leader knew', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'early')
  await cluster.settled()
  const leader = await cluster.leader()
  const image = structuredClone(cluster.disk(leader.id).image)
  await say(leader, 'late')
  await cluster.settled()
  await new Promise((resolve) => setTimeout(resolve, 2500)) // what is durable is told and noted within two seconds
  const others = await cluster.followers()
  for (const node of cluster.nodes) {
    cluster.disk(node.id).crash()
    await node.stop()
    cluster.forget(node)
  }
  cluster.disk(leader.id).image = image
  const again = await cluster.run(leader.id)
  cluster.forget(again)
  for (const { id } of others) await cluster.run(id)
  assert.equal((await again.closed)?.code, 'STORE_MISMATCH')
})

test('a disk that is rolled back to an earlier state of the same run is refused, however often it is tried', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'early')
  await cluster.settled()
  const [c] = await cluster.followers()
  assert(c)
  const image = structuredClone(cluster.disk(c.id).image)
  await say(await cluster.leader(), 'late')
  await cluster.settled()
  await c.stop()
  cluster.forget(c)
  const disk = new MemoryDisk()
  disk.image = image
  for (let i = 0; i < 3; i++) {
    const again = await cluster.run(c.id, { store: memoryStore({ cluster: 'demo', node: c.id }, disk) })
    cluster.forget(again)
    const error = await again.closed
    assert.deepEqual([error?.code, /rolled back/.test(error?.message ?? '')], ['STORE_MISMATCH', true])
  }
})
