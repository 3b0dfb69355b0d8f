/** Questions of a RawNode that wait for an answer: which ticket stands for which of the caller's words, and until when. Knows no roles. */

import { READ_WAIT_TIMEOUTS, READS_MAX } from '../base/limits.ts'
import { prng } from '../base/prng.ts'
import type { RawSettings } from './raw-options.ts'

const FIRST_TICKETS = 2 ** 48

interface Asked {
  readonly context: string
  readonly tick: number
}

export class RawReads {
  /** By ticket, oldest first. */
  readonly #asked = new Map<number, Asked>()
  readonly #ticks: number
  #ticket: number

  constructor(settings: RawSettings) {
    this.#ticks = READ_WAIT_TIMEOUTS * settings.electionTick
    this.#ticket = firstTicket(settings)
  }

  /** Whether there is no room for another one. */
  get isFull(): boolean {
    return this.#asked.size >= READS_MAX
  }

  /** A new question. Returns its ticket. */
  ask(context: string, now: number): number {
    this.#asked.set(++this.#ticket, { context, tick: now })
    return this.#ticket
  }

  /** The caller's words for a ticket, once; undefined if it is not ours, was answered before, or waited too long. */
  take(ticket: number): string | undefined {
    const asked = this.#asked.get(ticket)
    this.#asked.delete(ticket)
    return asked?.context
  }

  /** Forgets what has waited too long. */
  expire(now: number): void {
    for (const [ticket, { tick }] of this.#asked) {
      if (now - tick < this.#ticks) return
      this.#asked.delete(ticket)
    }
  }
}

/**
 * An answer to a question of an earlier life may come at any time, with an index of that time: so no life counts from where another did. The seed and
 * what the disk holds tell them apart.
 */
function firstTicket({ seed, id, initial: { hardState, entries, applied } }: RawSettings): number {
  const { term, vote, commit } = hardState
  let mixed = seed
  for (const part of [id, term, vote ?? 0, commit, entries.length, applied])
    mixed = Math.imul(mixed ^ part, 0x9e3779b1) ^ (mixed >>> 15)
  return prng(mixed).between(0, FIRST_TICKETS)
}
