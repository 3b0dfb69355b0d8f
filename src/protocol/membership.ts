/** What a leader remembers of a change of configuration, and what can happen to it (thesis 4.3). */

import type { LogIndex } from './types.ts'

export interface Membership {
  /** The last configuration entry that may not be applied yet: no other is appended before it is. */
  readonly pendingIndex: LogIndex | null
  /** Whether the joint configuration is to be left without being asked. */
  readonly autoLeave: boolean
}

/** What a new leader finds: the configuration in force, and its log. */
export interface Inheritance {
  readonly joint: boolean
  readonly autoLeave: boolean
  /** The last entry beyond the applied index that is, or may be, a change. Null: there is none. */
  readonly pending: LogIndex | null
}

/** A leader takes over. */
export interface MembershipResumed extends Inheritance {
  readonly type: 'resumed'
}

/** A change was appended. */
export interface MembershipProposed {
  readonly type: 'proposed'
  readonly index: LogIndex
  /** Whether it leaves the joint configuration. */
  readonly leaves: boolean
}

/** Everything up to here is applied, and this is the configuration now. */
export interface MembershipApplied {
  readonly type: 'applied'
  readonly index: LogIndex
  readonly joint: boolean
  readonly autoLeave: boolean
}

/** The leader can append: if a leave is owed, it goes to this index. */
export interface MembershipSettle {
  readonly type: 'settle'
  readonly index: LogIndex
}

export type MembershipEvent = MembershipResumed | MembershipProposed | MembershipApplied | MembershipSettle

export type MembershipGuard =
  | 'changeUnapplied'
  | 'inJoint'
  | 'leaves'
  | 'leavesByItself'
  | 'leaveUnapplied'
  | 'nowJoint'
  | 'reached'

export type MembershipReducer = 'inherit' | 'pendAt' | 'resolve'
