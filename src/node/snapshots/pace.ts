/** Long work in short turns: whoever works through a whole state asks here, again and again, whether it is time to let others work. */

import { nextTurn } from '../../clock/turns.ts'
import { wallClock } from '../../clock/wall.ts'
import type { Clock } from '../../ports/clock.ts'

/** Milliseconds of work before the event loop has a turn. Heartbeats wait for it. */
const TURN_MS = 2

/** Lets the event loop have a turn. */
export type Breathe = () => Promise<unknown>

/** Keeps time for one piece of work. */
export class Pace {
  readonly #breathe: Breathe
  readonly #clock: Clock
  #since: number

  constructor(breathe?: Breathe, clock: Clock = wallClock) {
    this.#breathe = breathe ?? (() => nextTurn(clock))
    this.#clock = clock
    this.#since = clock.now()
  }

  /** Whether this turn has lasted long enough. */
  get isDue(): boolean {
    return this.#clock.now() - this.#since >= TURN_MS
  }

  /** Breathes, if it is time. Whoever has waited for something else has breathed, too: see {@link rested}. */
  async keep(): Promise<void> {
    if (!this.isDue) return
    await this.#breathe()
    this.rested()
  }

  /** A new turn has begun. */
  rested(): void {
    this.#since = this.#clock.now()
  }
}
