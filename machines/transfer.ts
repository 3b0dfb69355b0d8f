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
        requested: [
          { guard: 'sameTarget' }, // under way: asking again buys no time
          { guard: 'caughtUp', target: 'handedOff', actions: 'aim' }, // who asks last decides
          { actions: 'aim' },
        ],
        matched: { guard: 'targetCaughtUp', target: 'handedOff' },
        cancelled: { target: 'idle', actions: 'release' }, // wanted back, or the target votes no more
        timeout: { target: 'idle', actions: 'release' }, // within an election timeout, or not at all
      },
    },
    handedOff: {
      entry: 'tell',
      on: {
        requested: [
          { guard: 'sameTarget' }, // told already
          { guard: 'caughtUp', actions: 'aim' }, // the word to the first may be lost: now the second hears it
          { target: 'catchingUp', actions: 'aim' },
        ],
        cancelled: { target: 'idle', actions: 'release' }, // lead on; should the target win yet, its term ends ours
        timeout: { target: 'idle', actions: 'release' }, // TimeoutNow or the election was lost: lead on
      },
    },
  },
})
