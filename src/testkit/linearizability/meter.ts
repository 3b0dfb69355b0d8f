/** Counts what a search costs in bytes. An estimate, meant to be above what V8 takes. Knows no search. */

/** Bytes one search has taken. */
export class Meter {
  #bytes = 0
  readonly #total: { bytes: number; peak: number }

  /** `total` is shared by all searches of one check. */
  constructor(total: { bytes: number; peak: number }) {
    this.#total = total
  }

  get bytes(): number {
    return this.#bytes
  }

  charge(bytes: number): void {
    this.#bytes += bytes
    this.#total.bytes += bytes
    this.#total.peak = Math.max(this.#total.peak, this.#total.bytes)
  }

  /** The search has ended and nobody holds it any more. */
  release(): void {
    this.charge(-this.#bytes)
  }
}
