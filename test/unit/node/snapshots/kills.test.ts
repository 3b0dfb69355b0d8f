/** Either end is killed and comes back, again and again: what was fetched is not fetched again, and it ends. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sameBytes } from '../../../../src/base/bytes.ts'
import { chunkHash } from '../../../../src/wire/manifest.ts'
import { type FakeCraft, fakeCraft, someChunks } from './fake-craft.ts'
import { hookedSpool } from './hooked-spool.ts'
import { CHUNKS, catchUp, groupOf, stageOf, valuesOf } from './two-nodes.ts'

/** Pieces of a transfer that nothing disturbs: the manifest and the chunks. */
const PIECES = CHUNKS.length + 1

test('a receiver killed after each chunk: at most one chunk a kill is fetched twice', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b'], { spool: (name) => (name === 'b' ? spool : hookedSpool()), insists: true })
  let kills = 0
  spool.onPut = () => {
    kills++
    void stage.stop('b')
  }
  stage.offer(2)
  while (stage.actor('b').installed.length === 0) {
    await stage.until(() => !stage.isUp('b') || stage.actor('b').installed.length > 0)
    if (!stage.isUp('b')) stage.start('b')
  }
  assert.equal(kills, 20)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.ok(stage.piecesGiven <= PIECES + kills, `${stage.piecesGiven} pieces for ${kills} kills`)
  assert.equal(stage.pulls.filter(({ what }) => what === 'manifest').length, 1)
})

test('a sender killed after each chunk: at most one chunk a kill is fetched twice', async () => {
  const stage = stageOf(['a', 'b'])
  let kills = 0
  let isDue = false
  const killAfter = hookedSpool()
  killAfter.give = (bytes) => {
    isDue = true
    return bytes
  }
  stage.actors.set('a', { ...stage.actor('a'), spool: killAfter })
  await stage.stop('a')
  stage.start('a')
  stage.offer(2)
  for (;;) {
    await stage.until(() => isDue || stage.actor('b').installed.length > 0, 10)
    if (stage.actor('b').installed.length > 0) break
    isDue = false
    kills++
    await stage.stop('a')
    await stage.pass(100)
    stage.start('a')
  }
  assert.ok(kills >= 10, `only ${kills} kills`)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.ok(stage.piecesGiven <= PIECES + kills, `${stage.piecesGiven} pieces for ${kills} kills`)
  assert.deepEqual(stage.actor('b').abandoned, [])
  assert.equal((stage.actor('a').craft as FakeCraft).exports, 1)
})

test('a leader that comes back offers what it had exported, as long as its log goes on from it', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 2000 })
  stage.offer(2)
  await stage.pass(3000)
  for (const name of ['a', 'b']) await stage.stop(name)
  await stage.pass(100)
  for (const name of ['b', 'a']) stage.start(name)
  groupOf(stage, 'a').applied = 140
  stage.offer(2, 100)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal((stage.actor('a').craft as FakeCraft).exports, 1)
  assert.equal(stage.actor('b').installed[0]?.manifest.index, 100)
  assert.ok(stage.piecesGiven <= PIECES + 4)
})

test('a receiver outlives a source that is away for a while', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(1500)
  await stage.stop('a')
  await stage.pass(20_000)
  assert.deepEqual(stage.actor('b').abandoned, [])
  stage.start('a')
  await stage.until(() => stage.actor('b').installed.length > 0)
})

test('a source that does not come back is given up', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(1500)
  await stage.stop('a')
  await stage.until(() => stage.actor('b').abandoned.length > 0)
  assert.deepEqual(stage.actor('b').abandoned, [100])
  assert.deepEqual(stage.actor('b').desk.progress('g'), [])
})

test('a source that is gone is given up at once when another leads: what that one has must not wait', async () => {
  const stage = stageOf(['a', 'b', 'c'], { bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(1500)
  await stage.stop('a')
  groupOf(stage, 'b').leader = 'c'
  await stage.pass(10_000)
  assert.deepEqual(stage.actor('b').abandoned, [100])
  const kept = CHUNKS.filter((bytes) => stage.actor('b').spool.has('g', chunkHash(bytes)))
  assert.ok(kept.length > 0, 'what is here need not be fetched again')
})

test('a source that is there goes on, whoever leads', async () => {
  const stage = stageOf(['a', 'b', 'c'], { bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(1500)
  groupOf(stage, 'b').leader = 'c'
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(stage.actor('b').abandoned, [])
})

test('when the source dies, another member that holds the same state goes on', async () => {
  const stage = stageOf(['a', 'b', 'c'], { bytesPerSecond: 4000 })
  stage.offer(3)
  await stage.until(() => stage.actor('c').installed.length > 0)
  catchUp(stage, 3)
  stage.offer(2)
  await stage.pass(2000)
  const before = stage.chunkPulls('c')
  await stage.stop('a')
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.ok(stage.chunkPulls('c') > before)
  assert.equal((stage.actor('c').craft as FakeCraft).exports, 0)
})

test('two receivers with half of it each, and no source: each has from the other what it has', async () => {
  const stage = stageOf(['a', 'b', 'c'], { bytesPerSecond: 4000 })
  stage.offer(2)
  stage.offer(3)
  await stage.pass(2500)
  await stage.stop('a')
  const [b, c] = ['b', 'c'].map((name) => new Set(CHUNKS.filter((bytes) => stage.actor(name).spool.has('g', chunkHash(bytes)))))
  await stage.until(() => ['b', 'c'].every((name) => stage.actor(name).abandoned.length > 0))
  for (const name of ['b', 'c'])
    for (const chunk of CHUNKS)
      assert.equal(stage.actor(name).spool.has('g', chunkHash(chunk)), b?.has(chunk) === true || c?.has(chunk) === true)
})

test('after a restart the manifest decides, not the index: another state of the same index is fetched anew', async () => {
  let chunks = [...CHUNKS]
  const stage = stageOf(['a', 'b'], { craft: () => fakeCraft(() => chunks), bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(2000)
  for (const name of ['a', 'b']) await stage.stop(name)
  chunks = [...CHUNKS.slice(0, 3), ...someChunks(17, 5)]
  await stage.actor('a').spool.keepManifest('g', 'outgoing', undefined)
  for (const name of ['b', 'a']) stage.start(name)
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), chunks)
  assert.equal(stage.actor('b').installed[0]?.manifest.index, 100)
})

test('a chunk that went bad while it lay there is found out before the installation, and fetched again', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b'], { spool: (name) => (name === 'b' ? spool : hookedSpool()), bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(2500)
  await stage.stop('b')
  stage.start('b')
  const [first] = CHUNKS as readonly [Uint8Array]
  let isBad = true
  spool.give = (bytes) => (isBad && sameBytes(bytes, first) ? bytes.map((byte) => byte ^ 1) : bytes)
  const sweep = spool.sweep.bind(spool)
  spool.sweep = (group, isKept) => {
    isBad &&= isKept(chunkHash(first))
    return sweep(group, isKept)
  }
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
})

test('a manifest that went bad while it lay there is fetched, or made, again', async () => {
  const stage = stageOf(['a', 'b'], { bytesPerSecond: 4000 })
  stage.offer(2)
  await stage.pass(2000)
  for (const name of ['a', 'b']) await stage.stop(name)
  await stage.actor('a').spool.keepManifest('g', 'outgoing', new Uint8Array(100))
  await stage.actor('b').spool.keepManifest('g', 'incoming', new Uint8Array(100))
  for (const name of ['b', 'a']) stage.start(name)
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.equal((stage.actor('a').craft as FakeCraft).exports, 2)
})
