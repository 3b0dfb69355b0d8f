/** Runs the chart of one snapshot on its way in. Knows what the chart's words are done with, and nothing of chunks. */

import { type Actor, assign, createActor, fromPromise } from 'xstate'
import { type ReceiverActor, type ReceiverEvent, receiverMachine } from '../../../machines/snapshot-receiver.ts'
import { type Code, FlotillaError } from '../../base/errors.ts'
import { actorClock } from '../../clock/actor-clock.ts'
import type { Chance } from '../../ports/chance.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SnapshotTiming } from './group.ts'

/** How it ends. */
export type ReceiverEnd = 'done' | 'failed' | 'dropped'

/** What is done in each state. Each promise ends the state. */
export type ReceiverWork = Readonly<Record<Exclude<ReceiverActor, 'decide'>, () => Promise<void>>> & {
  /** Whether the manifest is here. */
  readonly decide: () => Promise<boolean>
}

export interface ReceiverOptions {
  readonly timing: SnapshotTiming
  readonly clock: Clock
  readonly work: ReceiverWork
  /** Whether another attempt may help, as far as is known of the group. Default: it may. */
  readonly mayHelp?: () => boolean
  /** Takes up to a half of a pause, so that receivers that failed together do not come back together. */
  readonly chance: Chance
  readonly onState: (state: string) => void
  /** Called once. */
  readonly onEnd: (end: ReceiverEnd, error: unknown) => void
}

/** What another attempt would not change. */
const PERMANENT: ReadonlySet<Code> = new Set<Code>(['STORE_MISMATCH', 'STORE_CLOSED', 'STORAGE_FAILED', 'CLOSED', 'INVARIANT'])

const isPermanent = (error: unknown): boolean => error instanceof FlotillaError && PERMANENT.has(error.code)

/** How long to pause after so many failures. */
export function pauseMs(failures: number, { backoffMsMin, backoffMsMax }: SnapshotTiming, chance: number): number {
  return Math.round(Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(Math.max(failures - 1, 0), 20)) * (1 - chance / 2))
}

/** The chart with its words. */
export const receiverLogic = ({ timing, work, mayHelp = () => true, chance }: ReceiverOptions) =>
  receiverMachine.provide({
    actors: {
      decide: fromPromise<unknown>(() => work.decide()),
      fetchManifest: fromPromise<unknown>(() => work.fetchManifest()),
      pull: fromPromise<unknown>(() => work.pull()),
      verify: fromPromise<unknown>(() => work.verify()),
      install: fromPromise<unknown>(() => work.install()),
    } satisfies Record<ReceiverActor, unknown>,
    guards: {
      hasManifest: ({ event }) => 'output' in event && event.output === true,
      mayRetry: ({ context, event }) =>
        context.failures < timing.failuresMax && mayHelp() && !isPermanent('error' in event ? event.error : null),
    },
    actions: {
      countFailure: assign(({ context }) => ({ failures: context.failures + 1 })),
      forgetFailures: assign(({ context }) => (context.failures === 0 ? context : { failures: 0 })),
      keepError: assign(({ event }) => ({ error: 'error' in event ? event.error : null })),
      giveUp: assign(() => ({ error: new FlotillaError('TIMEOUT', 'the manifest could not be had in time') })),
    },
    delays: {
      backoff: ({ context }) => pauseMs(context.failures, timing, chance.next()),
      fetchTimeout: timing.fetchTimeoutMs,
    },
  })

export class Receiver {
  readonly #actor: Actor<ReturnType<typeof receiverLogic>>

  constructor(options: ReceiverOptions) {
    const { onState, onEnd } = options
    this.#actor = createActor(receiverLogic(options), { clock: actorClock(options.clock) })
    let said = ''
    this.#actor.subscribe({
      next: ({ value, status, context }) => {
        if (value !== said) onState(String(value))
        said = String(value)
        if (status === 'done') onEnd(value as ReceiverEnd, context.error)
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

  tell(event: ReceiverEvent): void {
    this.#actor.send(event)
  }
}
