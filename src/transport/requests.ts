/** Questions that wait for an answer: tokens, deadlines, a bound. Knows neither subjects' meaning nor how a message travels. */

import { FlotillaError } from '../base/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { GatherOptions, Incoming } from '../ports/transport.ts'

/** Questions waiting on one connection. */
export const REQUESTS_MAX = 16_384

/** The part of a clock that deadlines need. */
export type After = Clock['after']

interface Pending {
  readonly subject: string
  readonly cancel: Cancel
  /** Whether further answers are awaited after the first. */
  readonly many: boolean
  hear(message: Incoming): void
  reject(error: FlotillaError): void
}

/** A question that may be sent now, and the answer to come. */
export interface OpenRequest {
  /** Last token of the reply subject. */
  readonly token: string
  readonly answer: Promise<Incoming>
}

/** A question to everyone that may be sent now, and the end of its time. */
export interface OpenGathering {
  readonly token: string
  readonly over: Promise<void>
}

/** The deadline of a process that lives in real time. */
export const wallAfter: After = (ms, callback) => {
  const timer = setTimeout(callback, ms)
  return () => clearTimeout(timer)
}

export class Requests {
  readonly #after: After
  readonly #pending = new Map<string, Pending>()
  #serial = 0

  constructor(after: After = wallAfter) {
    this.#after = after
  }

  get size(): number {
    return this.#pending.size
  }

  /** Opens a request: the answer rejects with `TIMEOUT` after so many milliseconds. Throws `BUSY` when too many wait. */
  open(subject: string, timeoutMs: number): OpenRequest {
    const token = this.#nextToken(subject)
    const answer = new Promise<Incoming>((resolve, reject) => {
      const cancel = this.#after(timeoutMs, () => {
        this.refuse(token, new FlotillaError('TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`, { subject, timeoutMs }))
      })
      this.#pending.set(token, { subject, cancel, many: false, hear: resolve, reject })
    })
    return { token, answer }
  }

  /** Opens a question to everyone: it is over after so many milliseconds. Throws `BUSY` when too many wait. */
  openMany(subject: string, { timeoutMs, onAnswer }: GatherOptions): OpenGathering {
    const token = this.#nextToken(subject)
    const over = new Promise<void>((resolve, reject) => {
      const cancel = this.#after(timeoutMs, () => {
        this.#take(token)
        resolve()
      })
      this.#pending.set(token, { subject, cancel, many: true, hear: onAnswer, reject })
    })
    return { token, over }
  }

  /** Hands an answer to who asked. Late and repeated answers find nobody. */
  settle(token: string, message: Incoming): void {
    const pending = this.#pending.get(token)
    if (pending?.many === false) this.#take(token)
    pending?.hear(message)
  }

  /** Ends one request without an answer. */
  refuse(token: string, error: FlotillaError): void {
    this.#take(token)?.reject(error)
  }

  /** Tells who asked that nobody listens. */
  refuseUnheard(token: string): void {
    const pending = this.#take(token)
    pending?.reject(new FlotillaError('UNAVAILABLE', `nobody listens on ${pending.subject}`, { subject: pending.subject }))
  }

  /** Ends all requests, or those on one subject. */
  refuseAll(error: FlotillaError, subject?: string): void {
    for (const [token, pending] of this.#pending)
      if (subject === undefined || pending.subject === subject) this.refuse(token, error)
  }

  #nextToken(subject: string): string {
    if (this.#pending.size >= REQUESTS_MAX) {
      throw new FlotillaError('BUSY', `${REQUESTS_MAX} requests already wait for an answer`, { subject })
    }
    return (this.#serial++).toString(36)
  }

  #take(token: string): Pending | undefined {
    const pending = this.#pending.get(token)
    this.#pending.delete(token)
    pending?.cancel()
    return pending
  }
}
