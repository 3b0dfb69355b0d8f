/** Byte strings. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, concatBytes, sameBytes, text, toBytes, utf8 } from '../../../src/base/bytes.ts'

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
