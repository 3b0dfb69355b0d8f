/**
 * The timers of all peers of a node, as numbers that one tick compares. Time is what the ticks have seen of it: after a stall of the process,
 * what waited in the sockets is heard before anybody concludes from silence.
 */

import type { Prng } from '../base/prng.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Arm } from '../protocol/ready.ts'
import { ageOf, type Moment, momentOf } from './moments.ts'

interface Deadline {
  dueAt: number
  readonly event: Arm['event']
}

/** Timers of one peer, by id. */
export type Timers = Map<string, Deadline>

export interface DeadlineOptions {
  readonly clock: Clock
  readonly random: Prng
  readonly electionTimeoutMs: number
  readonly heartbeatMs: number
}

/** Ticks per heartbeat interval: how exactly a deadline is kept. */
const TICKS_PER_HEARTBEAT = 5

export class Deadlines {
  readonly #options: DeadlineOptions
  readonly #tickMs: number
  /** Elapsed time as the ticks have seen it; a tick never counts for more than a quarter of an election timeout. */
  #now = 0
  #lastTick: Moment = { at: 0, date: 0 }
  #cancel: Cancel = () => {}

  constructor(options: DeadlineOptions) {
    this.#options = options
    this.#tickMs = Math.max(1, options.heartbeatMs / TICKS_PER_HEARTBEAT)
  }

  /**
   * Calls back at every tick, until stopped. The deadlines themselves are asked for with {@link due}. `jumped`: the tick came late by more than half an
   * election timeout, or time ran backwards.
   */
  start(onTick: (jumped: boolean) => void): void {
    const { clock, electionTimeoutMs } = this.#options
    this.#lastTick = momentOf(clock)
    const tick = (): void => {
      const now = momentOf(clock)
      const elapsed = Math.max(0, now.at - this.#lastTick.at)
      const jumped = ageOf(this.#lastTick, now) > this.#tickMs + electionTimeoutMs / 2
      this.#now += Math.min(elapsed, electionTimeoutMs / 4)
      this.#lastTick = now
      this.#cancel = clock.after(this.#tickMs, tick)
      onTick(jumped)
    }
    this.#cancel = clock.after(this.#tickMs, tick)
  }

  stop(): void {
    this.#cancel()
  }

  /** Starts or restarts a timer; an election timeout is drawn anew each time, from [t, 2t) (§5.2). */
  arm(timers: Timers, { id, delay, event }: Arm): void {
    timers.set(id, { dueAt: this.#now + this.#sinceTick(delay) + this.#lengthOf(delay), event })
  }

  /**
   * What the next tick will see pass at most of the time before now. Who heard a leader has promised it silence for the whole length, since its reads may
   * count on that (thesis 6.4.1): the part of a tick that is over, or of a stall, must not be taken off.
   */
  #sinceTick(delay: string): number {
    if (delay !== 'voteLease' && delay !== 'electionTimeout') return 0
    return Math.min(Math.max(0, this.#options.clock.now() - this.#lastTick.at), this.#options.electionTimeoutMs / 4)
  }

  /** Whether any timer is due. */
  isDue(timers: Timers): boolean {
    for (const deadline of timers.values()) if (deadline.dueAt <= this.#now) return true
    return false
  }

  /** Takes the timers that are due out of the map, oldest first. */
  due(timers: Timers): Arm['event'][] {
    let due: [string, Deadline][] | null = null
    for (const timer of timers) {
      if (timer[1].dueAt > this.#now) continue
      due ??= []
      due.push(timer)
    }
    if (!due) return []
    due.sort((a, b) => a[1].dueAt - b[1].dueAt)
    for (const [id] of due) timers.delete(id)
    return due.map(([, deadline]) => deadline.event)
  }

  #lengthOf(delay: string): number {
    const { electionTimeoutMs, heartbeatMs, random } = this.#options
    switch (delay) {
      case 'electionTimeout':
        return random.between(electionTimeoutMs, 2 * electionTimeoutMs)
      case 'heartbeatInterval':
        return heartbeatMs
      default:
        return electionTimeoutMs // voteLease, quorumInterval
    }
  }
}
