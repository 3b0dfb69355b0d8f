/**
 * A client's view of one group: where its leader is thought to be, and how to find out when it is not. Runs as an actor.
 * The words are in src/client/routes.ts, the host in src/client/session.ts.
 */

import { createMachine, type PromiseActorLogic } from 'xstate'

/** Where requests for the leader go: to whoever listens on the group's own subject, or to one node by name. */
export type Route = { readonly kind: 'group' } | { readonly kind: 'node'; readonly node: string }

export interface SessionContext {
  readonly route: Route
  /** Rises with every new route, so that the many calls that see one loss count as one. */
  readonly serial: number
  /** Routes lost and searches that found nobody, since the last answer. */
  readonly failures: number
}

export type SessionEvent =
  | { readonly type: 'answered' }
  | { readonly type: 'lost'; readonly serial: number; readonly hint: string | null }

export type SessionGuard = 'hinted' | 'named' | 'outdated' | 'restless'
export type SessionReducer = 'countFailure' | 'followAnswer' | 'followHint' | 'settle'
export type SessionDelay = 'backoff' | 'seekTimeout'

/** Connected from the start: asking is the quickest way to learn whether somebody is there. */
export const sessionMachine = createMachine({
  types: {} as {
    context: SessionContext
    events: SessionEvent
    actions: { type: SessionReducer }
    guards: { type: SessionGuard }
    delays: SessionDelay
    actors: { src: 'askLeader'; logic: PromiseActorLogic<string | null> }
  },
  id: 'session',
  context: { route: { kind: 'group' }, serial: 0, failures: 0 },
  initial: 'connected',
  states: {
    connected: {
      on: {
        answered: { actions: 'settle' },
        lost: [
          { guard: 'outdated' }, // an earlier route: another call has seen to it
          { guard: 'hinted', actions: 'followHint' }, // who refused us knows better
          { guard: 'restless', target: 'backingOff', actions: 'countFailure' }, // an election, most likely: let it happen
          { target: 'seeking', actions: 'countFailure' },
        ],
      },
    },
    seeking: {
      invoke: {
        src: 'askLeader',
        onDone: [
          { guard: 'named', target: 'connected', actions: 'followAnswer' },
          { target: 'backingOff', actions: 'countFailure' },
        ],
        onError: { target: 'backingOff', actions: 'countFailure' },
      },
      after: { seekTimeout: { target: 'backingOff', actions: 'countFailure' } },
    },
    backingOff: {
      after: { backoff: 'seeking' },
    },
  },
})
