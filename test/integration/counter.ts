/** The user's machine that the integration tests replicate: it counts. Knows nothing of the cluster. */

import { assign, setup } from 'xstate'

/** Counts what it is given. */
export const counter = setup({
  types: { context: {} as { count: number }, events: {} as { type: 'add'; amount: number } },
}).createMachine({
  id: 'counter',
  context: { count: 0 },
  on: { add: { actions: assign({ count: ({ context, event }) => context.count + event.amount }) } },
})

/** All machines of the group `actors`. */
export const registry = { counter }
