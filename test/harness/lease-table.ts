/** What each row of machines/lease.ts does, as a table. */

import type { Lease, LeaseEvent } from '../../src/protocol/lease.ts'

export type LeaseState = 'unconfirmed' | 'held' | 'waived' | 'forfeited'

/** State, the newest confirmed round, and the newest that counts no more. */
export type LeasePlace = readonly [state: LeaseState, round: number, floor: number]

/** A place as the chart keeps it. */
export const leaseOf = ([state, round, floor]: LeasePlace): readonly [LeaseState, Lease] => [state, { round, floor }]

export interface LeaseRow {
  readonly says: string
  readonly from: LeasePlace
  readonly event: LeaseEvent
  readonly to: LeasePlace
}

export const heard = (round: number): LeaseEvent => ({ type: 'quorumHeard', round })
export const transferring = (round: number): LeaseEvent => ({ type: 'transferring', round })
export const ended = (round: number, handedOff: boolean): LeaseEvent => ({ type: 'transferEnded', round, handedOff })
export const jumped = (round: number): LeaseEvent => ({ type: 'clockJumped', round })

/** Every row of the chart, and every silence that matters. */
export const LEASE_ROWS: readonly LeaseRow[] = [
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
