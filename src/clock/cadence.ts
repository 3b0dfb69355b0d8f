/** When the next turn is: at once, or when the event loop has been round. Knows nothing of what is done in one. */

import type { Clock } from '../ports/clock.ts'
import { soon } from './turns.ts'

/** So many turns may follow each other before everybody else has theirs. */
const IN_A_ROW_MAX = 8

/**
 * However many call, one turn answers all who called before it. It comes as soon as whoever calls is done: what arrived in one packet shares a turn,
 * and one letter alone waits for nobody. Now and then a turn waits until the event loop has been round, so that work that makes more work starves nobody.
 */
export class Cadence {
  readonly #clock: Clock
  readonly #turn: () => void
  #isDue = false
  #inARow = 0

  constructor(clock: Clock, turn: () => void) {
    this.#clock = clock
    this.#turn = turn
  }

  /** Something wants to be done in the next turn. */
  call(): void {
    if (this.#isDue) return
    this.#isDue = true
    if (this.#clock.soon || ++this.#inARow > IN_A_ROW_MAX) soon(this.#clock, () => this.#takeRested())
    else process.nextTick(() => this.#take())
  }

  #takeRested(): void {
    this.#inARow = 0
    this.#take()
  }

  #take(): void {
    this.#isDue = false
    this.#turn()
  }
}
