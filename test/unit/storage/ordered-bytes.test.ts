/** Rows in memory, in byte order. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromBinary, OrderedBytes, toBinary } from '../../../src/storage/ordered-bytes.ts'
import { termRuns } from '../../../src/storage/term-runs.ts'
import { code } from '../../contract/store-samples.ts'

const cell = Uint8Array.from([1, 2, 3])

test('bytes and binary strings are one another', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
  assert.deepEqual(fromBinary(toBinary(bytes)), bytes)
  assert.equal(toBinary(bytes.subarray(65, 67)), 'AB')
})

test('keys stay in order through sets, removals and setting again', () => {
  const rows = new OrderedBytes()
  for (const key of ['b', 'd', 'a']) rows.set(key, cell)
  assert.deepEqual(rows.sorted(), ['a', 'b', 'd'])
  rows.remove('b')
  rows.set('c', null)
  assert.deepEqual(rows.sorted(), ['a', 'c', 'd'])
  rows.remove('a')
  rows.set('a', cell)
  assert.deepEqual(rows.sorted(), ['a', 'c', 'd'])
  assert.deepEqual(
    Array.from(rows.slice('a', 'd', true), ([key]) => key),
    ['c', 'a'],
  )
})

test('bytes are those of keys and values, through overwriting and removal', () => {
  const rows = new OrderedBytes()
  rows.set('key', cell)
  rows.set('key', Uint8Array.of(1))
  assert.equal(rows.bytes, 4)
  rows.set('key', null)
  assert.equal(rows.bytes, 3)
  rows.set('key', cell)
  assert.equal(new OrderedBytes(rows).bytes, 6)
  rows.remove('key')
  assert.deepEqual([rows.bytes, rows.size], [0, 0])
})

test('runs are found by reading few entries, and a term that falls is damage', () => {
  const terms = [...Array<number>(5000).fill(1), ...Array<number>(5000).fill(2)]
  let reads = 0
  const runs = termRuns(1, terms.length, (index) => {
    reads++
    return terms[index - 1] as number
  })
  assert.deepEqual(runs, [
    { from: 1, term: 1 },
    { from: 5001, term: 2 },
  ])
  assert.ok(reads < 80, `${reads} reads`)
  assert.throws(() => termRuns(1, 3, (index) => [2, 1, 1][index - 1] as number), code('STORE_DAMAGED'))
})
