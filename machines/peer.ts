/** Life of one peer on its node. Cold: an actor that hears of it a few times, while the role chart does the work. */

import { assign, createMachine } from 'xstate'

export interface PeerLifeContext {
  /** Why it failed. */
  readonly error: unknown
}

export type PeerLifeEvent =
  | { readonly type: 'loaded' }
  /** An invariant broke, or its state machine threw: this peer guesses nothing and says nothing more. Its node lives on. */
  | { readonly type: 'broken'; readonly error: unknown }
  /** What the disk holds of it is not what was written: it has forgotten what it promised, so nothing it says may count. Its node lives on. */
  | { readonly type: 'damaged'; readonly error: unknown }
  | { readonly type: 'stop' }
  | { readonly type: 'flushed' }
  /** The peer is no member of its group any more: what it holds is to go, and a tombstone to stay. */
  | { readonly type: 'removed' }
  | { readonly type: 'destroyed' }

export const peerMachine = createMachine({
  types: {} as { context: PeerLifeContext; events: PeerLifeEvent },
  id: 'peer',
  context: { error: null },
  initial: 'loading',
  states: {
    loading: {
      on: {
        loaded: 'running',
        removed: 'destroying',
        damaged: { target: 'quarantined', actions: assign({ error: ({ event }) => event.error }) },
        broken: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
        stop: 'stopped',
      },
    },
    running: {
      on: {
        stop: 'stopping',
        removed: 'destroying',
        damaged: { target: 'quarantined', actions: assign({ error: ({ event }) => event.error }) },
        broken: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    destroying: {
      // its data goes; what a stop leaves of it goes when the store is opened next
      on: {
        destroyed: 'stopped',
        stop: 'stopped',
        broken: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    stopping: {
      on: {
        flushed: 'stopped',
        broken: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    quarantined: {
      // reads nothing, votes nothing, counts nowhere, until its data is destroyed and another peer takes its place
      on: { destroyed: 'stopped', stop: 'stopped' },
    },
    failed: { on: { stop: 'stopped' } },
    stopped: { type: 'final' },
  },
})
