/** Reading and writing fields of bytes, never out of bounds. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../../../src/statemachines/kv/layout.ts'
import { refusal } from '../table.ts'

test('fields come back as they were written, however small the first guess of the size', () => {
  const bytes = fc.uint8Array({ maxLength: 300, size: 'max' })
  fc.assert(
    fc.property(fc.tuple(fc.nat(255), fc.nat(0xffff), fc.nat(0xffffffff), bytes, bytes), ([a, b, c, short, long]) => {
      const written = new ByteWriter(0).u8(a).u16(b).u32(c).family('x-1').short(short).long(long).finish()
      const reader = new ByteReader(written, 'CODEC_INVALID')
      assert.deepEqual([reader.u8(), reader.u16(), reader.u32(), reader.family()], [a, b, c, 'x-1'])
      assert.deepEqual(reader.short(), short)
      assert.deepEqual(reader.long(), long)
      reader.end()
    }),
  )
})

test('numbers are big-endian, lengths stand before bytes', () => {
  const written = new ByteWriter(0)
    .u16(0x0102)
    .u32(0x03040506)
    .family('ab')
    .short(Uint8Array.of(9))
    .long(Uint8Array.of(8))
    .finish()
  assert.deepEqual([...written], [1, 2, 3, 4, 5, 6, 2, 0x61, 0x62, 0, 1, 9, 0, 0, 0, 1, 8])
})

test('a reader of a view sees nothing outside of it', () => {
  const whole = Uint8Array.of(7, 7, 0, 1, 42, 7, 7)
  const reader = new ByteReader(whole.subarray(2, 5), 'CODEC_INVALID')
  assert.deepEqual([...reader.short()], [42])
  assert.throws(() => reader.u8(), refusal('CODEC_INVALID', /1 bytes wanted, 0 left/))
})

test('a length above what is left is refused before anything is allocated', () => {
  const reader = new ByteReader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1), 'COMMAND_INVALID')
  assert.throws(() => reader.long(), refusal('COMMAND_INVALID', /4294967295 bytes wanted, 1 left/))
})

test('unknown flags, other versions, bad families and bytes too many are refused', () => {
  const reader = (...bytes: number[]) => new ByteReader(Uint8Array.of(...bytes), 'COMMAND_INVALID')
  assert.throws(() => reader(4).flags(3), refusal('COMMAND_INVALID', /unknown flags 4/))
  assert.throws(() => reader(2).version(), refusal('COMMAND_INVALID', /version 2/))
  assert.throws(() => reader(1, 0x41).family(), refusal('COMMAND_INVALID', /not a family name/))
  assert.throws(() => reader(64).family(), refusal('COMMAND_INVALID', /family name of 64 bytes/))
  assert.throws(() => reader(0).end(), refusal('COMMAND_INVALID', /1 bytes too many/))
})
