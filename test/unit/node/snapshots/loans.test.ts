/** States that operators fetch, and followers: whatever is exported meanwhile, each can be fetched to its end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaError } from '../../../../src/base/errors.ts'
import { SNAPSHOT_LOANS_MAX } from '../../../../src/base/limits.ts'
import type { Holding } from '../../../../src/node/snapshots/library.ts'
import { type FakeCraft, fakeCraft, someChunks } from './fake-craft.ts'
import type { Stage } from './stage.ts'
import { groupOf, stageOf, valuesOf } from './two-nodes.ts'

/** A stage on which `a` alone has a state that is another one at each index. */
function changing(...more: Parameters<typeof stageOf>): Stage {
  const stage: Stage = stageOf(more[0], { craft: () => fakeCraft(() => contentsAt(groupOf(stage, 'a').applied)), ...more[1] })
  return stage
}

const contentsAt = (index: number) => someChunks(20, index % 200)

const lend = (stage: Stage, index: number): Promise<Holding> => {
  groupOf(stage, 'a').applied = index
  return stage.actor('a').desk.lend(groupOf(stage, 'a'), index)
}

/** Whether all of a state can be fetched. */
function isWhole(stage: Stage, { id, manifest }: Holding): boolean {
  const { desk, spool } = stage.actor('a')
  return desk.lent('g', id)?.id === id && manifest.chunks.every(({ hash }) => spool.has('g', hash))
}

test('a state that is lent can be fetched to its end, whatever is exported meanwhile', async () => {
  const stage = changing(['a'])
  const first = await lend(stage, 100)
  const second = await lend(stage, 101)
  assert.deepEqual([first.manifest.index, second.manifest.index], [100, 101])
  for (const holding of [first, second]) assert.ok(isWhole(stage, holding))
})

test('a loan ends a while after the last word of it, or when too many others were made since', async () => {
  const stage = changing(['a'], { timing: { keepMs: 1000 } })
  const first = await lend(stage, 100)
  const second = await lend(stage, 101)
  await stage.pass(600)
  assert.ok(isWhole(stage, first), 'which is a word')
  await stage.pass(600)
  const third = await lend(stage, 102)
  assert.deepEqual(
    [first, second, third].map((holding) => stage.actor('a').desk.lent('g', holding.id) !== null),
    [true, false, true],
  )
  for (let more = 0; more < SNAPSHOT_LOANS_MAX - 1; more++) await lend(stage, 110 + more)
  assert.ok(!isWhole(stage, first) && isWhole(stage, third))
  await stage.pass(1100)
  assert.equal(stage.actor('a').spool.bytes(), 0)
})

test('when the disk runs low, a loan that nobody asks for right now ends', async () => {
  const stage = changing(['a'], { timing: { silenceTimeoutMs: 1000 } })
  const { desk, spool } = stage.actor('a')
  const idle = await lend(stage, 100)
  await stage.pass(600)
  const fetched = await lend(stage, 101)
  await stage.pass(600)
  desk.makeRoom()
  await stage.turns()
  assert.deepEqual([desk.lent('g', idle.id), isWhole(stage, fetched)], [null, true])
  await stage.pass(1000)
  desk.makeRoom()
  await stage.turns()
  assert.equal(spool.bytes(), 0)
})

test('a loan of a group that has left is none', async () => {
  const stage = changing(['a'])
  await lend(stage, 100)
  await lend(stage, 101)
  stage.actor('a').desk.forget('g')
  await stage.turns()
  assert.equal(stage.actor('a').spool.bytes(), 0)
})

test('who asks for a state while one is made waits for it, and has its own if that is too old; a log that was cut meanwhile is no matter', async () => {
  const stage = changing(['a'])
  const craft = stage.actor('a').craft as FakeCraft
  const group = groupOf(stage, 'a')
  const first = lend(stage, 100)
  await stage.turns(1)
  const [second, third] = [lend(stage, 101), lend(stage, 101)]
  Object.assign(group, { applied: 200, start: { index: 150, term: 5 } })
  const all = await Promise.all([first, second, third])
  assert.deepEqual(
    all.map(({ manifest }) => manifest.index),
    [100, 200, 200],
  )
  assert.equal(craft.exports, 2)
  const follower = stage.actor('a').desk.lend(group, 201)
  await assert.rejects(follower, (error: FlotillaError) => error.code === 'UNAVAILABLE', 'what is not applied is in no state')
})

test('a follower has to its end what it began to fetch, however many states are made meanwhile', async () => {
  const stage = changing(['a', 'b'], { bytesPerSecond: 4000 })
  groupOf(stage, 'a').applied = 100
  stage.offer(2)
  await stage.until(() => stage.actor('a').news.some(({ state }) => state === 'offering'))
  for (let index = 101; stage.actor('b').installed.length === 0; index++) {
    assert.ok(index < 200, 'it does not end')
    await lend(stage, index)
    await stage.pass(200)
  }
  assert.deepEqual(valuesOf(stage.actor('b')), contentsAt(100))
  assert.equal(stage.chunkPulls(), 20)
  assert.deepEqual([stage.actor('a').told, stage.actor('b').abandoned], [[], []], 'nothing failed')
})
