/** The words of machines/lease.ts: which rounds count, and what they allow. Knows no clock. */

import { leaseMachine } from '../../machines/lease.ts'
import { type SnapshotFrom, stepperOf } from '../chart/stepper.ts'
import { type Ask, guard, type Reduce, reducer } from '../chart/words.ts'
import type { Lease, LeaseEvent, LeaseGuard, LeaseReducer, LeaseTransferEnded, QuorumHeard } from '../protocol/lease.ts'

export type LeaseSnapshot = SnapshotFrom<typeof leaseMachine>

const ask = <E extends LeaseEvent>(question: Ask<Lease, E>) => guard<Lease, E>(question)
const reduce = <E extends LeaseEvent>(change: Reduce<Lease, E>) => reducer<Lease, E>(change)

const guards = {
  /** A round that counts, and later than the one we know of. */
  news: ask<QuorumHeard>((l, e) => e.round > l.floor && e.round > l.round),
  takenBack: ask<LeaseTransferEnded>((_, e) => !e.handedOff),
} satisfies Record<LeaseGuard, unknown>

const reducers = {
  confirm: reduce<QuorumHeard>((_, e) => ({ round: e.round })),
  /** No round begun until now counts any more, answered or not. */
  discount: reduce((l, e) => ({ floor: Math.max(l.floor, l.round, e.round) })),
} satisfies Record<LeaseReducer, unknown>

const START: Lease = { round: 0, floor: 0 }

/** The lease chart with its words. */
export const spokenLease = leaseMachine.provide({ guards, actions: reducers })

const chart = stepperOf(spokenLease, START)

/** The lease of a leader that nobody has confirmed yet. */
export const NO_LEASE: LeaseSnapshot = chart.start(START)[0]

export const stepLease = (snapshot: LeaseSnapshot, event: LeaseEvent): LeaseSnapshot => chart.step(snapshot, event)[0]

/**
 * Whether a read may be answered at once: a quorum has confirmed a round that began less than a lease ago. `freshRound` is the first such round,
 * by the host's monotonic clock; undefined if the host cannot vouch for any.
 */
export const leaseCovers = (snapshot: LeaseSnapshot, freshRound: number | undefined): boolean =>
  freshRound !== undefined && snapshot.value === 'held' && snapshot.context.round >= freshRound
