/** Chunks and the disk they are kept on: what does not fit beside its reserve is not written, and not made again before it would fit. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { boundedSpool } from '../../../../src/node/snapshots/bounded-spool.ts'
import { SNAPSHOT_CRAFT } from '../../../../src/node/snapshots/craft.ts'
import { Exports } from '../../../../src/node/snapshots/exports.ts'
import { Library } from '../../../../src/node/snapshots/library.ts'
import { Loans } from '../../../../src/node/snapshots/loans.ts'
import { silent } from '../../../../src/ports/logger.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { GROUP, makeTable, rowsOf } from './sample-state.ts'
import { fakeGroup } from './stage.ts'

/** A disk with so many bytes for chunks, and exports of a group of some hundred KiB. */
async function bench(free: number) {
  const { table } = await makeTable(rowsOf(1500))
  const disk = { free, written: 0 }
  const chunks = new MemorySpool()
  const fitsBeside = (bytes: number): boolean => bytes <= disk.free - chunks.bytes()
  const spool = boundedSpool(chunks, {
    fitsBeside,
    took: (bytes) => {
      disk.written += bytes
    },
  })
  const loans = new Loans({ now: () => 0 }, 1000)
  const library = new Library(spool, SNAPSHOT_CRAFT, (name) => loans.of(name))
  const breathe = () => nextTurn()
  const exports = new Exports({ spool, craft: SNAPSHOT_CRAFT, library, loans, logger: silent, breathe, fitsBeside })
  const group = { ...fakeGroup(GROUP), table }
  return {
    disk,
    chunks,
    table,
    loans,
    stateOf: (least = 1) =>
      exports.stateOf({ ...group, snapshot: { context: { log: { termAt: () => 1 }, followers: new Map() } } }, least),
  }
}

test('a state that does not fit beside the reserve is refused before the disk is full, and leaves nothing behind', async () => {
  const { disk, chunks, stateOf } = await bench(50_000)
  await assert.rejects(stateOf(), { code: 'STORAGE_FULL', retryable: true })
  assert.equal(chunks.bytes(), 0)
  assert.ok(disk.written <= 50_000, `${disk.written} bytes were written`)
})

test('it is not made again before so much is free as it had when it was given up; then it is', async () => {
  const { disk, chunks, stateOf } = await bench(50_000)
  await assert.rejects(stateOf(), { code: 'STORAGE_FULL' })
  disk.written = 0
  await assert.rejects(stateOf(), { code: 'STORAGE_FULL' })
  assert.equal(disk.written, 0)
  disk.free = 10_000_000
  await stateOf()
  assert.ok(disk.written > 50_000 && chunks.bytes() > 50_000)
})

test('what is lent makes room for another state, where there is not enough for both', async () => {
  const { disk, chunks, table, loans, stateOf } = await bench(10_000_000)
  const first = await stateOf()
  loans.lend(GROUP, first)
  table.apply(2, rowsOf(1500, 200, 7))
  await stateOf(2)
  assert.ok(first.manifest.chunks.every(({ hash }) => chunks.has(GROUP, hash)))
  table.apply(3, rowsOf(1500, 200, 8))
  disk.free = 1.25 * chunks.bytes() // for two and a half
  assert.equal((await stateOf(3)).manifest.index, 3)
  assert.deepEqual(loans.of(GROUP), [])
})
