/** The bytes of key-value answers. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EMPTY, utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import type { Row } from '../../../../src/ports/table.ts'
import {
  decodeCompareAndSetResult,
  decodeDone,
  decodeGetResult,
  decodeScanResult,
  encodeCompareAndSetResult,
  encodeDone,
  encodeGetResult,
  encodeScanResult,
} from '../../../../src/statemachines/kv/result.ts'
import { refusal } from '../table.ts'

const bytes = fc.uint8Array({ maxLength: 30 })

test('every answer comes back from its bytes', () => {
  decodeDone(encodeDone())
  for (const result of [
    { swapped: true },
    { swapped: false },
    { swapped: false, current: EMPTY },
    { swapped: false, current: utf8('x') },
  ] as const) {
    assert.deepEqual(decodeCompareAndSetResult(encodeCompareAndSetResult(result)), result)
  }
  for (const value of [undefined, EMPTY, utf8('x')]) assert.deepEqual(decodeGetResult(encodeGetResult(value)), value)
  const rows = fc.array(fc.tuple(bytes, bytes), { maxLength: 5 }) as fc.Arbitrary<Row[]>
  fc.assert(
    fc.property(fc.record({ rows, next: bytes }, { requiredKeys: ['rows'], noNullPrototype: true }), (result) => {
      assert.deepEqual(decodeScanResult(encodeScanResult(result)), result)
    }),
  )
})

test('the bytes are those of the documentation', () => {
  const hex = (given: Uint8Array) => Buffer.from(given).toString('hex')
  assert.equal(hex(encodeDone()), '0101')
  assert.equal(hex(encodeCompareAndSetResult({ swapped: true })), '010201')
  assert.equal(hex(encodeCompareAndSetResult({ swapped: false, current: utf8('v') })), '0102020000000176')
  assert.equal(hex(encodeGetResult(undefined)), '010300')
  assert.equal(hex(encodeGetResult(utf8('v'))), '0103020000000176')
  assert.equal(hex(encodeScanResult({ rows: [[utf8('k'), utf8('v')]], next: utf8('l') })), '01040200016c000100016b0000000176')
})

test('an answer of another kind, damaged or cut off, is refused with CODEC_INVALID', () => {
  const readers = [decodeDone, decodeCompareAndSetResult, decodeGetResult, decodeScanResult]
  assert.throws(() => decodeGetResult(encodeDone()), refusal('CODEC_INVALID', /kind 1 where 3/))
  assert.throws(
    () => decodeCompareAndSetResult(Uint8Array.of(1, 2, 3, 0, 0, 0, 0)),
    refusal('CODEC_INVALID', /swapped and refused/),
  )
  assert.throws(() => decodeScanResult(Uint8Array.of(1, 4, 0, 0xff, 0xff)), refusal('CODEC_INVALID'))
  const shaped = fc.tuple(fc.nat(5), fc.uint8Array({ maxLength: 40 })).map(([kind, rest]) => Uint8Array.of(1, kind, ...rest))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), shaped), (given) => {
      for (const read of readers) {
        try {
          read(given)
        } catch (error) {
          assert.ok(error instanceof FlotillaError && error.code === 'CODEC_INVALID', String(error))
        }
      }
    }),
    { numRuns: 1000 },
  )
})
