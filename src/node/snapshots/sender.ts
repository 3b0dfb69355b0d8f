/** Runs the chart of one snapshot on its way out. Knows what the chart's words are done with, and nothing of messages. */

import { type Actor, assign, createActor, fromPromise } from 'xstate'
import { type SenderEvent, senderMachine } from '../../../machines/snapshot-sender.ts'
import { FlotillaError } from '../../base/errors.ts'
import { actorClock } from '../../clock/actor-clock.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SnapshotTiming } from './group.ts'

/** How it ends. */
export type SenderEnd = 'done' | 'declined' | 'failed'

export interface SenderOptions {
  readonly timing: SnapshotTiming
  readonly clock: Clock
  /** Makes the state ready to be fetched. */
  readonly exportState: () => Promise<void>
  /** Tells the follower of it. */
  readonly offer: () => void
  readonly onState: (state: string) => void
  /** Called once, unless it is stopped before. */
  readonly onEnd: (end: SenderEnd, error: unknown) => void
}

const silent = (): FlotillaError => new FlotillaError('TIMEOUT', 'nothing was heard of who should receive the snapshot')

/** The chart with its words. */
export const senderLogic = ({ timing, exportState, offer }: SenderOptions) =>
  senderMachine.provide({
    actors: { exportState: fromPromise(() => exportState()) },
    guards: { mayRepeat: ({ context }) => context.repeats < timing.repeatsMax },
    actions: {
      countRepeat: assign(({ context }) => ({ repeats: context.repeats + 1 })),
      giveUp: assign(() => ({ error: silent() })),
      keepError: assign(({ event }) => ({ error: 'error' in event ? event.error : null })),
      offer: () => offer(),
    },
    delays: {
      exportTimeout: timing.exportTimeoutMs,
      offerTimeout: timing.offerTimeoutMs,
      silenceTimeout: timing.silenceTimeoutMs,
      installTimeout: timing.silenceTimeoutMs,
    },
  })

export class Sender {
  readonly #actor: Actor<ReturnType<typeof senderLogic>>

  constructor(options: SenderOptions) {
    const { onState, onEnd } = options
    this.#actor = createActor(senderLogic(options), { clock: actorClock(options.clock) })
    let said = ''
    this.#actor.subscribe({
      next: ({ value, status, context }) => {
        if (value !== said) onState(String(value))
        said = String(value)
        if (status === 'done') onEnd(value as SenderEnd, context.error)
      },
      error: (error) => onEnd('failed', error),
    })
  }

  start(): void {
    this.#actor.start()
  }

  get state(): string {
    return String(this.#actor.getSnapshot().value)
  }

  tell(event: SenderEvent): void {
    this.#actor.send(event)
  }

  /** Ends it without a word. */
  stop(): void {
    this.#actor.stop()
  }
}
