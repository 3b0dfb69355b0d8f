/** What the read lease covers, and its two laws under random events. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { expireLease } from '../../../src/leader/confirm.ts'
import { type LeaseSnapshot, leaseCovers, NO_LEASE, stepLease } from '../../../src/leader/lease-words.ts'
import type { LeaseEvent } from '../../../src/protocol/lease.ts'
import { labOf, STEPS } from '../../harness/lab.ts'
import { ended, heard, jumped, transferring } from '../../harness/lease-table.ts'
import { leading } from '../../harness/reign.ts'

const placeOf = ({ value, context }: LeaseSnapshot): readonly unknown[] => [value, context.round, context.floor]

describe('lease', () => {
  test('begins unconfirmed, and covers no read', () => {
    assert.deepEqual(placeOf(NO_LEASE), ['unconfirmed', 0, 0])
    assert.ok(!leaseCovers(NO_LEASE, 0))
  })
})

const after = (...events: readonly LeaseEvent[]): LeaseSnapshot => events.reduce(stepLease, NO_LEASE)

describe('a read is covered', () => {
  test('while the newest confirmed round is young enough', () => {
    const held = after(heard(4))
    assert.deepEqual(
      [3, 4, 5].map((fresh) => leaseCovers(held, fresh)),
      [true, true, false],
    )
  })

  test('never, if the host vouches for no round', () => assert.ok(!leaseCovers(after(heard(4)), undefined)))

  test('not during a handover, nor by what was begun before it was taken back', () => {
    assert.ok(!leaseCovers(after(heard(4), transferring(5)), 0))
    assert.ok(!leaseCovers(after(heard(4), transferring(5), ended(6, false), heard(6)), 0))
    assert.ok(leaseCovers(after(heard(4), transferring(5), ended(6, false), heard(7)), 7))
  })

  test('never again once TimeoutNow has left, also not after a handover that was taken back', () => {
    const late = after(heard(4), transferring(5), ended(6, true), transferring(7), ended(8, false), heard(9))
    assert.ok(!leaseCovers(late, 0))
  })
})

const round = fc.integer({ min: 0, max: 12 })
const event: fc.Arbitrary<LeaseEvent> = fc.oneof(
  round.map(heard),
  round.map(transferring),
  round.map(jumped),
  fc.tuple(round, fc.boolean()).map(([at, handedOff]) => ended(at, handedOff)),
)

test('whatever happens, floor and round never fall, and only a round above the floor holds', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let lease = NO_LEASE
      for (const one of events) {
        const before = lease.context
        lease = stepLease(lease, one)
        const now = lease.context
        assert.ok(before.floor <= now.floor && before.round <= now.round, JSON.stringify({ one, before, now }))
        assert.equal(lease.value === 'held', now.round > now.floor, JSON.stringify({ one, value: lease.value, now }))
      }
    }),
  )
})

test('a jump of the clock voids every round that has begun, confirmed or not', () => {
  const { lease } = expireLease({ ...leading(labOf(STEPS)).peer.snapshot.context, lease: after(heard(4)), round: 7 })
  assert.ok(lease)
  assert.deepEqual(placeOf(stepLease(lease, heard(7))), ['unconfirmed', 4, 7])
  assert.deepEqual(placeOf(stepLease(lease, heard(8))), ['held', 8, 7])
})
