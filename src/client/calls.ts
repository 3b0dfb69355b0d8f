/** One call: attempts, pauses and a deadline over all of them. Knows neither what is asked nor who leads. */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import { WAITERS_MAX } from '../base/limits.ts'
import { sleep } from '../clock/turns.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import { type CallKind, finalError, hintOf, isSilence, lastWord, NO_PAST, type Past, remember, verdictOn } from './outcome.ts'
import { pauseMs } from './routes.ts'
import { REAL_WORLD, type World } from './world.ts'

/** An attempt that may be repeated is given no longer than this, so that a dead leader does not cost the whole deadline. */
export const ATTEMPT_MS_MAX = 1500

/** How long one that led may still answer a write after another was announced, in milliseconds. */
export const GRACE_MS = 500

/** Where one attempt goes. */
export interface Way {
  readonly subject: string
  /** Told when an answer came. */
  answered(): void
  /** Told when this way led nowhere. True when finding another takes its own time, so that the call need not pause. */
  lost(hint: string | null): boolean
  /** Calls back, once at most, when another node has come to lead. Returns how to stop that. */
  watch?(overtaken: (leader: string) => void): () => void
  /** Asks, where nobody listens, why that may be: null when there is no better reason. Never rejects. */
  explain?(): Promise<FlotillaError | null>
}

/** An explanation takes so long, in milliseconds. A call that has not as much time left does without. */
const EXPLAIN_MS_MAX = 300

/** A call to be made. */
export interface Call<T> extends CallKind {
  readonly timeoutMs: number
  /** The way for the next attempt; null when none was found within so many milliseconds. */
  readonly way: (ms: number) => Promise<Way | null>
  /** Sends it once and reads the answer; a refusal is thrown. */
  readonly attempt: (subject: string, timeoutMs: number) => Promise<T>
}

/** The calls of one client. */
export class Calls {
  readonly #callsMax: number
  readonly #world: World
  readonly #open = new Set<(error: FlotillaError) => void>()
  #closed = false

  constructor(callsMax: number = WAITERS_MAX, world: World = REAL_WORLD) {
    this.#callsMax = callsMax
    this.#world = world
  }

  /** Calls under way. */
  get size(): number {
    return this.#open.size
  }

  /** Makes a call. Rejects with `BUSY` when too many are under way, with `CLOSED` when the client is closed before the answer. */
  async make<T>(call: Call<T>): Promise<T> {
    if (this.#closed) throw new FlotillaError('CLOSED', 'the client is closed')
    if (this.#open.size >= this.#callsMax) {
      throw new FlotillaError('BUSY', `${this.#callsMax} calls are under way already`, { callsMax: this.#callsMax })
    }
    return new Promise<T>((resolve, reject) => {
      this.#open.add(reject)
      this.#run(call)
        .finally(() => this.#open.delete(reject))
        .then(resolve, reject)
    })
  }

  close(): void {
    this.#closed = true
    const error = new FlotillaError('CLOSED', 'the client was closed before an answer came; the outcome of a write is unknown')
    for (const reject of [...this.#open]) reject(error)
    this.#open.clear()
  }

  async #run<T>(call: Call<T>): Promise<T> {
    const { clock, chance } = this.#world
    const deadline = clock.now() + call.timeoutMs
    const leftMs = (): number => deadline - clock.now()
    let past = NO_PAST
    let reason: FlotillaError | null | undefined // asked for once in a call
    for (let failures = 1; ; failures++) {
      const way = await wayFor(call, past, leftMs())
      const remainingMs = Math.floor(leftMs())
      if (way === null || remainingMs < 1 || this.#closed) throw finalError(past, call)
      try {
        const answer = await attended(way, call, { clock, remainingMs })
        way.answered()
        return answer
      } catch (thrown) {
        const plain = toFlotillaError(thrown, 'UNAVAILABLE')
        const unheard = plain.code === 'UNAVAILABLE' && way.explain !== undefined && !past.unknown
        if (unheard && reason === undefined && leftMs() > EXPLAIN_MS_MAX) reason = await way.explain?.()
        const error = (unheard && reason) || plain
        const verdict = verdictOn(error, call)
        past = remember(past, error, call)
        // who is silent to a write may hang: this call ends, but the next one must not go there again
        const waited = (verdict === 'lost' || isSilence(error)) && way.lost(hintOf(error))
        if (verdict === 'fail') throw lastWord(error, past, call)
        if (!waited && leftMs() > 0) await sleep(clock, Math.min(pauseMs(error, failures, chance.next()), leftMs())) // not beyond the deadline
      }
    }
  }
}

/** The way for the next attempt. Why there can be none at all is the call's end. */
async function wayFor<T>(call: Call<T>, past: Past, ms: number): Promise<Way | null> {
  try {
    return await call.way(ms)
  } catch (error) {
    throw lastWord(toFlotillaError(error, 'UNAVAILABLE'), past, call)
  }
}

/**
 * Waits for one attempt, with an eye on whom it was sent to. A write that may not be repeated has the whole deadline; silent for as long
 * as others would be given, it waits on, but the calls after it look for the leader anew: they must not all go to one that hangs.
 * Once another node leads, it is given only a little longer, since who led may yet answer; what may be repeated does not wait at all.
 */
async function attended<T>(
  way: Way,
  call: Call<T>,
  { clock, remainingMs }: { readonly clock: Clock; readonly remainingMs: number },
): Promise<T> {
  const { repeatable } = call
  const attempt = call.attempt(way.subject, repeatable ? Math.min(remainingMs, ATTEMPT_MS_MAX) : remainingMs)
  const timers: Cancel[] = []
  let unwatch: (() => void) | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      attempt.then(resolve, reject)
      if (!repeatable) timers.push(clock.after(ATTEMPT_MS_MAX, () => way.lost(null)))
      unwatch = way.watch?.((leader) => {
        const end = (): void => reject(overtakenBy(leader))
        if (repeatable) end()
        else timers.push(clock.after(GRACE_MS, end))
      })
    })
  } finally {
    unwatch?.()
    for (const cancel of timers) cancel()
  }
}

const overtakenBy = (leader: string): FlotillaError =>
  new FlotillaError('TIMEOUT_UNKNOWN', 'the leader changed before an answer came; the outcome is unknown', { leader })
