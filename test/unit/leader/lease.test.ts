/** The read lease row by row, each row missed when it is left out, and its two laws under random events. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { leaseMachine } from '../../../machines/lease.ts'
import { stepperOf } from '../../../src/chart/stepper.ts'
import { type LeaseSnapshot, leaseCovers, NO_LEASE, spokenLease, stepLease } from '../../../src/leader/lease-words.ts'
import type { LeaseEvent } from '../../../src/protocol/lease.ts'
import { mutantsOf } from '../../harness/mutants.ts'

type Place = readonly [state: 'unconfirmed' | 'held' | 'waived' | 'forfeited', round: number, floor: number]

interface Row {
  readonly says: string
  readonly from: Place
  readonly event: LeaseEvent
  readonly to: Place
}

const heard = (round: number): LeaseEvent => ({ type: 'quorumHeard', round })
const transferring = (round: number): LeaseEvent => ({ type: 'transferring', round })
const ended = (round: number, handedOff: boolean): LeaseEvent => ({ type: 'transferEnded', round, handedOff })
const jumped = (round: number): LeaseEvent => ({ type: 'clockJumped', round })

const ROWS: readonly Row[] = [
  { says: 'a quorum answers: held', from: ['unconfirmed', 0, 0], event: heard(1), to: ['held', 1, 0] },
  {
    says: 'a quorum answers a round that counts no more',
    from: ['unconfirmed', 2, 5],
    event: heard(5),
    to: ['unconfirmed', 2, 5],
  },
  { says: 'a quorum answers the first round that counts', from: ['unconfirmed', 2, 5], event: heard(6), to: ['held', 6, 5] },
  { says: 'a handover begins unconfirmed', from: ['unconfirmed', 2, 2], event: transferring(4), to: ['waived', 2, 4] },
  { says: 'the clock jumps unconfirmed', from: ['unconfirmed', 2, 2], event: jumped(7), to: ['unconfirmed', 2, 7] },
  { says: 'no handover: none ends', from: ['unconfirmed', 2, 2], event: ended(7, false), to: ['unconfirmed', 2, 2] },
  { says: 'a later round extends', from: ['held', 3, 0], event: heard(5), to: ['held', 5, 0] },
  { says: 'an earlier round takes nothing away', from: ['held', 5, 0], event: heard(4), to: ['held', 5, 0] },
  { says: 'a handover begins: nobody needs to wait for us', from: ['held', 5, 0], event: transferring(6), to: ['waived', 5, 6] },
  {
    says: 'the clock jumps: what was measured is worth nothing',
    from: ['held', 5, 0],
    event: jumped(6),
    to: ['unconfirmed', 5, 6],
  },
  { says: 'what is confirmed already counts no more either', from: ['held', 5, 0], event: jumped(2), to: ['unconfirmed', 5, 5] },
  { says: 'no handover: none ends that is held', from: ['held', 5, 0], event: ended(6, true), to: ['held', 5, 0] },
  { says: 'a quorum still answers: waived all the same', from: ['waived', 5, 6], event: heard(9), to: ['waived', 5, 6] },
  { says: 'the clock jumps meanwhile', from: ['waived', 5, 6], event: jumped(8), to: ['waived', 5, 8] },
  { says: 'nobody was told: from the next round on', from: ['waived', 5, 6], event: ended(9, false), to: ['unconfirmed', 5, 9] },
  { says: 'a floor never falls', from: ['waived', 5, 9], event: ended(8, false), to: ['unconfirmed', 5, 9] },
  { says: 'somebody was told: never again', from: ['waived', 5, 6], event: ended(9, true), to: ['forfeited', 5, 6] },
  { says: 'never again, whoever answers', from: ['forfeited', 5, 6], event: heard(20), to: ['forfeited', 5, 6] },
  {
    says: 'never again, though the next one is taken back',
    from: ['forfeited', 5, 6],
    event: ended(9, false),
    to: ['forfeited', 5, 6],
  },
]

const placeOf = ({ value, context }: LeaseSnapshot): readonly unknown[] => [value, context.round, context.floor]

const chart = spokenLease as unknown as typeof leaseMachine

function reached(machine: typeof leaseMachine, { from: [value, round, floor], event }: Row): readonly unknown[] {
  const [next] = stepperOf(machine, { round: 0, floor: 0 }).step(
    machine.resolveState({ value, context: { round, floor } }),
    event,
  )
  return placeOf(next)
}

describe('lease', () => {
  for (const row of ROWS) test(`${row.from[0]}: ${row.says}`, () => assert.deepEqual(reached(chart, row), row.to))

  test('begins unconfirmed, and covers no read', () => {
    assert.deepEqual(placeOf(NO_LEASE), ['unconfirmed', 0, 0])
    assert.ok(!leaseCovers(NO_LEASE, 0))
  })
})

describe('the lease chart without', () => {
  for (const { missing, machine } of mutantsOf(chart))
    test(missing, () =>
      assert.ok(
        ROWS.some((row) => String(reached(machine, row)) !== String(row.to)),
        'no row of the table misses it',
      ),
    )
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
