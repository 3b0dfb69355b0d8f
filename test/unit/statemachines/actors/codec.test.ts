/** The bytes of actor commands, queries and answers: round trips, and what is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { concatBytes, utf8 } from '../../../../src/base/bytes.ts'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { COMMAND_BYTES_MAX } from '../../../../src/base/limits.ts'
import { decodeCommand, encodeSend, encodeStart, encodeStop } from '../../../../src/statemachines/actors/command.ts'
import { decodeQuery, encodeGet, encodeList } from '../../../../src/statemachines/actors/query.ts'
import {
  decodeActorList,
  decodeResult,
  decodeView,
  encodeActorList,
  encodeResult,
  encodeView,
} from '../../../../src/statemachines/actors/result.ts'
import { refusal } from '../table.ts'

const frame = (kind: number, json: string): Uint8Array => concatBytes([Uint8Array.of(1, kind), utf8(json)])
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

test('commands and queries come back from their bytes', () => {
  assert.deepEqual(decodeCommand(encodeStart('counter', 'a', { limit: 3 })), {
    verb: 'start',
    type: 'counter',
    id: 'a',
    input: { limit: 3 },
  })
  assert.deepEqual(decodeCommand(encodeStart('counter', 'a')), { verb: 'start', type: 'counter', id: 'a' })
  assert.deepEqual(decodeCommand(encodeStart('counter', 'a', null)), { verb: 'start', type: 'counter', id: 'a', input: null })
  assert.deepEqual(decodeCommand(encodeSend('é', { type: 'x', deep: [1, null] })), {
    verb: 'send',
    id: 'é',
    event: { type: 'x', deep: [1, null] },
  })
  assert.deepEqual(decodeCommand(encodeStop('a')), { verb: 'stop', id: 'a' })
  assert.deepEqual(decodeQuery(encodeGet('a')), { verb: 'get', id: 'a' })
  assert.deepEqual(decodeQuery(encodeList()), { verb: 'list' })
  assert.deepEqual(decodeQuery(encodeList({ type: 'counter', after: 'a', limit: 5 })), {
    verb: 'list',
    type: 'counter',
    after: 'a',
    limit: 5,
  })
})

test('the bytes are those of the documentation', () => {
  assert.deepEqual(encodeStart('counter', 'a'), frame(1, '{"type":"counter","id":"a"}'))
  assert.deepEqual(encodeSend('a', { type: 'add' }), frame(2, '{"id":"a","event":{"type":"add"}}'))
  assert.deepEqual(encodeStop('a'), frame(3, '{"id":"a"}'))
  assert.deepEqual(encodeGet('a'), frame(1, '{"id":"a"}'))
  assert.deepEqual(encodeList({ limit: 5 }), frame(2, '{"limit":5}'))
  assert.deepEqual(
    encodeResult({ status: 'active', value: 'x', changed: true }),
    frame(1, '{"status":"active","value":"x","changed":true}'),
  )
})

test('answers come back from their bytes', () => {
  const result = { status: 'done', value: { a: { b: 'c' }, d: {} }, changed: false, output: [1] } as const
  assert.deepEqual(decodeResult(encodeResult(result)), result)
  const view = { type: 't', status: 'active', value: 'x', context: { n: 1 }, index: 9, version: 'v' } as const
  assert.deepEqual(decodeView(encodeView(view)), view)
  const deep = { ...view, context: nested(64) }
  assert.deepEqual(decodeView(encodeView(deep)), deep)
  const list = { actors: [{ id: 'a', type: 't', status: 'active', value: 'x', index: 9 }], next: 'a' } as const
  assert.deepEqual(decodeActorList(encodeActorList(list)), list)
  assert.throws(() => decodeView(encodeResult(result)), refusal('CODEC_INVALID', /kind 1 where 2/))
})

test('what JSON would change or drop is refused before it is sent', () => {
  const cycle: Record<string, unknown> = { type: 'x' }
  cycle.self = cycle
  for (const event of [
    { type: 'x', a: undefined },
    { type: 'x', a: () => 1 },
    { type: 'x', a: Number.NaN },
    { type: 'x', a: new Date(0) },
    { type: 'x', a: nested(64) },
    cycle,
  ]) {
    assert.throws(() => encodeSend('a', event), refusal('COMMAND_INVALID', /only JSON can be sent to an actor/))
  }
  assert.throws(() => encodeStart('t', 'a', { x: undefined }), refusal('COMMAND_INVALID', /input\.x: undefined/))
})

test('events need a type, and none of xstate’s own', () => {
  for (const event of [{}, { type: 1 }, { type: '' }, { type: 'xstate.stop' }, { type: 'xstate.done.actor.x' }]) {
    assert.throws(() => encodeSend('a', event), refusal('COMMAND_INVALID', /event\.type/))
    assert.throws(() => decodeCommand(frame(2, JSON.stringify({ id: 'a', event }))), refusal('COMMAND_INVALID', /event\.type/))
  }
  assert.throws(() => encodeSend('a', []), refusal('COMMAND_INVALID', /event/))
})

test('ids: 1 to 256 bytes of UTF-8', () => {
  decodeCommand(encodeStop('é'.repeat(128)))
  for (const id of ['', 'x'.repeat(257), 'é'.repeat(129), '\ud800']) {
    assert.throws(() => encodeStop(id), refusal('COMMAND_INVALID', /id/))
    assert.throws(() => decodeCommand(frame(3, JSON.stringify({ id }))), refusal('COMMAND_INVALID', /id/))
  }
})

test('damage is refused with a code: version, verb, UTF-8, JSON, size, fields, depth, reserved names, infinity', () => {
  for (const bytes of [
    Uint8Array.of(),
    Uint8Array.of(1),
    Uint8Array.of(2, 3, ...utf8('{"id":"a"}')),
    frame(9, '{"id":"a"}'),
    concatBytes([frame(3, '{"id":"'), Uint8Array.of(0xff), utf8('"}')]),
    Uint8Array.of(1, 3, 0xef, 0xbb, 0xbf, ...utf8('{"id":"a"}')),
    frame(3, '{"id":"a"'),
    frame(3, '{"id":"a","more":1}'),
    frame(3, 'null'),
    frame(2, `{"id":"a","event":{"type":"x","a":${'['.repeat(80)}${']'.repeat(80)}}}`),
    frame(2, '{"id":"a","event":{"type":"x","__proto__":{"y":1}}}'),
    frame(2, '{"id":"a","event":{"type":"x","y":{"xstate$$type":1}}}'),
    frame(2, '{"id":"a","event":{"type":"x","y":1e999}}'),
    frame(1, '{"type":"a b","id":"a"}'),
  ]) {
    assert.throws(() => decodeCommand(bytes), refusal('COMMAND_INVALID'))
  }
  const large = frame(3, ' '.repeat(COMMAND_BYTES_MAX))
  assert.throws(() => decodeCommand(large), refusal('TOO_LARGE'))
  assert.throws(() => encodeSend('a', { type: 'x', text: 'x'.repeat(COMMAND_BYTES_MAX) }), refusal('TOO_LARGE'))
  assert.throws(() => encodeList({ limit: 1001 }), refusal('COMMAND_INVALID', /limit/))
  assert.throws(() => decodeQuery(frame(3, '{}')), refusal('COMMAND_INVALID', /unknown query 3/))
})

test('any bytes decode or are refused with a code', () => {
  const readers = [decodeCommand, decodeQuery, decodeResult, decodeView, decodeActorList]
  const json = fc.tuple(fc.nat(4), fc.json({ maxDepth: 4 })).map(([kind, text]) => frame(kind, text))
  const near = fc.record(
    { id: fc.jsonValue(), event: fc.jsonValue(), type: fc.jsonValue(), value: fc.jsonValue() },
    { requiredKeys: [] },
  )
  const shaped = fc.tuple(fc.nat(4), near).map(([kind, value]) => frame(kind, JSON.stringify(value)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), json, shaped), (bytes) => {
      for (const read of readers) {
        try {
          read(bytes)
        } catch (error) {
          assert.ok(
            error instanceof FlotillaError && ['COMMAND_INVALID', 'CODEC_INVALID', 'TOO_LARGE'].includes(error.code),
            String(error),
          )
        }
      }
    }),
    { numRuns: 1000 },
  )
})
