/** Whether a leader may answer reads without asking (thesis 6.4.1). The chart says when; the words are in src/leader/lease-words.ts. */

import { createMachine } from 'xstate'
import type { Lease, LeaseEvent, LeaseGuard, LeaseReducer } from '../src/protocol/lease.ts'

/**
 * Knows rounds of heartbeats, not time: how old a round is the host says with each read. One reign has one lease; a new leader begins a new one.
 */
export const leaseMachine = createMachine({
  types: {} as {
    context: Lease
    input: Lease
    events: LeaseEvent
    actions: { type: LeaseReducer }
    guards: { type: LeaseGuard }
  },
  id: 'lease',
  context: ({ input }) => input,
  initial: 'unconfirmed',
  states: {
    unconfirmed: {
      on: {
        quorumHeard: { guard: 'news', target: 'held', actions: 'confirm' }, // voters are silent for an election timeout from that round on
        transferring: { target: 'waived', actions: 'discount' },
        clockJumped: { actions: 'discount' },
      },
    },
    held: {
      on: {
        quorumHeard: { guard: 'news', actions: 'confirm' },
        transferring: { target: 'waived', actions: 'discount' }, // the target need not wait for anybody's silence
        clockJumped: { target: 'unconfirmed', actions: 'discount' },
      },
    },
    waived: {
      on: {
        transferEnded: [
          { guard: 'takenBack', target: 'unconfirmed', actions: 'discount' }, // nobody was told: as before, from the next round on
          { target: 'forfeited' },
        ],
        clockJumped: { actions: 'discount' },
      },
    },
    forfeited: {}, // TimeoutNow may arrive at any time while the term lasts: no lease for the rest of the reign
  },
})
