/** Life of one node: what it does while it comes and goes. The work itself is elsewhere; this chart says when. */

import { assign, createMachine, type PromiseActorLogic } from 'xstate'

export interface NodeLifeContext {
  /** Why it failed. */
  readonly error: unknown
}

export type NodeLifeEvent =
  | { readonly type: 'stop' }
  /** The disk failed, or something that cannot be gone on with. Nothing is acknowledged after this. */
  | { readonly type: 'failed'; readonly error: unknown }

/** What the host does in each state. Each promise ends the state; a rejection fails the node. */
export type NodeLifeActor = 'open' | 'join' | 'drain' | 'abandon'

export const nodeMachine = createMachine({
  types: {} as {
    context: NodeLifeContext
    events: NodeLifeEvent
    actors: { src: NodeLifeActor; logic: PromiseActorLogic<void>; id: string | undefined }
  },
  id: 'node',
  context: { error: null },
  initial: 'opening',
  states: {
    opening: {
      // the store and every group in it
      invoke: {
        src: 'open',
        onDone: 'joining',
        onError: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
      on: { stop: 'draining' },
    },
    joining: {
      // is anybody else of our name there?
      invoke: {
        src: 'join',
        onDone: 'serving',
        onError: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
      on: {
        stop: 'draining',
        failed: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    serving: {
      on: {
        stop: 'draining',
        failed: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    draining: {
      // hand leadership off, answer who waits, flush, close
      invoke: {
        src: 'drain',
        onDone: 'closed',
        onError: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
      },
      on: { failed: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) } },
    },
    failed: {
      // promise nothing more; let others lead
      invoke: { src: 'abandon', onDone: 'closed', onError: 'closed' },
    },
    closed: { type: 'final' },
  },
})
