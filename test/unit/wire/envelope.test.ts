/** Envelopes: what one node says is what the other hears; everything else is CODEC_INVALID and never anything else. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Message } from '../../../src/protocol/messages.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/wire/envelope.ts'
import { decodeFrame, encodeFrame } from '../../../src/wire/frame.ts'
import { assertSturdy, isRefused } from './broken-bytes.ts'
import { anyEnvelope, SENDER } from './sample-messages.ts'

const entry = (term: number, index: number) => ({ term, index, kind: 'command' as const, data: Uint8Array.of(index) })
const append: Message = {
  type: 'AppendEntries',
  from: 1,
  to: 2,
  term: 3,
  prevIndex: 4,
  prevTerm: 2,
  commit: 4,
  entries: [entry(2, 5), entry(3, 6)],
}
const envelopeOf = (message: Message): Uint8Array =>
  encodeEnvelope({ sender: SENDER, messages: [{ group: 'kv', epoch: 'e', message }] })

/** The same envelope with its header changed by a hand that knows no types. */
function forged(
  change: (header: { sender: Record<string, unknown>; messages: { message: Record<string, unknown> }[] }) => void,
): Uint8Array {
  const { header, blobs } = decodeFrame(envelopeOf(append))
  change(header as Parameters<typeof change>[0])
  return encodeFrame(header, blobs)
}

test('what one node says is what the other hears', () => {
  fc.assert(fc.property(anyEnvelope, (envelope) => assert.deepEqual(decodeEnvelope(encodeEnvelope(envelope)), envelope)))
})

test('cut, turned and random bytes are CODEC_INVALID or a whole envelope', () => {
  assertSturdy((bytes) => {
    const envelope = decodeEnvelope(bytes)
    assert.deepEqual(decodeEnvelope(encodeEnvelope(envelope)), envelope)
  }, envelopeOf(append))
})

test('numbers that are no counts are refused', () => {
  for (const bad of [-1, 1.5, 2 ** 53, 1e300, '1', null, true, [1], { n: 1 }]) {
    for (const field of ['term', 'prevIndex', 'prevTerm', 'commit']) {
      const bytes = forged(({ messages: [m] }) => Object.assign(m?.message ?? {}, { [field]: bad }))
      assert(isRefused(decodeEnvelope, bytes), `${field} ${String(bad)}`)
    }
  }
  for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert(
      isRefused(
        decodeEnvelope,
        forged(({ messages: [m] }) => Object.assign(m?.message ?? {}, { from: bad })),
      ),
    )
  }
})

test('fields that nobody asked for are refused, __proto__ too', () => {
  assert(
    isRefused(
      decodeEnvelope,
      forged(({ messages: [m] }) => Object.assign(m?.message ?? {}, { extra: 1 })),
    ),
  )
  assert(
    isRefused(
      decodeEnvelope,
      forged((header) => Object.assign(header, { more: 1 })),
    ),
  )
  assert(
    isRefused(
      decodeEnvelope,
      forged(({ sender }) => delete sender.store),
    ),
  )
  const polluted = JSON.parse('{"__proto__": {"boot": 1}, "cluster": "demo", "node": "a", "store": "s", "boot": 1}') as object
  assert(
    isRefused(
      decodeEnvelope,
      forged((header) => Object.assign(header, { sender: polluted })),
    ),
  )
  assert.equal(({} as { boot?: number }).boot, undefined)
})

test('entries must be as many as the header says, of known kinds, with terms that never fall', () => {
  for (const count of [0, 1, 3, 1_000_000, 1_000_001]) {
    assert(
      isRefused(
        decodeEnvelope,
        forged(({ messages: [m] }) => Object.assign(m?.message ?? {}, { entries: count })),
      ),
      `${count}`,
    )
  }
  const { header, blobs } = decodeFrame(envelopeOf(append))
  const withBlob = (blob: Uint8Array): Uint8Array => encodeFrame(header, [blob, blobs[1] as Uint8Array])
  assert(isRefused(decodeEnvelope, withBlob(new Uint8Array(0))))
  assert(isRefused(decodeEnvelope, withBlob(Uint8Array.of(1, 0, 0, 0, 0, 0))))
  assert(isRefused(decodeEnvelope, withBlob(Uint8Array.of(9, 0, 0, 0, 0, 0, 2, 1))))
  for (const terms of [
    [3, 2],
    [1, 3],
    [2, 4],
    [0, 3],
  ] as const) {
    const entries = terms.map((term, i) => entry(term, 5 + i))
    assert(isRefused(decodeEnvelope, envelopeOf({ ...append, entries } as Message)), `terms ${terms.join()}`)
  }
})

test('types that no peer speaks are refused', () => {
  for (const type of ['client.propose', 'term.higher', 'storage.persisted', 'xstate.init', '', 7]) {
    assert(
      isRefused(
        decodeEnvelope,
        forged(({ messages: [m] }) => Object.assign(m?.message ?? {}, { type })),
      ),
      String(type),
    )
  }
})
