/** The bytes of key-value queries. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareBytes, utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { KEY_BYTES_MAX, SCAN_ROWS_MAX } from '../../../../src/base/limits.ts'
import { decodeQuery, encodeGet, encodeScan, prefixRange } from '../../../../src/statemachines/kv/query.ts'
import { refusal } from '../table.ts'

const bound = fc.uint8Array({ maxLength: 30 })

test('get and scan come back from their bytes', () => {
  assert.deepEqual(decodeQuery(encodeGet('lock', utf8('k'))), { op: 'get', family: 'lock', key: utf8('k') })
  const scans = fc.record(
    {
      family: fc.constantFrom('default', 'lock'),
      from: bound,
      to: bound,
      limit: fc.integer({ min: 1, max: SCAN_ROWS_MAX }),
      reverse: fc.boolean(),
    },
    { requiredKeys: ['family', 'limit', 'reverse'], noNullPrototype: true },
  )
  fc.assert(fc.property(scans, (scan) => assert.deepEqual(decodeQuery(encodeScan(scan)), { op: 'scan', ...scan })))
  assert.deepEqual(decodeQuery(encodeScan({ family: 'lock' })), {
    op: 'scan',
    family: 'lock',
    limit: SCAN_ROWS_MAX,
    reverse: false,
  })
})

test('the bytes are those of the documentation', () => {
  assert.equal(Buffer.from(encodeGet('lock', utf8('k'))).toString('hex'), '0101046c6f636b00016b')
  const scan = encodeScan({ family: 'lock', from: utf8('a'), to: utf8('b'), limit: 10, reverse: true })
  assert.equal(Buffer.from(scan).toString('hex'), '0102046c6f636b07000161000162000a')
})

test('any bytes decode or are refused with a code', () => {
  const shaped = fc.tuple(fc.nat(3), fc.uint8Array({ maxLength: 40 })).map(([op, rest]) => Uint8Array.of(1, op, ...rest))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), shaped), (bytes) => {
      try {
        decodeQuery(bytes)
      } catch (error) {
        assert.ok(error instanceof FlotillaError && ['COMMAND_INVALID', 'TOO_LARGE'].includes(error.code), String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('a limit is 1 to 1000, a bound at most as long as a key, a key not empty', () => {
  for (const limit of [0, -1, 1.5, SCAN_ROWS_MAX + 1]) {
    assert.throws(() => encodeScan({ family: 'lock', limit }), refusal('COMMAND_INVALID', /1 to 1000 rows/))
  }
  assert.throws(() => decodeQuery(Uint8Array.of(1, 2, 1, 0x61, 0, 0, 0)), refusal('COMMAND_INVALID', /1 to 1000 rows/))
  assert.throws(() => encodeScan({ family: 'lock', to: new Uint8Array(KEY_BYTES_MAX + 1) }), refusal('TOO_LARGE', /key of 1025/))
  assert.throws(() => encodeGet('lock', new Uint8Array(0)), refusal('COMMAND_INVALID', /at least one byte/))
})

test('the range of a prefix holds exactly the keys that begin with it', () => {
  const near = fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 4 }).map((bytes) => Uint8Array.from(bytes))
  fc.assert(
    fc.property(near, near, (prefix, key) => {
      const { from, to } = prefixRange(prefix)
      const inside = (!from || compareBytes(key, from) >= 0) && (!to || compareBytes(key, to) < 0)
      const begins = prefix.every((byte, i) => key[i] === byte)
      assert.equal(inside, begins)
    }),
    { numRuns: 2000 },
  )
})
