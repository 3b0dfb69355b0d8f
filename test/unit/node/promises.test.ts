/** A disk that was rolled back shows when its node comes back: the others remind it of what it promised. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaError } from '../../../src/base/errors.ts'
import { manualClock } from '../../../src/clock/manual.ts'
import { type Found, Promises } from '../../../src/node/promises.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { turns } from './sample-node.ts'
import { SmallCluster, say } from './small-cluster.ts'

const C = { node: 'c', store: 'store-c', run: 'later' }

/** Node a, which hears; and node c, which comes back with that in its store. */
function scene(found: { peer?: number; founding?: string; term?: number; lastIndex?: number } | null, removed = 0) {
  const hub = loopback()
  const clock = manualClock()
  const broken: FlotillaError[] = []
  const node = (self: string): Promises => {
    const onBroken = (error: FlotillaError): void => void broken.push(error)
    const places = { clock, transport: hub.connect(self), subjects: subjectsOf('demo'), logger: silent }
    return new Promises({ self, store: `store-${self}`, ...places, isExcused: (_, peer) => peer <= removed, onBroken })
  }
  const a = node('a')
  const c = node('c')
  const { peer: id = 3, founding: birthmark = 'mark', term = 5, lastIndex = 9 } = found ?? {}
  const host: Found = { group: 'g', id, birthmark, term, snapshot: { context: { log: { lastIndex } } } }
  if (found) c.found(host)
  const hear = (message: Partial<Message> & Pick<Message, 'type'>): void =>
    a.hear('c', { group: 'g', epoch: 'digest.mark', message: { from: 3, to: 1, term: 5, ...message } as Message })
  /** Whether c is heard again, once it was asked. */
  const comesBack = async (): Promise<boolean> => {
    c.listen()
    a.returned(C)
    if (!a.isAwaited(C)) return true
    await turns()
    return !a.isAwaited(C)
  }
  return { a, clock, hear, comesBack, broken }
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
  left.a.forget('c')
  assert.equal(await left.comesBack(), true)
  const removed = scene(null, 3)
  removed.hear(acknowledged(9))
  assert.equal(await removed.comesBack(), true)
})

test('who does not answer is asked again, and not heard meanwhile', async () => {
  const { a, clock, hear, comesBack } = scene({})
  hear(acknowledged(9))
  a.returned(C)
  assert.equal(a.isAwaited(C), true)
  assert.equal(a.isAwaited({ ...C, run: 'the one before' }), false, 'that is for others to judge')
  await turns()
  assert.equal(a.isAwaited(C), true, 'nobody listened')
  clock.advance(250)
  assert.equal(await comesBack(), true)
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
