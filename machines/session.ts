/**
 * A client's view of one group: where its leader is thought to be, and how to find out when it is not. Runs as an actor.
 * The words are in src/client/routes.ts, the host in src/client/session.ts.
 */

import { createMachine, type PromiseActorLogic } from 'xstate'

/** Where requests for the leader go: to one node by name, or, when nobody can say which, to the group's own leader-only subject. */
export type Route = { readonly kind: 'group' } | { readonly kind: 'node'; readonly node: string }

/** What a search brings: whom a replica takes for the leader (null: nobody), and in which term. */
export interface Finding {
  readonly leader: string | null
  readonly term: number
}

export interface SessionContext {
  readonly route: Route
  /** Highest term of a leader that was believed: who still speaks of an earlier one has not heard of the change. */
  readonly term: number
  /** Rises with every new route, so that the many calls that see one loss count as one. */
  readonly serial: number
  /** Routes lost and searches that found nobody, since the last answer. */
  readonly failures: number
}

export type SessionEvent =
  | { readonly type: 'answered' }
  | { readonly type: 'lost'; readonly serial: number; readonly hint: string | null }

export type SessionGuard = 'hinted' | 'named' | 'outdated' | 'restless' | 'unheard'
export type SessionReducer = 'countFailure' | 'followFinding' | 'followGroup' | 'followHint' | 'settle'
export type SessionDelay = 'backoff' | 'seekTimeout'

/**
 * Seeking from the start: a question can be repeated and a write cannot. On the group's own subject a leader that hangs still takes
 * its share of the requests beside the one that came after it, so nothing is sent there while somebody can say who leads.
 */
export const sessionMachine = createMachine({
  types: {} as {
    context: SessionContext
    events: SessionEvent
    actions: { type: SessionReducer }
    guards: { type: SessionGuard }
    delays: SessionDelay
    actors: { src: 'askLeader'; logic: PromiseActorLogic<Finding> }
  },
  id: 'session',
  context: { route: { kind: 'group' }, term: 0, serial: 0, failures: 0 },
  initial: 'seeking',
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
          { guard: 'named', target: 'connected', actions: 'followFinding' },
          { target: 'backingOff', actions: 'countFailure' }, // nobody leads, or who was asked is behind
        ],
        onError: [
          { guard: 'unheard', target: 'connected', actions: 'followGroup' }, // nobody can say: the last resort
          { target: 'backingOff', actions: 'countFailure' },
        ],
      },
      after: { seekTimeout: { target: 'backingOff', actions: 'countFailure' } },
    },
    backingOff: {
      after: { backoff: 'seeking' },
    },
  },
})
