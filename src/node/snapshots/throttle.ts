/** How many bytes of snapshots a node lets through in a second: a bucket that fills steadily. Knows time by being told. */

/** The bucket holds what flows in so many milliseconds: as much may pass at once. */
const BURST_MS = 250

export class Throttle {
  readonly #bytesPerMs: number
  /** When everything let through so far will have flowed in, on the clock of who asks. */
  #paidAt = Number.NEGATIVE_INFINITY

  /** Bytes per second; Infinity: no limit. */
  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000
  }

  /** In how many milliseconds the next bytes may pass, after so many others that wait. */
  delay(now: number, ahead = 0): number {
    return Math.max(0, this.#paidAt + ahead / this.#bytesPerMs - BURST_MS - now)
  }

  /** Lets bytes through, now or after {@link delay}. */
  take(bytes: number, now: number): void {
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) return
    this.#paidAt = Math.max(this.#paidAt, now) + bytes / this.#bytesPerMs
  }

  /** Bytes that were let through have not passed after all. */
  giveBack(bytes: number): void {
    this.#paidAt -= bytes / this.#bytesPerMs
  }
}
