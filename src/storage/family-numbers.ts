/** Numbers of the families in one group's tables, given at the first write and kept for ever. */

import { FlotillaError } from '../base/errors.ts'

/** Key spaces of one group; each has a number on disk. */
export const FAMILIES_MAX = 1024

export class FamilyNumbers {
  readonly #numbers = new Map<string, number>()

  /** The number of a family, a new one if it has none. Throws `TOO_LARGE` when there are too many. */
  numberFor(family: string): number {
    const known = this.#numbers.get(family)
    if (known !== undefined) return known
    const number = this.#numbers.size
    if (number >= FAMILIES_MAX) {
      throw new FlotillaError('TOO_LARGE', `a group has at most ${FAMILIES_MAX} families`, { max: FAMILIES_MAX })
    }
    this.#numbers.set(family, number)
    return number
  }

  toRecord(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#numbers)
  }
}
