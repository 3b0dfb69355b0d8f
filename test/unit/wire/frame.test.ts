/** The frame: what goes in comes out, and what is no frame is refused with one code. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../../src/base/bytes.ts'
import { decodeFrame, encodeFrame, FRAME_VERSION, HEADER_BYTES_MAX } from '../../../src/wire/frame.ts'
import { isRefused } from './broken-bytes.ts'

test('a header and blobs come out as they went in', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.uint8Array({ maxLength: 50 })), (header, blobs) => {
      const frame = decodeFrame(encodeFrame(header, blobs))
      assert.deepEqual(frame.header, JSON.parse(JSON.stringify(header)))
      assert.deepEqual(frame.blobs, blobs)
    }),
  )
})

test('the bytes are those of the documentation', () => {
  const expected = [0xf1, 1, 0, 0, 0, 2, ...utf8('{}'), 0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 0]
  assert.deepEqual([...encodeFrame({}, [Uint8Array.of(7, 8, 9), new Uint8Array(0)])], expected)
})

test('blobs are views of what was received, at any offset', () => {
  const frame = encodeFrame({}, [Uint8Array.of(1, 2, 3)])
  const shifted = new Uint8Array(frame.length + 5)
  shifted.set(frame, 5)
  const [blob] = decodeFrame(shifted.subarray(5)).blobs
  assert.deepEqual(blob, Uint8Array.of(1, 2, 3))
  assert.equal(blob?.buffer, shifted.buffer)
})

test('another version is refused by name', () => {
  const frame = encodeFrame({})
  frame[1] = FRAME_VERSION + 1
  assert.throws(() => decodeFrame(frame), { code: 'CODEC_INVALID', message: /version 2 is not understood/ })
})

test('what is cut off, turned or made up is refused', () => {
  const frame = encodeFrame({ a: 1 }, [Uint8Array.of(1), Uint8Array.of(2, 3)])
  for (const length of [0, 1, 5, 6, 9, frame.length - 1, frame.length - 3])
    assert(isRefused(decodeFrame, frame.subarray(0, length)))
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => isRefused(decodeFrame, bytes)))
})

test('a header that claims to be large is refused before it is read', () => {
  const frame = encodeFrame('x'.repeat(HEADER_BYTES_MAX + 1))
  assert.throws(() => decodeFrame(frame), { code: 'CODEC_INVALID', message: /does not fit/ })
  const lie = encodeFrame({})
  new DataView(lie.buffer, lie.byteOffset).setUint32(2, 0xffff_ffff)
  assert(isRefused(decodeFrame, lie))
})

test('a header nested beyond reason is a value or a refusal, never a crash', () => {
  const depth = 120_000
  const frame = encodeFrame(0)
  const nested = utf8('['.repeat(depth) + ']'.repeat(depth))
  const whole = new Uint8Array(6 + nested.length)
  whole.set(frame.subarray(0, 6))
  new DataView(whole.buffer).setUint32(2, nested.length)
  whole.set(nested, 6)
  isRefused(decodeFrame, whole)
})
