/** Requests about members: what is well formed comes through, everything else is named. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import * as wire from '../../../src/wire/members.ts'
import { encodeJsonRefusal } from '../../../src/wire/requests.ts'

const VIEW: wire.MembersView = {
  group: 'kv',
  index: 7,
  term: 2,
  conf: { ...votersOnly([1, 2]), voters: [1, 2], votersOutgoing: [], learners: [4], learnersNext: [] },
  peers: { 1: 'a', 2: 'b', 4: 'd' },
  lastPeerId: 4,
  founding: 'abc',
  mark: '',
}

test('what is said about members is understood as it was meant', () => {
  const members = { group: 'kv', timeoutMs: 100 }
  assert.deepEqual(wire.decodeMembersRequest(wire.encodeMembersRequest(members)), members)
  const change: wire.ReconfigureRequest = {
    group: 'kv',
    steps: [{ type: 'add', node: 'd' }],
    transition: 'jointExplicit',
    timeoutMs: 1,
  }
  assert.deepEqual(wire.decodeReconfigure(wire.encodeReconfigure(change)), change)
  assert.deepEqual(wire.decodeMembersView(wire.encodeMembersView(VIEW)), VIEW)
  const done = { index: 7, term: 2, members: VIEW }
  assert.deepEqual(wire.decodeReconfigured(wire.encodeReconfigured(done)), done)
  const news = { group: 'kv', peer: 4, by: 'a' }
  assert.deepEqual(wire.decodeNewsOfRemoval(wire.encodeNewsOfRemoval(news)), news)
})

test('a time limit is optional, any other gap or surplus is not', () => {
  assert.equal(wire.decodeMembersRequest(utf8('{"group":"kv"}')).timeoutMs, 5000)
  const bad = ['', '{}', '{"group":"K V"}', '{"group":"kv","timeoutMs":0}', '{"group":"kv","more":1}']
  for (const text of bad) assert.throws(() => wire.decodeMembersRequest(utf8(text)), { code: 'CODEC_INVALID' }, text)
  for (const step of ['{}', '{"type":"kill","node":"a"}', '{"type":"add","node":"a.b"}', '{"type":"add","node":"a","peer":1}']) {
    assert.throws(() => wire.decodeReconfigure(utf8(`{"group":"kv","steps":[${step}]}`)), { code: 'CODEC_INVALID' }, step)
  }
  const many = Array.from({ length: 65 }, () => ({ type: 'remove', node: 'a' }))
  assert.throws(() => wire.decodeReconfigure(utf8(JSON.stringify({ group: 'kv', steps: many }))), { code: 'CODEC_INVALID' })
})

test('a refusal in place of an answer is thrown as what it was', () => {
  const refusal = encodeJsonRefusal(new FlotillaError('CONF_INVALID', 'no', { node: 'd' }))
  assert.throws(() => wire.decodeReconfigured(refusal), { code: 'CONF_INVALID', message: 'no', details: { node: 'd' } })
  assert.throws(() => wire.decodeMembersView(utf8('{"error":{"code":"NEWER","message":"x"}}')), { code: 'UNAVAILABLE' })
})
