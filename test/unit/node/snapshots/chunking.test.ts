/** Chunks: nothing is lost, all is cut where the contents say, and a small change changes few of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, utf8 } from '../../../../src/base/bytes.ts'
import { CHUNK_BYTES_MAX } from '../../../../src/base/limits.ts'
import { prng } from '../../../../src/base/prng.ts'
import { ByteChunker, CHUNK_BYTES_MIN, RowChunker } from '../../../../src/node/snapshots/chunking.ts'
import type { EncodedRow } from '../../../../src/node/snapshots/rows.ts'
import { chunkHash } from '../../../../src/wire/manifest.ts'

const RUNS = { numRuns: 50 }

/** Bytes that look like chance, and are made quickly. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = Math.imul(seed, 0x9e3779b1) | 1
  for (let i = 0; i < length; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[i] = state >>> 11
  }
  return bytes
}

/** A row of so many bytes, the same for the same key and seed. */
const row = (key: number, bytes: number, seed = 0): EncodedRow => ({
  key: utf8(`key/${String(key).padStart(8, '0')}`),
  bytes: noise(bytes, key * 31 + seed),
})

function cutRows(rows: readonly EncodedRow[]): Uint8Array[] {
  const chunker = new RowChunker()
  return [...rows.flatMap((one) => chunker.push(one)), ...chunker.end()]
}

/** Cuts bytes given in portions of these lengths, again and again. */
function cutBytes(bytes: Uint8Array, portions: readonly number[] = [bytes.length]): Uint8Array[] {
  const chunker = new ByteChunker()
  const chunks: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = Math.max(1, portions[i % portions.length] as number)
    chunks.push(...chunker.push(bytes.subarray(at, at + length)))
    at += length
  }
  return [...chunks, ...chunker.end()]
}

const names = (chunks: readonly Uint8Array[]): string[] => chunks.map((chunk) => Buffer.from(chunkHash(chunk)).toString('hex'))

/** How many of the chunks are not among those before. */
function changed(before: readonly Uint8Array[], after: readonly Uint8Array[]): number {
  const known = new Set(names(before))
  return names(after).filter((name) => !known.has(name)).length
}

function assertCut(chunks: readonly Uint8Array[], whole: Uint8Array): void {
  assert.ok(Buffer.from(concatBytes(chunks)).equals(whole), 'the chunks are not what was cut')
  for (const [i, { length }] of chunks.entries()) {
    assert.ok(length <= CHUNK_BYTES_MAX, `chunk ${i} has ${length} bytes`)
    assert.ok(length >= CHUNK_BYTES_MIN || i === chunks.length - 1, `chunk ${i} has ${length} bytes`)
  }
}

/** Lengths of rows: mostly small, some as long as a chunk and longer. */
const lengths = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 7, max: 3000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 30_000, max: 70_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 65_530, max: 200_000 }) },
  ),
  { maxLength: 120, size: 'max' },
)

test('chunks of rows put together are the rows, none too large, none but the last too small', () => {
  fc.assert(
    fc.property(lengths, (list) => {
      const rows = list.map((length, i) => row(i, length))
      assertCut(cutRows(rows), concatBytes(rows.map(({ bytes }) => bytes)))
    }),
    RUNS,
  )
})

test('chunks of bytes put together are the bytes, and do not depend on the portions in which they came', () => {
  const portions = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 400_000 }), fc.nat(), portions, (length, seed, sizes) => {
      const { bytes } = row(seed, length)
      const chunks = cutBytes(bytes)
      assertCut(chunks, bytes)
      assert.deepEqual(names(cutBytes(bytes, sizes)), names(chunks))
    }),
    RUNS,
  )
  const { bytes } = row(5, 200_000)
  assert.deepEqual(names(cutBytes(bytes, [1])), names(cutBytes(bytes)))
})

test('chunks have about 40 KiB', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => row(i, 100 + (i % 400)))
  const whole = concatBytes(rows.map(({ bytes }) => bytes))
  for (const chunks of [cutRows(rows), cutBytes(whole)]) {
    const mean = whole.length / chunks.length
    assert.ok(mean > 36_000 && mean < 46_000, `${mean} bytes on average`)
    assert.ok(chunks.filter(({ length }) => length === CHUNK_BYTES_MAX).length < 0.3 * chunks.length)
  }
})

test('a row that is longer than a chunk begins one, and what is behind it is cut as if it were not there', () => {
  const rows = Array.from({ length: 400 }, (_, i) => row(i, 700))
  const long = row(7, 200_000, 1)
  const chunks = cutRows([...rows.slice(0, 200), long, ...rows.slice(200)])
  assert.ok(chunks.some((chunk) => Buffer.from(chunk).equals(long.bytes.subarray(0, CHUNK_BYTES_MAX))))
  assert.ok(changed(cutRows(rows), chunks) <= 8)
})

/** Where a row of a table is changed, taken out or put in. */
const edits = fc.record({
  seed: fc.nat({ max: 1_000_000 }),
  at: fc.integer({ min: 0, max: 1999 }),
  kind: fc.constantFrom('value', 'length', 'remove', 'insert'),
  bytes: fc.integer({ min: 20, max: 3000 }),
})

test('a change of one row changes at most a few chunks of many', () => {
  const shares: number[] = []
  fc.assert(
    fc.property(edits, ({ seed, at, kind, bytes }) => {
      const chance = prng(seed)
      const rows = Array.from({ length: 2000 }, (_, i) => row(10 * i, chance.between(200, 2400), seed))
      const after = [...rows]
      const old = rows[at] as EncodedRow
      if (kind === 'value') after[at] = row(10 * at, old.bytes.length, seed + 1)
      if (kind === 'length') after[at] = row(10 * at, bytes, seed + 1)
      if (kind === 'remove') after.splice(at, 1)
      if (kind === 'insert') after.splice(at, 0, row(10 * at - 5, bytes, seed + 1))
      const before = cutRows(rows)
      assert.ok(before.length > 50)
      const count = changed(before, cutRows(after))
      shares.push(count)
      assert.ok(count <= 15, `${kind}: ${count} of ${before.length}`)
      if (kind === 'value') assert.ok(count <= 1, `a value of the same length: ${count}`)
    }),
    { numRuns: 40 },
  )
  const mean = shares.reduce((sum, count) => sum + count, 0) / shares.length
  assert.ok(mean < 4, `${mean} chunks on average`)
})

test('a few bytes put into a long stream change a few chunks', () => {
  const { bytes } = row(3, 4_000_000)
  const before = cutBytes(bytes)
  for (const at of [0, 5, 1_000_000, 2_345_678, 3_999_999]) {
    const after = concatBytes([bytes.subarray(0, at), utf8('a few bytes more'), bytes.subarray(at)])
    const count = changed(before, cutBytes(after))
    assert.ok(count >= 1 && count <= 8, `at ${at}: ${count} of ${before.length}`)
  }
})

test('where the cuts are is part of the format: they are what they were', () => {
  const rows = Array.from({ length: 1000 }, (_, i) => row(i, 50 + ((i * 37) % 900)))
  const whole = concatBytes(rows.map(({ bytes }) => bytes))
  assert.deepEqual(
    cutRows(rows).map(({ length }) => length),
    [21695, 33090, 65176, 37271, 17620, 64730, 19293, 30936, 31914, 54072, 52914, 37050, 18084, 14355],
  )
  assert.deepEqual(
    cutBytes(whole).map(({ length }) => length),
    [31626, 38197, 35409, 31479, 44494, 23763, 38339, 43796, 61996, 30903, 46883, 65536, 5779],
  )
})
