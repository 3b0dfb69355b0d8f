/** Rows as a stream: they come back as they were, in whatever portions, and what is no such stream is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, concatBytes, utf8 } from '../../../../src/base/bytes.ts'
import { ROW_VALUE_BYTES_MAX } from '../../../../src/base/limits.ts'
import { Pace } from '../../../../src/node/snapshots/pace.ts'
import { decodeRows, encodeRows } from '../../../../src/node/snapshots/rows.ts'
import type { TableSnapshot, TableWrite } from '../../../../src/ports/table.ts'
import { code } from '../../../contract/store-samples.ts'
import { makeTable, shown } from './sample-state.ts'

const FAMILIES = ['write', 'default', 'lock', 'a-b']

async function encoded(view: TableSnapshot, families: readonly string[] = FAMILIES): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const rows of encodeRows(view, families, new Pace())) for (const { bytes } of rows) parts.push(bytes)
  return concatBytes(parts)
}

async function decoded(bytes: Uint8Array, portion = 100_000, families: readonly string[] = FAMILIES): Promise<TableWrite[]> {
  async function* portions(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += portion) yield bytes.subarray(at, at + portion)
  }
  const rows: TableWrite[] = []
  for await (const row of decodeRows(portions(), families, new Pace())) rows.push(row)
  return rows
}

async function encodedOf(writes: readonly TableWrite[]): Promise<Uint8Array> {
  const { table } = await makeTable(writes)
  return encoded(table.snapshot())
}

const row = (family: string, key: string, value: string): TableWrite => ({ family, key: utf8(key), value: utf8(value) })

test('rows come back in order of families and keys, however the stream is divided', async () => {
  const key = fc.uint8Array({ maxLength: 12 })
  const write = fc.record(
    { family: fc.constantFrom(...FAMILIES), key, value: fc.uint8Array({ maxLength: 400 }) },
    { noNullPrototype: true },
  )
  const run = async (writes: readonly TableWrite[], portion: number): Promise<void> => {
    const last = new Map(writes.map((one) => [shown([{ family: one.family, key: one.key }])[0], one]))
    const inOrder = [...last.values()].sort((a, b) =>
      a.family < b.family ? -1 : a.family > b.family ? 1 : compareBytes(a.key, b.key),
    )
    const bytes = await encodedOf(writes)
    assert.deepEqual(shown(await decoded(bytes, portion)), shown(inOrder))
    assert.equal(bytes.length === 0, writes.length === 0)
  }
  await fc.assert(fc.asyncProperty(fc.array(write, { maxLength: 80, size: 'max' }), fc.integer({ min: 1, max: 5000 }), run))
})

test('the same rows are the same bytes, whatever was written before and in which order families are named', async () => {
  const { table } = await makeTable([row('lock', 'x', '1'), row('default', 'b', '0'), row('default', 'c', '3')])
  table.apply(2, [{ family: 'lock', key: utf8('x') }, row('default', 'b', '2'), row('write', 'a', '1')])
  const other = await encodedOf([row('write', 'a', '1'), row('default', 'c', '3'), row('default', 'b', '2')])
  assert.deepEqual(await encoded(table.snapshot()), other)
  assert.deepEqual(await encoded(table.snapshot(), [...FAMILIES].reverse()), other)
  assert.deepEqual(Array.from(other).length, 1 + 9 + 9 + 9 + 7 + 9)
})

test('a row of many megabytes comes back; one that is too long is refused before it is written', async () => {
  const long = { family: 'default', key: utf8('k'), value: new Uint8Array(ROW_VALUE_BYTES_MAX).fill(7) }
  const bytes = await encodedOf([long])
  const [back] = await decoded(bytes, 65_536)
  assert.ok(back?.value && Buffer.from(back.value).equals(long.value))
  const longer = { ...long, value: new Uint8Array(ROW_VALUE_BYTES_MAX + 1) }
  await assert.rejects(encodedOf([longer]), code('TOO_LARGE'))
})

test('a stream that is cut off, or says what cannot be, is refused with CODEC_INVALID', async () => {
  const bytes = await encodedOf([row('default', 'b', '2'), row('default', 'c', '3'), row('write', 'a', '1')])
  const accepted: number[] = []
  for (let length = 1; length <= bytes.length; length++) {
    const isRefused = await decoded(bytes.subarray(0, length)).then(() => false, code('CODEC_INVALID'))
    if (!isRefused) accepted.push(length)
  }
  assert.deepEqual(accepted, [1, 10, 19, 28, 35, 44], 'behind the version, a family or a row')
  const family = [1, 7, ...utf8('default')]
  const b = [2, 0, 1, 0, 0, 0, 1, 98, 50]
  const a = [2, 0, 1, 0, 0, 0, 1, 97, 50]
  const bad: (readonly [string, readonly number[]])[] = [
    ['another version', [2, ...family, ...b]],
    ['a row of no family', [1, ...b]],
    ['something else', [1, ...family, 3]],
    ['keys that are not in order', [1, ...family, ...b, ...a]],
    ['a key twice', [1, ...family, ...b, ...b]],
    ['families that are not in order', [1, 1, 4, ...utf8('lock'), ...a, ...family, ...a]],
    ['a family twice', [1, ...family, ...a, ...family, ...b]],
    ['a key that is too long', [1, ...family, 2, 4, 1, 0, 0, 0, 0]],
    ['a value that is too long', [1, ...family, 2, 0, 1, 1, 0, 0, 1]],
  ]
  for (const [what, numbers] of bad) await assert.rejects(decoded(Uint8Array.from(numbers)), code('CODEC_INVALID'), what)
})

test('a family that the state machine has not is refused', async () => {
  const bytes = await encodedOf([row('a-b', 'a', '1')])
  await assert.rejects(decoded(bytes, 10, ['default']), code('UNKNOWN_FAMILY'))
})

test('no turn of the event loop is taken for long: whoever wants one gets it while rows are read and written', async () => {
  const { table } = await makeTable(Array.from({ length: 20_000 }, (_, i) => row('default', `k${i}`, 'x'.repeat(100))))
  let breaths = 0
  const pace = (): Pace =>
    new Pace(async () => {
      breaths++
    })
  const parts: Uint8Array[] = []
  for await (const rows of encodeRows(table.snapshot(), FAMILIES, pace())) for (const { bytes } of rows) parts.push(bytes)
  assert.ok(breaths > 0)
  const before = breaths
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield concatBytes(parts)
  }
  let count = 0
  for await (const _ of decodeRows(stream(), FAMILIES, pace())) count++
  assert.equal(count, 20_000)
  assert.ok(breaths > before)
})
