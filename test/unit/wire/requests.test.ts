/** Requests, answers, log pages and hints: there and back, and one code for everything else. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { encodeFrame } from '../../../src/wire/frame.ts'
import {
  decodeAnswer,
  decodeLeaderHint,
  decodeLogPage,
  decodeLogRequest,
  decodeRequest,
  encodeAnswer,
  encodeJsonRefusal,
  encodeLeaderHint,
  encodeLogPage,
  encodeRefusal,
  encodeRequest,
} from '../../../src/wire/requests.ts'
import { assertSturdy, isRefused } from './broken-bytes.ts'

const body = Uint8Array.of(1, 2, 3)

test('a request comes out as it went in', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 600_000 }), (bytes, timeoutMs) => {
      const request = { group: 'kv', body: bytes, timeoutMs }
      assert.deepEqual(decodeRequest(encodeRequest(request)), request)
    }),
  )
})

test('an answer comes out as it went in', () => {
  const answer = { index: 2 ** 53 - 1, term: 0, body }
  assert.deepEqual(decodeAnswer(encodeAnswer(answer)), answer)
})

test('a refusal is thrown as the error it was', () => {
  const details = { leader: 'b', group: 'kv', weird: 1n }
  const plain = new FlotillaError('NOT_LEADER', 'words', { leader: 'b', group: 'kv' })
  assert.throws(() => decodeAnswer(encodeRefusal(plain)), { code: 'NOT_LEADER', message: 'words', details: plain.details })
  assert.throws(() => decodeAnswer(encodeRefusal(new FlotillaError('BUSY', 'w', details))), { code: 'BUSY', details: {} })
  const page = encodeJsonRefusal(new FlotillaError('COMPACTED', 'gone', { first: 7 }))
  assert.throws(() => decodeLogPage(page), { code: 'COMPACTED', message: 'gone', details: { first: 7 } })
})

test('a code of a later version is an UNAVAILABLE, not a crash', () => {
  const later = encodeFrame({ ok: false, code: 'FROM_THE_FUTURE', message: 'm', details: {} })
  assert.throws(() => decodeAnswer(later), { code: 'UNAVAILABLE' })
})

test('broken requests and answers are CODEC_INVALID', () => {
  assertSturdy(decodeRequest, encodeRequest({ group: 'kv', body, timeoutMs: 1000 }))
  for (const header of [
    {},
    { group: '', timeoutMs: 1 },
    { group: 'g'.repeat(64), timeoutMs: 1 },
    { group: 'kv', timeoutMs: 0 },
    { group: 'kv', timeoutMs: 600_001 },
    { group: 'kv', timeoutMs: 1.5 },
    { group: 'kv', timeoutMs: 1, more: 1 },
    JSON.parse('{"__proto__": {}, "group": "kv", "timeoutMs": 1}'),
  ]) {
    assert(isRefused(decodeRequest, encodeFrame(header, [body])), JSON.stringify(header))
  }
  assert(isRefused(decodeRequest, encodeFrame({ group: 'kv', timeoutMs: 1 })))
  assert(isRefused(decodeRequest, encodeFrame({ group: 'kv', timeoutMs: 1 }, [body, body])))
  assert(isRefused(decodeAnswer, encodeFrame({ ok: true, index: -1, term: 1 }, [body])))
  assert(isRefused(decodeAnswer, encodeFrame({ ok: 'yes' })))
})

test('a log request is plain JSON with bounds', () => {
  assert.deepEqual(decodeLogRequest(utf8('{"from": 5}')), { from: 5, limit: 100 })
  assert.deepEqual(decodeLogRequest(utf8('{"from": 1, "limit": 1000}')), { from: 1, limit: 1000 })
  for (const bad of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"from":0}',
    '{"from":1.5}',
    '{"from":1,"limit":0}',
    '{"from":1,"limit":1001}',
    '{"from":1,"x":1}',
    '{"from":"1"}',
    '{"from":9007199254740992}',
  ]) {
    assert(isRefused(decodeLogRequest, utf8(bad)), bad)
  }
})

test('a log page comes out as it went in, and any language can read it', () => {
  const entries = [{ index: 7, term: 2, kind: 'command' as const, data: Uint8Array.of(0, 255, 10) }]
  const page = { group: 'kv', first: 1, commit: 9, entries }
  assert.deepEqual(decodeLogPage(encodeLogPage(page)), page)
  assert.equal((JSON.parse(text(encodeLogPage(page))) as { entries: { data: string }[] }).entries[0]?.data, 'AP8K')
  assert(
    isRefused(
      decodeLogPage,
      utf8('{"group":"kv","first":1,"commit":9,"entries":[{"index":1,"term":1,"kind":"command","data":"*"}]}'),
    ),
  )
  assert(isRefused(decodeLogPage, utf8('{')))
})

test('a hint names a leader or says that there is none', () => {
  for (const hint of [
    { leader: 'b', term: 3 },
    { leader: null, term: 0 },
  ]) {
    assert.deepEqual(decodeLeaderHint(encodeLeaderHint(hint)), hint)
  }
  for (const bad of ['', '{}', '{"leader":"","term":1}', '{"leader":7,"term":1}', '{"leader":null,"term":-1}']) {
    assert(isRefused(decodeLeaderHint, utf8(bad)), bad)
  }
})
