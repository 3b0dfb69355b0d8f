/** The timers of one peer, counted in ticks: nothing here knows how long a tick is. */

import type { Prng } from '../base/prng.ts'
import type { Arm, Disarm } from '../protocol/ready.ts'
import type { TimerEvent } from './step.ts'

export interface TickLengths {
  readonly electionTick: number
  readonly heartbeatTick: number
}

interface Timer {
  readonly dueAt: number
  readonly delay: string
  readonly event: TimerEvent
}

export class TickTimers {
  readonly #lengths: TickLengths
  readonly #random: Prng
  readonly #timers = new Map<string, Timer>()
  #now = 0

  constructor(lengths: TickLengths, random: Prng) {
    this.#lengths = lengths
    this.#random = random
  }

  /** Ticks so far. */
  get now(): number {
    return this.#now
  }

  /** One tick passes; returns the number of ticks so far. */
  tick(): number {
    return ++this.#now
  }

  /** What the chart asked for. */
  set(timer: Arm | Disarm): void {
    if (timer.type === 'disarm') this.#timers.delete(timer.id)
    else this.#timers.set(timer.id, { dueAt: this.#now + this.#ticksOf(timer.delay), delay: timer.delay, event: timer.event })
  }

  /** The next timer that is due, which is then no timer any more. Of several, the one that was due first. */
  takeDue(): TimerEvent | null {
    let first: [string, Timer] | null = null
    for (const [id, timer] of this.#timers) {
      if (timer.dueAt <= this.#now && (first === null || timer.dueAt < first[1].dueAt)) first = [id, timer]
    }
    if (first === null) return null
    this.#timers.delete(first[0])
    return first[1].event
  }

  /** The timer of that delay, as if it were due now; null if the chart waits for none. */
  force(delay: string): TimerEvent | null {
    for (const [id, timer] of this.#timers) {
      if (timer.delay !== delay) continue
      this.#timers.delete(id)
      return timer.event
    }
    return null
  }

  /** §5.2: an election timeout is drawn anew each time, from [t, 2t). */
  #ticksOf(delay: string): number {
    const { electionTick, heartbeatTick } = this.#lengths
    if (delay === 'heartbeatInterval') return heartbeatTick
    if (delay === 'electionTimeout') return this.#random.between(electionTick, 2 * electionTick)
    return electionTick
  }
}
