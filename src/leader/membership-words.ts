/** The words of machines/membership.ts: changing who counts, one change at a time (thesis 4.3). Appends nothing: it says when. */

import { membershipMachine } from '../../machines/membership.ts'
import { type SnapshotFrom, stepperOf } from '../chart/stepper.ts'
import { type Ask, guard, type Reduce, reducer } from '../chart/words.ts'
import type {
  Inheritance,
  Membership,
  MembershipApplied,
  MembershipEvent,
  MembershipGuard,
  MembershipProposed,
  MembershipReducer,
  MembershipResumed,
  MembershipSettle,
} from '../protocol/membership.ts'

/** The chart of a change of configuration, kept as a value. */
export type MembershipSnapshot = SnapshotFrom<typeof membershipMachine>

const ask = <E extends MembershipEvent>(question: Ask<Membership, E>) => guard<Membership, E>(question)
const reduce = <E extends MembershipEvent>(change: Reduce<Membership, E>) => reducer<Membership, E>(change)

/** Whether the pending entry is applied: a leader may inherit earlier ones that come before it. */
const reached = (m: Membership, e: MembershipApplied): boolean => e.index >= (m.pendingIndex ?? 0)

const guards = {
  leaveUnapplied: ask<MembershipResumed>((_, e) => e.joint && e.pending !== null), // in a joint configuration all else is refused
  inJoint: ask<MembershipResumed>((_, e) => e.joint),
  changeUnapplied: ask<MembershipResumed>((_, e) => e.pending !== null),
  leaves: ask<MembershipProposed>((_, e) => e.leaves),
  leavesByItself: ask((m) => m.autoLeave),
  nowJoint: ask<MembershipApplied>((m, e) => reached(m, e) && e.joint),
  reached: ask<MembershipApplied>(reached),
} satisfies Record<MembershipGuard, unknown>

const reducers = {
  inherit: reduce<MembershipResumed>((_, e) => ({ pendingIndex: e.pending, autoLeave: e.autoLeave })),
  pendAt: reduce<MembershipProposed | MembershipSettle>((_, e) => ({ pendingIndex: e.index })),
  resolve: reduce<MembershipApplied>((_, e) => ({ pendingIndex: null, autoLeave: e.autoLeave })),
} satisfies Record<MembershipReducer, unknown>

const NOTHING: Membership = { pendingIndex: null, autoLeave: false }

/** The membership chart with its words. */
export const spokenMembership = membershipMachine.provide({ guards, actions: reducers })

const chart = stepperOf(spokenMembership, NOTHING)
const resuming: MembershipSnapshot = chart.start(NOTHING)[0]

/** No change under way, in a configuration that is not joint. */
export const NO_MEMBERSHIP: MembershipSnapshot = startMembership({ joint: false, autoLeave: false, pending: null })

/** Where a new leader begins: what it inherits, it finishes. */
export function startMembership(inheritance: Inheritance): MembershipSnapshot {
  return stepMembership(resuming, { type: 'resumed', ...inheritance })
}

/** Who enters `leaving` by `settle` is due to append the leave at the event's index. Same snapshot: nothing to do. */
export function stepMembership(snapshot: MembershipSnapshot, event: MembershipEvent): MembershipSnapshot {
  return chart.step(snapshot, event)[0]
}

/** Whether a change may be appended: nothing is under way, except that a joint configuration waits to be left. */
export const mayPropose = (snapshot: MembershipSnapshot, leaves: boolean): boolean =>
  snapshot.value === 'stable' || (snapshot.value === 'joint' && leaves)

/** Whether the leader itself must leave the joint configuration, as soon as it can append. */
export const owesLeave = (snapshot: MembershipSnapshot): boolean => snapshot.value === 'joint' && snapshot.context.autoLeave
