/** The bytes of key-value commands: round trips, documented examples, and what is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EMPTY, utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { BATCH_OPERATIONS_MAX, COMMAND_BYTES_MAX, KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../../src/base/limits.ts'
import {
  decodeCommand,
  encodeBatch,
  encodeCommand,
  encodeCompareAndSet,
  encodeDelete,
  encodePut,
  type KvCommand,
  type Put,
} from '../../../../src/statemachines/kv/command.ts'
import { refusal } from '../table.ts'

const family = fc.constantFrom('default', 'lock', 'write', 'a-b_9')
const key = fc.uint8Array({ minLength: 1, maxLength: 40 })
const value = fc.uint8Array({ maxLength: 60 })
const put = fc.record({ op: fc.constant('put' as const), family, key, value }, { noNullPrototype: true })
const remove = fc.record({ op: fc.constant('delete' as const), family, key }, { noNullPrototype: true })
const compareAndSet = fc.record(
  { op: fc.constant('compareAndSet' as const), family, key, expected: value, replacement: value },
  { requiredKeys: ['op', 'family', 'key'], noNullPrototype: true },
) as fc.Arbitrary<KvCommand>
const operations = fc.array(fc.oneof(put, remove), { minLength: 1, maxLength: 8 })
const batch = operations.map((some) => ({ op: 'batch' as const, operations: some }))
const command: fc.Arbitrary<KvCommand> = fc.oneof(put, remove, compareAndSet, batch)

test('every command comes back from its bytes', () => {
  fc.assert(fc.property(command, (given) => assert.deepEqual(decodeCommand(encodeCommand(given)), given)))
})

test('the bytes are those of the documentation', () => {
  assert.equal(Buffer.from(encodePut('default', utf8('k'), utf8('v'))).toString('hex'), '01010764656661756c7400016b0000000176')
  assert.equal(Buffer.from(encodeDelete('lock', utf8('k'))).toString('hex'), '0102046c6f636b00016b')
  const swap = encodeCompareAndSet({ family: 'lock', key: utf8('k'), expected: utf8('a'), replacement: EMPTY })
  assert.equal(Buffer.from(swap).toString('hex'), '0103046c6f636b00016b03000000016100000000')
  const two = encodeBatch([
    { op: 'put', family: 'lock', key: utf8('k'), value: utf8('v') },
    { op: 'delete', family: 'write', key: utf8('k') },
  ])
  assert.equal(Buffer.from(two).toString('hex'), '0104000201046c6f636b00016b00000001760205777269746500016b')
})

test('a batch of large values comes back from its bytes', () => {
  const large: Put[] = [1, 2, 3].map((fill) => ({
    op: 'put',
    family: 'lock',
    key: utf8('k'),
    value: new Uint8Array(50_000).fill(fill),
  }))
  assert.deepEqual(decodeCommand(encodeBatch(large)), { op: 'batch', operations: large })
})

test('a missing value and an empty value are two things', () => {
  const absent = decodeCommand(encodeCompareAndSet({ family: 'lock', key: utf8('k') }))
  const empty = decodeCommand(encodeCompareAndSet({ family: 'lock', key: utf8('k'), expected: EMPTY, replacement: EMPTY }))
  assert.ok(!('expected' in absent) && !('replacement' in absent))
  assert.ok('expected' in empty && 'replacement' in empty)
})

test('any bytes decode or are refused with a code; a prefix of a command never decodes', () => {
  const decodesOrRefuses = (bytes: Uint8Array) => {
    try {
      decodeCommand(bytes)
      return true
    } catch (error) {
      assert.ok(error instanceof FlotillaError && ['COMMAND_INVALID', 'TOO_LARGE'].includes(error.code), String(error))
      return false
    }
  }
  const shaped = fc.tuple(fc.nat(5), fc.uint8Array({ maxLength: 60 })).map(([op, rest]) => Uint8Array.of(1, op, ...rest))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), shaped), (bytes) => void decodesOrRefuses(bytes)),
    { numRuns: 2000 },
  )
  fc.assert(
    fc.property(command, fc.nat(), (given, cut) => {
      const bytes = encodeCommand(given)
      assert.equal(decodesOrRefuses(bytes.subarray(0, cut % bytes.length)), false)
    }),
  )
  fc.assert(
    fc.property(command, fc.nat(), fc.nat(255), (given, at, byte) => {
      const bytes = encodeCommand(given).slice()
      bytes[at % bytes.length] = byte
      decodesOrRefuses(bytes)
    }),
    { numRuns: 1000 },
  )
})

test('limits: the largest of each passes, one more is refused, when written and when read', () => {
  const write = (keyBytes: number, valueBytes: number) =>
    encodePut('default', new Uint8Array(keyBytes), new Uint8Array(valueBytes))
  decodeCommand(write(KEY_BYTES_MAX, VALUE_BYTES_MAX))
  assert.throws(() => write(0, 1), refusal('COMMAND_INVALID', /at least one byte/))
  assert.throws(() => write(KEY_BYTES_MAX + 1, 1), refusal('TOO_LARGE', /key of 1025 bytes/))
  assert.throws(() => write(1, VALUE_BYTES_MAX + 1), refusal('TOO_LARGE', /value of/))
  const half = new Uint8Array(VALUE_BYTES_MAX)
  assert.throws(
    () => encodeCompareAndSet({ family: 'lock', key: utf8('k'), expected: half, replacement: half }),
    refusal('TOO_LARGE', /command/),
  )
  assert.throws(() => decodeCommand(new Uint8Array(COMMAND_BYTES_MAX + 1)), refusal('TOO_LARGE', /command/))
  const longKey = Uint8Array.of(1, 2, 1, 0x61, 4, 1, ...new Uint8Array(KEY_BYTES_MAX + 1))
  assert.throws(() => decodeCommand(longKey), refusal('TOO_LARGE', /key of 1025/))
  const noKey = Uint8Array.of(1, 2, 1, 0x61, 0, 0)
  assert.throws(() => decodeCommand(noKey), refusal('COMMAND_INVALID', /at least one byte/))
})

test('a batch has 1 to 1024 operations, and no batches in it', () => {
  const one: Put = { op: 'put', family: 'lock', key: utf8('k'), value: EMPTY }
  decodeCommand(encodeBatch(new Array<Put>(BATCH_OPERATIONS_MAX).fill(one)))
  assert.throws(() => encodeBatch([]), refusal('COMMAND_INVALID', /at least one operation/))
  assert.throws(() => encodeBatch(new Array<Put>(BATCH_OPERATIONS_MAX + 1).fill(one)), refusal('TOO_LARGE', /1025 operations/))
  assert.throws(() => decodeCommand(Uint8Array.of(1, 4, 0, 0)), refusal('COMMAND_INVALID', /at least one operation/))
  assert.throws(() => decodeCommand(Uint8Array.of(1, 4, 0xff, 0xff)), refusal('TOO_LARGE', /65535 operations/))
  assert.throws(() => decodeCommand(Uint8Array.of(1, 4, 0, 1, 4, 0, 1)), refusal('COMMAND_INVALID', /unknown operation 4/))
})

test('a family that cannot be a name is refused before it is sent', () => {
  for (const name of ['', 'A', 'a b', 'é', 'x'.repeat(64)]) {
    assert.throws(() => encodeDelete(name, utf8('k')), refusal('COMMAND_INVALID', /no family name/))
  }
})
