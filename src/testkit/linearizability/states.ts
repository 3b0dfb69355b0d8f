/** States of a model by number, each once. Knows no operation. */

import type { Meter } from './meter.ts'

/** An entry of a map, two of an array, a string's header and a small object. */
const STATE_BYTES = 200

/** Bytes of a character, and of the part of a state it stands for. */
const CHARACTER_BYTES = 4

/** Numbers the states that a search meets. */
export class States<State> {
  readonly #key: (state: State) => string
  readonly #meter: Meter
  readonly #numbers = new Map<string, number>()
  readonly #states: State[] = []

  constructor(key: (state: State) => string, meter: Meter) {
    this.#key = key
    this.#meter = meter
  }

  /** The number of a state: the same for the same state. */
  numberOf(state: State): number {
    const key = this.#key(state)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#states.length
    this.#numbers.set(key, number)
    this.#states.push(state)
    this.#meter.charge(STATE_BYTES + CHARACTER_BYTES * key.length)
    return number
  }

  /** The state of a number. */
  at(number: number): State {
    return this.#states[number] as State
  }
}
