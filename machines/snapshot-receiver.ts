/**
 * One snapshot as the follower's node fetches it: the manifest, then the chunks it lacks, until all is there and can be installed. What was fetched is
 * kept, so that whoever begins again begins there. Runs as an actor; the host is in src/node/snapshots/receiver.ts.
 */

import { createMachine, type PromiseActorLogic } from 'xstate'

export interface ReceiverContext {
  /** Attempts that failed since something new was there. */
  readonly failures: number
  /** Why it failed. */
  readonly error: unknown
}

export type ReceiverEvent =
  /** A piece is there that was not. */
  | { readonly type: 'progressed' }
  /** Another snapshot takes its place, or the node stops. */
  | { readonly type: 'dropped' }

export type ReceiverGuard = 'hasManifest' | 'mayRetry'
export type ReceiverAction = 'countFailure' | 'forgetFailures' | 'keepError' | 'giveUp'
export type ReceiverDelay = 'backoff' | 'fetchTimeout'
/** What the host does in each state. Each promise ends the state. `decide` says whether the manifest is here. */
export type ReceiverActor = 'decide' | 'fetchManifest' | 'pull' | 'verify' | 'install'

export const receiverMachine = createMachine({
  types: {} as {
    context: ReceiverContext
    events: ReceiverEvent
    actions: { type: ReceiverAction }
    guards: { type: ReceiverGuard }
    delays: ReceiverDelay
    actors: { src: ReceiverActor; logic: PromiseActorLogic<unknown>; id: string | undefined }
  },
  id: 'snapshotReceiver',
  context: { failures: 0, error: null },
  initial: 'deciding',
  states: {
    deciding: {
      invoke: {
        src: 'decide',
        onDone: [{ guard: 'hasManifest', target: 'pulling' }, { target: 'fetching' }], // it is the one we had begun with
        onError: { target: 'failed', actions: 'keepError' },
      },
      on: { dropped: 'dropped' },
    },
    fetching: {
      invoke: {
        src: 'fetchManifest',
        onDone: 'pulling',
        onError: [
          { guard: 'mayRetry', target: 'resting', actions: 'countFailure' },
          { target: 'failed', actions: 'keepError' },
        ],
      },
      on: { progressed: { actions: 'forgetFailures' }, dropped: 'dropped' },
      after: { fetchTimeout: { target: 'failed', actions: 'giveUp' } },
    },
    pulling: {
      invoke: {
        src: 'pull',
        onDone: 'verifying',
        onError: [
          { guard: 'mayRetry', target: 'resting', actions: 'countFailure' }, // nobody could be asked just now
          { target: 'failed', actions: 'keepError' },
        ],
      },
      on: { progressed: { actions: 'forgetFailures' }, dropped: 'dropped' },
    },
    resting: {
      on: { dropped: 'dropped' },
      after: { backoff: 'deciding' },
    },
    verifying: {
      invoke: {
        src: 'verify',
        onDone: 'installing',
        onError: [
          { guard: 'mayRetry', target: 'resting', actions: 'countFailure' }, // what was damaged is gone, and fetched again
          { target: 'failed', actions: 'keepError' },
        ],
      },
      on: { dropped: 'dropped' },
    },
    installing: {
      // no deadline of its own: it is the disk's turn, and who waits for the disk is watched already
      invoke: { src: 'install', onDone: 'done', onError: { target: 'failed', actions: 'keepError' } },
      on: { dropped: 'dropped' },
    },
    done: { type: 'final' },
    failed: { type: 'final' },
    dropped: { type: 'final' },
  },
})
