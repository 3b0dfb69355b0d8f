/**
 * One snapshot on its way to one follower, as the leader's node sees it: the receiver pulls, the sender offers, listens and waits. Runs as an actor;
 * the host is in src/node/snapshots/sender.ts.
 */

import { createMachine, type PromiseActorLogic } from 'xstate'

export interface SenderContext {
  /** How often it was offered again because nothing was heard of it. */
  readonly repeats: number
  /** Why it was declined, or failed. */
  readonly error: unknown
}

export type SenderEvent =
  /** The follower fetched a piece, or told how far it is. */
  | { readonly type: 'heard' }
  /** It has all pieces, and installs them. */
  | { readonly type: 'complete' }
  /** Its log goes on from the snapshot. */
  | { readonly type: 'acknowledged' }
  /** It does not want it, or could not have it. */
  | { readonly type: 'declined'; readonly error: unknown }
  /** A piece of it is lost here: it has to be made anew. */
  | { readonly type: 'damaged'; readonly error: unknown }
  /** We do not lead any more, or it is no follower any more. */
  | { readonly type: 'revoked' }

export type SenderGuard = 'mayRepeat'
export type SenderAction = 'countRepeat' | 'giveUp' | 'keepError' | 'offer'
export type SenderDelay = 'exportTimeout' | 'offerTimeout' | 'silenceTimeout' | 'installTimeout'

export const senderMachine = createMachine({
  types: {} as {
    context: SenderContext
    events: SenderEvent
    actions: { type: SenderAction }
    guards: { type: SenderGuard }
    delays: SenderDelay
    actors: { src: 'exportState'; logic: PromiseActorLogic<void>; id: string | undefined }
  },
  id: 'snapshotSender',
  context: { repeats: 0, error: null },
  initial: 'exporting',
  states: {
    exporting: {
      // the state as it is now; followers of one group share it
      invoke: { src: 'exportState', onDone: 'offering', onError: { target: 'failed', actions: 'keepError' } },
      on: { acknowledged: 'done', revoked: 'failed' },
      after: { exportTimeout: { target: 'failed', actions: 'giveUp' } },
    },
    offering: {
      entry: 'offer',
      on: {
        heard: 'streaming',
        complete: 'awaitingInstall',
        acknowledged: 'done', // it had all of it, or got it elsewhere
        declined: { target: 'declined', actions: 'keepError' },
        damaged: [
          { guard: 'mayRepeat', target: 'exporting', actions: 'countRepeat' }, // what else there is of it is used again
          { target: 'failed', actions: 'keepError' },
        ],
        revoked: 'failed',
      },
      after: {
        offerTimeout: [
          { guard: 'mayRepeat', target: 'offering', reenter: true, actions: 'countRepeat' }, // the offer was lost
          { target: 'failed', actions: 'giveUp' },
        ],
      },
    },
    streaming: {
      on: {
        heard: { target: 'streaming', reenter: true }, // it lives: the silence begins anew
        complete: 'awaitingInstall',
        acknowledged: 'done',
        declined: { target: 'declined', actions: 'keepError' },
        damaged: [
          { guard: 'mayRepeat', target: 'exporting', actions: 'countRepeat' },
          { target: 'failed', actions: 'keepError' },
        ],
        revoked: 'failed',
      },
      after: {
        silenceTimeout: [
          { guard: 'mayRepeat', target: 'offering', actions: 'countRepeat' }, // it restarted, and knows of no offer
          { target: 'failed', actions: 'giveUp' },
        ],
      },
    },
    awaitingInstall: {
      on: {
        complete: { target: 'awaitingInstall', reenter: true }, // still at it
        heard: 'streaming', // something was damaged, and is fetched again
        acknowledged: 'done',
        declined: { target: 'declined', actions: 'keepError' },
        damaged: [
          { guard: 'mayRepeat', target: 'exporting', actions: 'countRepeat' },
          { target: 'failed', actions: 'keepError' },
        ],
        revoked: 'failed',
      },
      after: {
        installTimeout: [
          { guard: 'mayRepeat', target: 'offering', actions: 'countRepeat' },
          { target: 'failed', actions: 'giveUp' },
        ],
      },
    },
    done: { type: 'final' },
    declined: { type: 'final' },
    failed: { type: 'final' },
  },
})
