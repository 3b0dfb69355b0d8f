/** How much of a snapshot is asked for, answered, on its way and in memory at a time, and what is made of answers that are not all right. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SNAPSHOT_ANSWERS_MAX, SNAPSHOT_CHUNKS_ASKED_MAX, SNAPSHOT_PULLS_MAX } from '../../../../src/base/limits.ts'
import { chunkHash } from '../../../../src/wire/manifest.ts'
import { fakeCraft, someChunks } from './fake-craft.ts'
import { hookedSpool } from './hooked-spool.ts'
import type { Stage } from './stage.ts'
import { catchUp, stageOf, valuesOf } from './two-nodes.ts'

const MANY = someChunks(500)

const manyOf = (options: Parameters<typeof stageOf>[1] = {}): Stage =>
  stageOf(['a', 'b'], { craft: () => fakeCraft(() => MANY), ...options })

const chunksHere = (stage: Stage, name = 'b'): number =>
  MANY.filter((bytes) => stage.actor(name).spool.has('g', chunkHash(bytes))).length

test('one chunk is asked for at first, then more at a time, and never more than sixteen', async () => {
  const stage = manyOf()
  stage.offer(2)
  await stage.until(() => stage.asks.length === 1)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(stage.asks.slice(0, 3), [1, 2, 2])
  assert.deepEqual(valuesOf(stage.actor('b')), MANY)
  assert.equal(Math.max(...stage.asks), SNAPSHOT_CHUNKS_ASKED_MAX)
  assert.equal(stage.chunkPulls(), MANY.length) // no chunk twice
})

test('at most four pulls are on their way', async () => {
  let answers = 0
  const stage = manyOf({
    loses: ({ subject, to }) => subject.startsWith('_INBOX.b') && to === 'b' && ++answers > 20,
    timing: { pullTimeoutMs: 60_000 },
  })
  stage.offer(2)
  await stage.until(() => answers > 20, 1)
  await stage.turns()
  assert.equal(stage.asks.length, 19 + SNAPSHOT_PULLS_MAX) // and the manifest
})

test('a receiver that cannot keep what comes stops asking', async () => {
  const spool = hookedSpool()
  const stage = manyOf({ spool: (name) => (name === 'b' ? spool : hookedSpool()) })
  stage.offer(2)
  await stage.until(() => chunksHere(stage) > 150, 1)
  let go = (): void => {}
  spool.until = new Promise<void>((resolve) => {
    go = resolve
  })
  await stage.turns(100)
  const [asks, here] = [stage.asks.length, chunksHere(stage)]
  const unkept = stage.chunkPulls() - here
  assert.ok(unkept > 0 && unkept <= SNAPSHOT_ANSWERS_MAX * SNAPSHOT_CHUNKS_ASKED_MAX, `${unkept} chunks are not kept`)
  assert.ok(here + unkept < MANY.length)
  await stage.turns(100)
  assert.equal(stage.asks.length, asks)
  spool.until = null
  go()
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.equal(stage.chunkPulls(), MANY.length)
})

test('what comes while chunks are being kept is kept together', async () => {
  const spool = hookedSpool()
  const stage = manyOf({ spool: (name) => (name === 'b' ? spool : hookedSpool()) })
  let puts = 0
  spool.onPut = () => {
    puts++
    spool.until = stage.turns(20)
  }
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.ok(puts * 3 < stage.asks.length * 2, `${puts} transactions for ${stage.asks.length} answers`)
})

test('an answer has as many chunks as fit, and the others are asked for again', async () => {
  const large = someChunks(60, 0, 60_000)
  const stage = stageOf(['a', 'b'], { craft: () => fakeCraft(() => large) })
  const answers: number[] = []
  stage.hub.connect('listening').subscribe('_INBOX.>', ({ data }) => {
    answers.push(data.length)
  })
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), large)
  assert.equal(stage.piecesGiven, 60 + 1)
  assert.ok(stage.chunkPulls() > 60)
  const longest = Math.max(...answers)
  assert.ok(longest > 4 * 60_000 && longest < 256 * 1024, `${longest} bytes`)
})

test('with a rate to hold, no more is asked for at a time than may pass', async () => {
  const stage = manyOf({ bytesPerSecond: 20_000 })
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.ok(Math.max(...stage.asks) <= 6, `${Math.max(...stage.asks)} chunks at a time`)
  assert.ok(stage.clock.now() > 24_000 && stage.clock.now() < 30_000, `${stage.clock.now()} ms`)
})

test('of an answer with a wrong chunk, those before it are kept', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b', 'c'], {
    craft: () => fakeCraft(() => MANY),
    spool: (name) => (name === 'a' ? spool : hookedSpool()),
  })
  stage.offer(3)
  await stage.until(() => stage.actor('c').installed.length > 0)
  catchUp(stage, 3)
  const asksBefore = stage.asks.length
  let given = 0
  spool.give = (bytes) => (++given % 100 === 0 ? bytes.map((byte) => byte ^ 255) : bytes)
  stage.offer(2)
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), MANY)
  const asked = stage.asks.slice(asksBefore).reduce((sum, count) => sum + count, 0)
  assert.ok(asked < MANY.length + 6 * SNAPSHOT_CHUNKS_ASKED_MAX, `${asked} chunks asked for`)
})

test('a chunk that a source has no more is had from another, without the others of the same answer', async () => {
  const stage = stageOf(['a', 'b', 'c'], { craft: () => fakeCraft(() => MANY) })
  stage.offer(3)
  await stage.until(() => stage.actor('c').installed.length > 0)
  catchUp(stage, 3)
  const lost = new Set(MANY.filter((_, i) => i % 50 === 25).map((bytes) => Buffer.from(chunkHash(bytes)).toString('hex')))
  stage.offer(2)
  await stage.until(() => chunksHere(stage) > 10, 1)
  await stage.actor('a').spool.sweep('g', (hash) => !lost.has(Buffer.from(hash).toString('hex')))
  await stage.until(() => stage.actor('b').installed.length > 0)
  assert.deepEqual(valuesOf(stage.actor('b')), MANY)
  assert.ok(stage.chunkPulls('c') > 0)
})
