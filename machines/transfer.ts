/** Handing leadership over (thesis 3.10). The chart says when; the words are in src/leader/handoff.ts. */

import { createMachine } from 'xstate'
import type { Transfer, TransferEvent, TransferGuard, TransferReducer } from '../src/protocol/transfer.ts'

/** While not idle, the leader takes no proposals. Success is not seen here: the leader leaves, and this chart with it. */
export const transferMachine = createMachine({
  types: {} as {
    context: Transfer
    input: Transfer
    events: TransferEvent
    actions: { type: TransferReducer }
    guards: { type: TransferGuard }
  },
  id: 'transfer',
  context: ({ input }) => input,
  initial: 'idle',
  states: {
    idle: {
      on: {
        requested: [
          { guard: 'caughtUp', target: 'handedOff', actions: 'aim' },
          { target: 'catchingUp', actions: 'aim' },
        ],
      },
    },
    catchingUp: {
      on: {
        matched: { guard: 'targetCaughtUp', target: 'handedOff' },
        timeout: { target: 'idle', actions: 'release' }, // within an election timeout, or not at all
      },
    },
    handedOff: {
      on: { timeout: { target: 'idle', actions: 'release' } }, // TimeoutNow or the election was lost: lead on
    },
  },
})
