/** One run of a process on a virtual machine: its event loop, which can stop or die, and its clock, which can be wrong. Knows nothing of what runs in it. */

import type { Cancel, Clock } from '../../ports/clock.ts'
import type { Timeline } from './timeline.ts'

/** A machine's own idea of time. Outlives its processes. */
export class Oscillator {
  /** What the calendar is ahead of the world's, in milliseconds. May jump. */
  wallAheadMs = 0
  readonly #timeline: Timeline
  #rate = 1
  /** What it had counted, and the world's time, when its rate last changed. */
  #changed = { counted: 0, at: 0 }

  constructor(timeline: Timeline) {
    this.#timeline = timeline
  }

  /** Its milliseconds in one of the world's. */
  get rate(): number {
    return this.#rate
  }

  set rate(rate: number) {
    this.#changed = { counted: this.counted, at: this.#timeline.now }
    this.#rate = rate
  }

  /** Its milliseconds since the world began. Who asks, and how often, makes no difference. */
  get counted(): number {
    return this.#changed.counted + (this.#timeline.now - this.#changed.at) * this.#rate
  }
}

/** The calendar when the world begins: some day or other, the same in each run. */
const EPOCH_MS = Date.UTC(2026, 0, 1)

export class Process {
  readonly #timeline: Timeline
  readonly #oscillator: Oscillator
  #alive = true
  #paused = false
  readonly #waiting: (() => void)[] = []
  /** What the machine had counted when the process began; what it counted while it slept is added. */
  #origin: number
  /** What the machine had counted when it fell asleep. */
  #asleepSince: number | null = null
  #awakeSince: number
  readonly clock: Clock

  constructor(timeline: Timeline, oscillator: Oscillator) {
    this.#timeline = timeline
    this.#oscillator = oscillator
    this.#origin = oscillator.counted
    this.#awakeSince = timeline.now
    this.clock = {
      now: () => this.#local(),
      date: () => EPOCH_MS + timeline.now + oscillator.wallAheadMs,
      after: (ms, callback) => this.#after(ms, callback),
      soon: (callback) => void timeline.at(timeline.now, () => this.run(callback)),
    }
  }

  get isAlive(): boolean {
    return this.#alive
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** When it began, or went on last; the world's time. */
  get awakeSince(): number {
    return this.#awakeSince
  }

  /** Something reaches its event loop: done now, when it goes on, or never. */
  run(callback: () => void): void {
    if (!this.#alive) return
    if (this.#paused) this.#waiting.push(callback)
    else callback()
  }

  /** Its event loop stops: a garbage collection, a suspended machine. Time goes on. */
  pause(): void {
    this.#paused = true
  }

  /** The machine sleeps: as a pause, and its monotonic clock stands still. The calendar does not. */
  suspend(): void {
    this.#asleepSince ??= this.#oscillator.counted
    this.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#awakeSince = this.#timeline.now
    if (this.#asleepSince !== null) this.#origin += this.#oscillator.counted - this.#asleepSince
    this.#asleepSince = null
    for (const callback of this.#waiting.splice(0)) this.#timeline.at(this.#timeline.now, () => this.run(callback))
  }

  /** Nothing happens in it any more. */
  kill(): void {
    this.#alive = false
    this.#waiting.length = 0
  }

  #local(): number {
    return (this.#asleepSince ?? this.#oscillator.counted) - this.#origin
  }

  #after(ms: number, callback: () => void): Cancel {
    let wanted = true
    const cancel = this.#timeline.after(Math.max(0, ms) / this.#oscillator.rate, () => this.run(() => wanted && callback()))
    return () => {
      wanted = false
      cancel()
    }
  }
}
