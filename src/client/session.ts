/** Runs one group's session: hands out the way to the leader, and lets calls wait while it is being looked for. Knows no call. */

import { type ActorRefFrom, assign, createActor, fromPromise } from 'xstate'
import { type Finding, type Route, type SessionContext, sessionMachine } from '../../machines/session.ts'
import { FlotillaError } from '../base/errors.ts'
import { systemChance } from '../chance/system.ts'
import { actorClock } from '../clock/actor-clock.ts'
import type { Chance } from '../ports/chance.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import {
  backoffMs,
  countFailure,
  followFinding,
  followGroup,
  followHint,
  isHinted,
  isNamed,
  isOutdated,
  isRestless,
  isUnheard,
  type Loss,
  settle,
} from './routes.ts'
import { REAL_WORLD, type World } from './world.ts'

/** A search that takes longer is given up, in milliseconds. */
export const SEEK_TIMEOUT_MS = 500

/** One replica is given so long to answer, in milliseconds: one that hangs costs little, and the next question reaches another. */
export const ASK_TIMEOUT_MS = 250

/** Asks any replica who leads. May be asked as often as one likes. */
export type AskLeader = (timeoutMs: number) => Promise<Finding>

/** What a session needs of the world. */
export interface SessionHost {
  readonly group: string
  readonly askLeader: AskLeader
  readonly logger: Logger
  /** Default: the machine's. */
  readonly world?: World
}

/** A route, and the number under which its loss is reported. */
export interface NumberedRoute {
  readonly route: Route
  readonly serial: number
  /** Highest term of a leader that was believed when the route was found. */
  readonly term: number
}

/** The chart with its words. The search is the host's. */
export const sessionLogic = (askLeader: AskLeader, chance: Chance = systemChance) =>
  sessionMachine.provide({
    actors: { askLeader: fromPromise(() => search(askLeader)) },
    guards: {
      outdated: ({ context, event }) => isOutdated(context, event as unknown as Loss),
      hinted: ({ context, event }) => isHinted(context, event as unknown as Loss),
      restless: ({ context }) => isRestless(context),
      named: ({ context, event }) => isNamed(context, findingOf(event)),
      unheard: ({ event }) => isUnheard('error' in event ? event.error : null),
    },
    actions: {
      countFailure: assign(({ context }) => countFailure(context)),
      followFinding: assign(({ context, event }) => followFinding(context, findingOf(event))),
      followGroup: assign(({ context }) => followGroup(context)),
      followHint: assign(({ context, event }) => followHint(context, event as unknown as Loss)),
      settle: assign(() => settle()),
    },
    delays: {
      backoff: ({ context }) => backoffMs(context.failures, chance.next()),
      seekTimeout: SEEK_TIMEOUT_MS,
    },
  })

/** What a finished search brought. */
const findingOf = (event: object): Finding => ('output' in event ? (event.output as Finding) : NOBODY)

const NOBODY: Finding = { leader: null, term: 0 }

/** Asks until somebody answers or the search has had its time. */
async function search(ask: AskLeader): Promise<Finding> {
  for (let leftMs = SEEK_TIMEOUT_MS; ; leftMs -= ASK_TIMEOUT_MS) {
    try {
      return await ask(Math.min(leftMs, ASK_TIMEOUT_MS))
    } catch (error) {
      const silent = error instanceof FlotillaError && error.code === 'TIMEOUT'
      if (!silent || leftMs <= ASK_TIMEOUT_MS) throw error
    }
  }
}

export class Session {
  readonly #clock: Clock
  readonly #actor: ActorRefFrom<typeof sessionMachine>
  /** Calls that wait for a route. Bounded by the bound on calls. */
  readonly #waiting = new Set<() => void>()

  constructor({ group, askLeader, logger, world = REAL_WORLD }: SessionHost) {
    this.#clock = world.clock
    this.#actor = createActor(sessionLogic(askLeader, world.chance), { clock: actorClock(world.clock) })
    this.#actor.subscribe({
      next: ({ value, context }) => {
        logger.debug({ group, state: value, route: context.route, failures: context.failures }, 'session')
        if (this.current !== null) this.#wake()
      },
      error: (error) => logger.error({ group, error }, 'the session failed'),
    })
    this.#actor.start()
  }

  /** The route now, or null while it is being looked for. */
  get current(): NumberedRoute | null {
    const snapshot = this.#actor.getSnapshot()
    return snapshot.matches('connected') ? (snapshot.context as SessionContext) : null
  }

  /** The route, as soon as there is one; null when that takes too long, or the session is stopped. */
  async routeWithin(ms: number): Promise<NumberedRoute | null> {
    if (this.current === null && ms > 0) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          cancel()
          this.#waiting.delete(wake)
          resolve()
        }
        const cancel = this.#clock.after(ms, wake)
        this.#waiting.add(wake)
      })
    }
    return this.current
  }

  /** A call got its answer on the present route. */
  answered(): void {
    if (this.#actor.getSnapshot().context.failures > 0) this.#actor.send({ type: 'answered' })
  }

  /** A call got none, or a refusal that may name the leader. */
  lost(route: NumberedRoute, hint: string | null): void {
    this.#actor.send({ type: 'lost', serial: route.serial, hint })
  }

  /** Another node is known to lead since that term: nobody need be asked who does. */
  announced(node: string, term: number): void {
    const { current } = this
    if (current === null || term <= current.term) return
    if (current.route.kind === 'group' || current.route.node !== node) this.lost(current, node)
  }

  /** Wakes everybody who waits, so that they look whether waiting is any use. */
  stir(): void {
    this.#wake()
  }

  /** Wakes everybody who waits; there is no route any more than there was. */
  stop(): void {
    this.#actor.stop()
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}
