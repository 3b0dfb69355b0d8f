/** What each row of machines/membership.ts does, as a table. */

import type { Membership, MembershipEvent } from '../../src/protocol/membership.ts'

export type MembershipState = 'resuming' | 'stable' | 'changing' | 'joint' | 'leaving'

/** State, pending index, and whether the joint configuration is left without being asked. */
export type MembershipPlace = readonly [state: MembershipState, pendingIndex: number | null, autoLeave: boolean]

/** A place as the chart keeps it. */
export const membershipOf = ([state, pendingIndex, autoLeave]: MembershipPlace): readonly [MembershipState, Membership] => [
  state,
  { pendingIndex, autoLeave },
]

export interface MembershipRow {
  readonly says: string
  readonly from: MembershipPlace
  readonly event: MembershipEvent
  readonly to: MembershipPlace
}

type Kind = 'simple' | 'explicit' | 'automatic'
const conf = (kind: Kind) => ({ joint: kind !== 'simple', autoLeave: kind === 'automatic' })
const resumed = (kind: Kind, pending: number | null): MembershipEvent => ({ type: 'resumed', ...conf(kind), pending })
const applied = (index: number, kind: Kind): MembershipEvent => ({ type: 'applied', ...conf(kind), index })
const proposed = (index: number, leaves: boolean): MembershipEvent => ({ type: 'proposed', index, leaves })
const settle = (index: number): MembershipEvent => ({ type: 'settle', index })

const resuming = ['resuming', null, false] as const
const stable = ['stable', null, false] as const
const joint = ['joint', null, false] as const
const jointAuto = ['joint', null, true] as const

const RESUMING: readonly MembershipRow[] = [
  { says: 'nothing inherited', from: resuming, event: resumed('simple', null), to: stable },
  { says: 'a change in the log', from: resuming, event: resumed('simple', 7), to: ['changing', 7, false] },
  { says: 'joint, left when asked', from: resuming, event: resumed('explicit', null), to: joint },
  { says: 'joint, to be left by whoever leads', from: resuming, event: resumed('automatic', null), to: jointAuto },
  { says: 'joint, and the leave is in the log', from: resuming, event: resumed('automatic', 7), to: ['leaving', 7, true] },
  { says: 'joint, and a leave that was asked for', from: resuming, event: resumed('explicit', 7), to: ['leaving', 7, false] },
  { says: 'not yet: no proposals', from: resuming, event: proposed(7, false), to: resuming },
]

const STABLE: readonly MembershipRow[] = [
  { says: 'a change begins', from: stable, event: proposed(7, false), to: ['changing', 7, false] },
  { says: 'nothing waits', from: stable, event: applied(7, 'simple'), to: stable },
  { says: 'nothing to leave', from: stable, event: settle(7), to: stable },
]

const CHANGING: readonly MembershipRow[] = [
  { says: 'done', from: ['changing', 7, false], event: applied(7, 'simple'), to: stable },
  { says: 'done, seen late', from: ['changing', 7, false], event: applied(9, 'simple'), to: stable },
  { says: 'joint now', from: ['changing', 7, false], event: applied(7, 'explicit'), to: joint },
  { says: 'joint now, not for long', from: ['changing', 7, false], event: applied(7, 'automatic'), to: jointAuto },
  { says: 'an earlier one', from: ['changing', 7, false], event: applied(6, 'simple'), to: ['changing', 7, false] },
  { says: 'an earlier one, joint', from: ['changing', 7, false], event: applied(6, 'automatic'), to: ['changing', 7, false] },
  { says: 'one at a time', from: ['changing', 7, false], event: proposed(8, false), to: ['changing', 7, false] },
  { says: 'nothing to leave yet', from: ['changing', 7, false], event: settle(8), to: ['changing', 7, false] },
]

const JOINT: readonly MembershipRow[] = [
  { says: 'leaves by itself', from: jointAuto, event: settle(8), to: ['leaving', 8, true] },
  { says: 'is left when asked only', from: joint, event: settle(8), to: joint },
  { says: 'is asked to leave', from: joint, event: proposed(8, true), to: ['leaving', 8, false] },
  { says: 'is asked before it does so itself', from: jointAuto, event: proposed(8, true), to: ['leaving', 8, true] },
  { says: 'no other change', from: joint, event: proposed(8, false), to: joint },
  { says: 'nothing waits', from: jointAuto, event: applied(8, 'automatic'), to: jointAuto },
]

const LEAVING: readonly MembershipRow[] = [
  { says: 'left', from: ['leaving', 8, true], event: applied(8, 'simple'), to: stable },
  { says: 'something before the leave', from: ['leaving', 8, true], event: applied(7, 'automatic'), to: ['leaving', 8, true] },
  {
    says: 'something before it, when asked for',
    from: ['leaving', 8, false],
    event: applied(7, 'explicit'),
    to: ['leaving', 8, false],
  },
  { says: 'the host would not have it', from: ['leaving', 8, true], event: applied(8, 'automatic'), to: jointAuto },
  { says: 'one leave is enough', from: ['leaving', 8, true], event: settle(9), to: ['leaving', 8, true] },
  { says: 'one leave is enough, asked or not', from: ['leaving', 8, true], event: proposed(9, true), to: ['leaving', 8, true] },
]

/** Every row of the chart, and every silence that matters. */
export const MEMBERSHIP_ROWS: readonly MembershipRow[] = [...RESUMING, ...STABLE, ...CHANGING, ...JOINT, ...LEAVING]
