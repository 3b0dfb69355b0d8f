/** The mailbox: order is kept, neighbours merge, and there is an end to it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAILBOX_BYTES_MAX, MAILBOX_EVENTS_MAX } from '../../../src/base/limits.ts'
import { Mailbox } from '../../../src/node/mailbox.ts'
import type { Proposal } from '../../../src/protocol/events.ts'
import { append, command } from './sample-node.ts'

const proposal = (ticket: number): Proposal => ({ ticket, kind: 'command', data: Uint8Array.of(ticket) })

test('mail comes out in order, once', () => {
  const mailbox = new Mailbox()
  const message = append(0, [])
  mailbox.message(message)
  mailbox.event({ type: 'storage.applied', index: 1 })
  assert.deepEqual(mailbox.take(), [{ message }, { event: { type: 'storage.applied', index: 1 } }])
  assert.equal(mailbox.isEmpty, true)
  assert.deepEqual(mailbox.take(), [])
})

test('neighbouring proposals become one event, and so do reads', () => {
  const mailbox = new Mailbox()
  mailbox.propose(proposal(1))
  mailbox.propose(proposal(2))
  mailbox.read(3)
  mailbox.read(4)
  assert.deepEqual(mailbox.take(), [
    { event: { type: 'client.propose', proposals: [proposal(1), proposal(2)] } },
    { event: { type: 'client.read', tickets: [3, 4] } },
  ])
})

test('nothing merges across what came between, or into mail that was taken', () => {
  const mailbox = new Mailbox()
  mailbox.propose(proposal(1))
  mailbox.message(append(0, []))
  mailbox.propose(proposal(2))
  mailbox.read(3)
  mailbox.propose(proposal(4))
  const taken = mailbox.take()
  mailbox.propose(proposal(5))
  assert.deepEqual(
    taken.map((mail) => ('event' in mail ? mail.event : mail.message.type)),
    [
      { type: 'client.propose', proposals: [proposal(1)] },
      'AppendEntries',
      { type: 'client.propose', proposals: [proposal(2)] },
      { type: 'client.read', tickets: [3] },
      { type: 'client.propose', proposals: [proposal(4)] },
    ],
  )
  assert.equal(mailbox.take().length, 1)
})

test('a merged event holds a bounded number of proposals', () => {
  const mailbox = new Mailbox()
  for (let i = 0; i < 1025; i++) mailbox.propose(proposal(i))
  const sizes = mailbox
    .take()
    .map((mail) => ('event' in mail && mail.event.type === 'client.propose' ? Object(mail.event).proposals.length : 0))
  assert.deepEqual(sizes, [1024, 1])
})

test('it says when it is full', () => {
  const mailbox = new Mailbox()
  for (let i = 0; i < MAILBOX_EVENTS_MAX; i++) {
    assert.equal(mailbox.isFull, false)
    mailbox.message(append(0, []))
  }
  assert.equal(mailbox.isFull, true)
  mailbox.take()
  assert.equal(mailbox.isFull, false)
})

test('it is full by bytes, too, whatever they came in', () => {
  const half = new Uint8Array(MAILBOX_BYTES_MAX / 2)
  const mailbox = new Mailbox()
  mailbox.message(append(0, [command(1, 1, half)]))
  assert.equal(mailbox.isFull, false)
  mailbox.propose({ ticket: 1, kind: 'command', data: half })
  assert.equal(mailbox.isFull, true)
  mailbox.take()
  assert.equal(mailbox.isFull, false)
  mailbox.message({ type: 'Propose', from: 2, to: 1, term: 0, kind: 'command', data: [half, half] })
  assert.equal(mailbox.isFull, true)
})

test('reads under a lease merge with their like, and the youngest round stands for all', () => {
  const mailbox = new Mailbox()
  mailbox.read(1)
  mailbox.read(2, 7)
  mailbox.read(3, 9)
  mailbox.read(4, 8)
  mailbox.read(5)
  const events = mailbox.take().map((mail) => ('event' in mail ? mail.event : null))
  assert.deepEqual(events, [
    { type: 'client.read', tickets: [1] },
    { type: 'client.read', tickets: [2, 3, 4], freshRound: 9 },
    { type: 'client.read', tickets: [5] },
  ])
})
