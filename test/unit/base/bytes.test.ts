/** Byte strings. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  compareBytes,
  concatBytes,
  copyBytes,
  newBytes,
  sameBytes,
  text,
  toBytes,
  utf8,
  writeU16,
  writeU32,
} from '../../../src/base/bytes.ts'

const bytes = fc.uint8Array({ maxLength: 12 })

test('the order is that of Buffer.compare, which is that of memcmp', () => {
  fc.assert(fc.property(bytes, bytes, (a, b) => Math.sign(compareBytes(a, b)) === Buffer.compare(a, b)))
})

test('only equal strings are the same', () => {
  fc.assert(fc.property(bytes, bytes, (a, b) => sameBytes(a, b) === (Buffer.compare(a, b) === 0)))
  assert.ok(sameBytes(utf8('abc'), utf8('abc')))
  assert.ok(!sameBytes(utf8('abc'), utf8('abcd')))
})

test('joining is what Buffer.concat does', () => {
  fc.assert(fc.property(fc.array(bytes), (parts) => sameBytes(concatBytes(parts), Buffer.concat(parts))))
})

test('text survives UTF-8, whatever its letters', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (word) => text(utf8(word)) === word))
  assert.equal(text(new Uint8Array([0xff, 0x61])), '\ufffda')
})

test('bytes are taken as they are, strings as UTF-8', () => {
  const given = new Uint8Array([1, 2])
  assert.equal(toBytes(given), given)
  assert.deepEqual(toBytes('é'), new Uint8Array([0xc3, 0xa9]))
})

test('what only looks like bytes is refused', () => {
  const given = [undefined, null, 7, {}, [1, 2], { length: 2, 0: 1, 1: 2 }, new Uint16Array(2), new ArrayBuffer(2)] as never[]
  for (const value of given) assert.throws(() => toBytes(value), { code: 'COMMAND_INVALID', message: /Uint8Array/ })
  const buffer = Buffer.from('é')
  assert.equal(toBytes(buffer), buffer)
})

test('new bytes are zeros and nobody else writes them, whatever their size', () => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.integer({ min: 4000, max: 9000 })), { maxLength: 60 })
  fc.assert(
    fc.property(sizes, (lengths) => {
      const all = lengths.map((length) => newBytes(length))
      const zeros = all.every((one, i) => one.length === lengths[i] && one.every((byte) => byte === 0))
      for (const [i, one] of all.entries()) one.fill(i + 1)
      return zeros && all.every((one, i) => one.every((byte) => byte === i + 1))
    }),
  )
})

test('the array that new bytes share cannot be taken away', () => {
  let [one, other] = [newBytes(3), newBytes(3)]
  if (one.buffer !== other.buffer) [one, other] = [other, newBytes(3)] // a new array began between them
  assert.equal(one.buffer, other.buffer)
  try {
    structuredClone(one, { transfer: [one.buffer as ArrayBuffer] })
  } catch {
    // later versions of Node refuse it, earlier ones copy
  }
  assert.equal(other.length, 3)
})

test('a copy is not moved by what becomes of its original, also of a Buffer', () => {
  for (const original of [utf8('word'), Buffer.from('word'), new Uint8Array(5000)]) {
    const copy = copyBytes(original)
    const before = [...original]
    original.fill(0xee)
    assert.notEqual(original[0], before[0])
    assert.deepEqual([...copy], before)
    assert.equal(copy.constructor, Uint8Array)
  }
})

test('numbers are written as a DataView writes them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xffff_ffff }), (small, large) => {
      const bytes = newBytes(8)
      writeU16(bytes, 1, small)
      writeU32(bytes, 4, large)
      const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
      return view.getUint16(1) === small && view.getUint32(4) === large && bytes[0] === 0 && bytes[3] === 0
    }),
  )
})

test('text that UTF-8 cannot hold is refused: two strings must not become the same bytes', () => {
  for (const half of ['\ud800', 'x\udc00', '\udc00\ud800']) assert.throws(() => toBytes(half), { code: 'COMMAND_INVALID' })
  assert.deepEqual(toBytes('\ud83d\ude00'), utf8('😀'))
})
