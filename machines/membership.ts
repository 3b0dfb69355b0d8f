/** Changing who counts, one change at a time (thesis 4.3). The chart says when; the words are in src/leader/membership-words.ts. */

import { createMachine } from 'xstate'
import type { Membership, MembershipEvent, MembershipGuard, MembershipReducer } from '../src/protocol/membership.ts'

/** A configuration takes effect when its entry is applied. Between `pendingIndex` and what is applied there is never a second change. */
export const membershipMachine = createMachine({
  types: {} as {
    context: Membership
    input: Membership
    events: MembershipEvent
    actions: { type: MembershipReducer }
    guards: { type: MembershipGuard }
  },
  id: 'membership',
  context: ({ input }) => input,
  initial: 'resuming',
  states: {
    resuming: {
      on: {
        resumed: [
          { guard: 'leaveUnapplied', target: 'leaving', actions: 'inherit' }, // a second leave would be one too many
          { guard: 'inJoint', target: 'joint', actions: 'inherit' }, // its maker died before it could leave
          { guard: 'changeUnapplied', target: 'changing', actions: 'inherit' },
          { target: 'stable' },
        ],
      },
    },
    stable: {
      on: { proposed: { target: 'changing', actions: 'pendAt' } },
    },
    changing: {
      on: {
        applied: [
          { guard: 'nowJoint', target: 'joint', actions: 'resolve' },
          { guard: 'reached', target: 'stable', actions: 'resolve' },
        ],
      },
    },
    joint: {
      on: {
        settle: { guard: 'leavesByItself', target: 'leaving', actions: 'pendAt' }, // asked again and again: it may have been refused before
        proposed: { guard: 'leaves', target: 'leaving', actions: 'pendAt' },
      },
    },
    leaving: {
      on: {
        applied: [
          { guard: 'nowJoint', target: 'joint', actions: 'resolve' }, // the host would not have it: still two majorities
          { guard: 'reached', target: 'stable', actions: 'resolve' },
        ],
      },
    },
  },
})
