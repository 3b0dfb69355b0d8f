/** Which states were met: 64 bits of each, in one flat table. Two states that share all 64 would count as one. */

import { FlotillaError } from '../../base/errors.ts'

/** Slots in the beginning; a power of two. */
const SLOTS = 1 << 16

/** A set of pairs of 32-bit numbers. */
export class Visited {
  #table = new Uint32Array(2 * SLOTS)
  #mask = SLOTS - 1
  #size = 0
  readonly #max: number

  /** Takes `max` states at most; 16 to 48 bytes each, and as much again for a moment while it grows. */
  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#size
  }

  get isFull(): boolean {
    return this.#size >= this.#max
  }

  /** Whether the pair is new; it is not from then on. Throws when there is no room. */
  add(high: number, low: number): boolean {
    const [a, b] = [high >>> 0, low >>> 0 || 1] // a slot whose second half is 0 is empty
    for (let slot = (a ^ b) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = 2 * slot
      if (this.#table[at + 1] === 0) {
        if (this.isFull) throw new FlotillaError('CONFIG_INVALID', `there is room for ${this.#max} states only`)
        this.#table[at] = a
        this.#table[at + 1] = b
        this.#size++
        if (2 * this.#size > this.#mask) this.#grow()
        return true
      }
      if (this.#table[at] === a && this.#table[at + 1] === b) return false
    }
  }

  #grow(): void {
    const old = this.#table
    this.#table = new Uint32Array(2 * old.length)
    this.#mask = 2 * (this.#mask + 1) - 1
    for (let at = 0; at < old.length; at += 2) {
      const [a, b] = [old[at] as number, old[at + 1] as number]
      if (b === 0) continue
      let slot = (a ^ b) & this.#mask
      while (this.#table[2 * slot + 1] !== 0) slot = (slot + 1) & this.#mask
      this.#table[2 * slot] = a
      this.#table[2 * slot + 1] = b
    }
  }
}
