/** Arbitrary Raft messages and envelopes, for the wire tests. Knows the shapes, not the bytes. */

import fc from 'fast-check'
import type { Message } from '../../../src/protocol/messages.ts'
import type { Entry } from '../../../src/protocol/types.ts'
import type { Envelope, GroupMessage } from '../../../src/wire/envelope.ts'

const whole = fc.maxSafeNat()
const peer = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const letter = { from: peer, to: peer, term: whole }
const known = { commit: whole, commitTerm: whole }
const tail = { lastIndex: whole, lastTerm: whole, ...known }
const id = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,62}$/)

/** Terms fit the six bytes of an entry, rise along the log, and stay below the sender's. */
const appendEntries: fc.Arbitrary<Message> = fc
  .record({
    from: peer,
    to: peer,
    prevIndex: fc.nat(),
    commit: whole,
    terms: fc.array(fc.integer({ min: 1, max: 2 ** 48 - 1 }), { minLength: 1, maxLength: 6 }),
    data: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }),
    kind: fc.constantFrom('noop' as const, 'command' as const, 'configuration' as const),
  })
  .map(({ from, to, prevIndex, commit, terms, data, kind }) => {
    const sorted = terms.toSorted((a, b) => a - b)
    const entries = data.map((bytes, i): Entry => {
      return { term: sorted[Math.min(i, sorted.length - 1)] as number, index: prevIndex + 1 + i, kind, data: bytes }
    })
    return { type: 'AppendEntries', from, to, term: sorted.at(-1) as number, prevIndex, prevTerm: 1, commit, entries }
  })

/** Any message of any type. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  appendEntries,
  fc.record({
    type: fc.constant('AppendEntriesReply' as const),
    ...letter,
    accepted: fc.boolean(),
    index: whole,
    hintIndex: whole,
    hintTerm: whole,
  }),
  fc.record({ type: fc.constant('Heartbeat' as const), ...letter, commit: whole, round: whole }),
  fc.record({ type: fc.constant('HeartbeatReply' as const), ...letter, round: whole }),
  fc.record({ type: fc.constant('PreVote' as const), ...letter, ...tail }),
  fc.record({
    type: fc.constantFrom('PreVoteReply' as const, 'RequestVoteReply' as const),
    ...letter,
    ...known,
    granted: fc.boolean(),
  }),
  fc.record({ type: fc.constant('RequestVote' as const), ...letter, ...tail, transfer: fc.boolean() }),
  fc.record({ type: fc.constant('TimeoutNow' as const), ...letter }),
)

const groupMessage: fc.Arbitrary<GroupMessage> = fc.record({
  group: id,
  epoch: fc.string({ maxLength: 20 }),
  message: anyMessage,
})

/** Any envelope that a node could send, as ordinary objects. */
export const anyEnvelope: fc.Arbitrary<Envelope> = fc
  .record({
    sender: fc.record({ cluster: id, node: id, store: fc.uuid(), boot: whole, run: fc.uuid() }),
    messages: fc.array(groupMessage, { maxLength: 6 }),
  })
  .map((envelope) => structuredClone(envelope))

/** Somebody who may speak. */
export const SENDER = { cluster: 'demo', node: 'a', store: 'store-of-a', boot: 1, run: 'run-of-a' }
