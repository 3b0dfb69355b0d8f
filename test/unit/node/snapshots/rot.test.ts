/** Chunks that go bad in the spool of who serves them: they are not given to anybody, and made anew before the receiver has lost more than a moment. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SNAPSHOT_TIMING } from '../../../../src/node/snapshots/group.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { chunkHash } from '../../../../src/wire/manifest.ts'
import { type FakeCraft, fakeCraft } from './fake-craft.ts'
import { hookedSpool } from './hooked-spool.ts'
import type { Stage } from './stage.ts'
import { CHUNKS, catchUp, groupOf, stageOf, valuesOf } from './two-nodes.ts'

/** Within how many milliseconds a receiver must have what was damaged at its source. */
const SOON_MS = 2000

const exportsOf = (stage: Stage): number => (stage.actor('a').craft as FakeCraft).exports

async function exported(stage: Stage): Promise<void> {
  await stage.until(() => stage.actor('a').news.some(({ state }) => state === 'offering'), 1)
}

/** Stages whose craft says which chunks it was asked about, since a receiver looks at each that it is given. */
function watched(): { readonly stage: Stage; readonly wrong: string[] } {
  const wrong: string[] = []
  const stage = stageOf(['a', 'b', 'c'], {
    craft: (name) => {
      const craft = fakeCraft(() => CHUNKS)
      const isChunk: FakeCraft['isChunk'] = (bytes, chunk) => {
        const isIt = craft.isChunk(bytes, chunk)
        if (!isIt) wrong.push(name)
        return isIt
      }
      return new Proxy(craft, { get: (it, key) => (key === 'isChunk' ? isChunk : Reflect.get(it, key)) })
    },
  })
  return { stage, wrong }
}

test('a chunk that rots after the export is not sent; it alone is made anew', async () => {
  const { stage, wrong } = watched()
  stage.offer(2)
  await exported(stage)
  assert.ok((stage.actor('a').spool as MemorySpool).rot('g'))
  await stage.pass(SOON_MS)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.deepEqual(wrong, [])
  assert.equal(exportsOf(stage), 2)
})

test('when the state has gone on meanwhile, the new one is offered', async () => {
  const { stage } = watched()
  stage.offer(2)
  await exported(stage)
  assert.ok((stage.actor('a').spool as MemorySpool).rot('g'))
  groupOf(stage, 'a').applied = 101
  await stage.pass(SOON_MS)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.equal(stage.actor('b').installed[0]?.manifest.index, 101)
})

test('all who fetch a state of which a chunk has rotted are served', async () => {
  const { stage } = watched()
  for (const peer of [2, 3]) stage.offer(peer)
  await exported(stage)
  assert.ok((stage.actor('a').spool as MemorySpool).rot('g'))
  await stage.pass(SOON_MS)
  for (const name of ['b', 'c']) assert.deepEqual(valuesOf(stage.actor(name)), CHUNKS, name)
  assert.equal(exportsOf(stage), 2)
})

test('a chunk that was kept wrong from the beginning is found once a receiver says so, and given once', async () => {
  const { stage, wrong } = watched()
  const [, , third] = CHUNKS as readonly [Uint8Array, Uint8Array, Uint8Array]
  await stage.actor('a').spool.put('g', [{ hash: chunkHash(third), bytes: third.map((byte) => byte ^ 1) }])
  stage.offer(2)
  await stage.pass(SOON_MS)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.deepEqual(wrong, ['b', 'a'])
  assert.equal(exportsOf(stage), 2)
})

test('one whose disk spoils all it keeps makes the state anew so often, and then says that it failed', async () => {
  const spool = hookedSpool()
  const stage = stageOf(['a', 'b'], { spool: (name) => (name === 'a' ? spool : new MemorySpool()) })
  spool.give = () => undefined
  stage.offer(2)
  await stage.until(() => stage.actor('a').told.length > 0)
  assert.deepEqual(stage.actor('a').told, [{ peer: 2, outcome: 'failed' }])
  assert.equal(exportsOf(stage), 1 + SNAPSHOT_TIMING.repeatsMax)
})

test('a member that serves what it received drops what has rotted, and makes no state for it', async () => {
  const { stage, wrong } = watched()
  stage.offer(3)
  await stage.until(() => stage.actor('c').installed.length > 0)
  catchUp(stage, 3)
  await stage.pass(1000)
  assert.ok((stage.actor('c').spool as MemorySpool).rot('g'))
  stage.offer(2)
  await exported(stage)
  await stage.actor('a').spool.sweep('g', () => false) // so that c is asked, too
  await stage.pass(SOON_MS)
  assert.deepEqual(valuesOf(stage.actor('b')), CHUNKS)
  assert.deepEqual(wrong, [])
  assert.equal((stage.actor('c').craft as FakeCraft).exports, 0)
})
