/** Chance from a seed: small, fast, and the same on every machine. Not for secrets. */

/** A stream of pseudo-random numbers. */
export interface Prng {
  /** A float in [0, 1). */
  next(): number
  /** An integer in [lo, hi). */
  between(lo: number, hi: number): number
}

/** sfc32 (Chris Doty-Humphrey, PractRand): passes the usual batteries, 128 bits of state. */
export function prng(seed: number): Prng {
  let a = 0x9e3779b9 ^ seed
  let b = 0x243f6a88 ^ Math.imul(seed, 0x85ebca6b)
  let c = 0xb7e15162
  let counter = 1
  const next32 = (): number => {
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) next32()
  const next = (): number => next32() / 0x1_0000_0000
  return { next, between: (lo, hi) => lo + Math.floor(next() * (hi - lo)) }
}
