/** Reads on their way: which may be answered at once, which wait for an index, and how fresh a replica is known to be. Knows no role and no network. */

import type { LogIndex } from '../protocol/types.ts'
import type { Freshness } from '../wire/freshness.ts'
import { ageOf, type Moment } from './moments.ts'

/**
 * `here`: answer with what this replica has. `lease`: with it, if a lease covers that; else as `confirm`. `confirm`: learn an index first, at which
 * the read is linearizable (thesis 6.4).
 */
export type Plan = 'here' | 'lease' | 'confirm'

/** How a replica goes about a read. `ageMs`: how long ago it is known to have held everything committed; infinite when it never was. */
export function planRead({ consistency, maxStalenessMs }: Freshness, ageMs: number): Plan {
  switch (consistency) {
    case 'stale':
      return maxStalenessMs === undefined || ageMs <= maxStalenessMs ? 'here' : 'confirm'
    case 'lease':
      return 'lease'
    default:
      return 'confirm'
  }
}

/** A question to the core. */
export interface Question {
  /** When the caller asked. */
  readonly moment: Moment
  /** When nobody waits for it any more, by the monotonic clock. */
  readonly dueAt: number
  /** The first round of heartbeats that is no older than a lease, if one may answer it. */
  readonly freshRound?: number | undefined
}

interface Asked extends Question {
  /** When the core was last asked. */
  askedAt: number
}

interface Confirmed extends Question {
  readonly ticket: number
  readonly index: LogIndex
}

/** The reads of one peer. Bounded by who waits for them. */
export class Reads {
  /** In the core, waiting for an index. */
  readonly #asked = new Map<number, Asked>()
  /** Their index is not applied yet. */
  #confirmed: Confirmed[] = []
  /** Everything committed before this moment is in the state machine. */
  #complete: Moment | null = null

  /** The core is asked now. */
  ask(ticket: number, question: Question): void {
    this.#asked.set(ticket, { ...question, askedAt: question.moment.at })
  }

  /** How long ago this replica is known to have held everything committed, in milliseconds. */
  age(now: Moment): number {
    return this.#complete === null ? Number.POSITIVE_INFINITY : ageOf(this.#complete, now)
  }

  /** The core names the index. Who is not waiting, since a question was asked twice or for too long, is passed over. */
  confirm(tickets: readonly number[], index: LogIndex): void {
    for (const ticket of tickets) {
      const asked = this.#asked.get(ticket)
      if (!asked) continue
      this.#asked.delete(ticket)
      this.#confirmed.push({ ...asked, ticket, index })
    }
  }

  /** Takes out whatever may be answered with everything up to `applied`. */
  take(applied: LogIndex): readonly number[] {
    if (this.#confirmed.length === 0) return []
    const ready = this.#confirmed.filter(({ index }) => index <= applied)
    if (ready.length === 0) return []
    this.#confirmed = this.#confirmed.filter(({ index }) => index > applied)
    for (const { moment } of ready) if (this.#complete === null || moment.at > this.#complete.at) this.#complete = moment
    return ready.map(({ ticket }) => ticket)
  }

  /** These are not in the core any more. */
  drop(tickets: readonly number[]): void {
    for (const ticket of tickets) this.#asked.delete(ticket)
  }

  /** All that are in the core; they are not any more. */
  takeAsked(): readonly number[] {
    const tickets = [...this.#asked.keys()]
    this.#asked.clear()
    return tickets
  }

  /** What nobody waits for is forgotten; what went unanswered for so many milliseconds may be lost, and is to be asked again. */
  overdue(now: number, ms: number): readonly number[] {
    const again: number[] = []
    if (this.#confirmed.some(({ dueAt }) => dueAt <= now)) this.#confirmed = this.#confirmed.filter(({ dueAt }) => dueAt > now)
    for (const [ticket, asked] of this.#asked) {
      if (asked.dueAt <= now) this.#asked.delete(ticket)
      else if (now - asked.askedAt >= ms) {
        asked.askedAt = now
        again.push(ticket)
      }
    }
    return again
  }
}
