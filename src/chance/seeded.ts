/** Chance from a seed: the same again each time. For tests and simulation, not for secrets. */

import { type Prng, prng } from '../base/prng.ts'
import type { Chance } from '../ports/chance.ts'

/** A stream of numbers and bytes that the seed determines. */
export interface SeededChance extends Chance, Prng {}

/** The same seed gives the same stream, on every machine. */
export function seededChance(seed: number): SeededChance {
  const numbers = prng(seed)
  return {
    ...numbers,
    bytes: (count) => Uint8Array.from({ length: count }, () => numbers.between(0, 256)),
  }
}
