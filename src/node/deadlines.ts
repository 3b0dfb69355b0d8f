/**
 * The timers of all peers of a node, as numbers that one tick compares. Time is what the ticks have seen of it: after a stall of the process,
 * what waited in the sockets is heard before anybody concludes from silence.
 */

import type { Prng } from '../base/prng.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Arm } from '../protocol/ready.ts'

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
  #lastTick = 0
  #cancel: Cancel = () => {}

  constructor(options: DeadlineOptions) {
    this.#options = options
    this.#tickMs = Math.max(1, options.heartbeatMs / TICKS_PER_HEARTBEAT)
  }

  /** Calls back at every tick, until stopped. The deadlines themselves are asked for with {@link due}. */
  start(onTick: () => void): void {
    const { clock, electionTimeoutMs } = this.#options
    this.#lastTick = clock.now()
    const tick = (): void => {
      const now = clock.now()
      this.#now += Math.min(now - this.#lastTick, electionTimeoutMs / 4)
      this.#lastTick = now
      this.#cancel = clock.after(this.#tickMs, tick)
      onTick()
    }
    this.#cancel = clock.after(this.#tickMs, tick)
  }

  stop(): void {
    this.#cancel()
  }

  /** Starts or restarts a timer; an election timeout is drawn anew each time, from [t, 2t) (§5.2). */
  arm(timers: Timers, { id, delay, event }: Arm): void {
    timers.set(id, { dueAt: this.#now + this.#lengthOf(delay), event })
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
