/** How far something is and how quickly it goes, from bytes and moments. Knows neither what goes nor a clock. */

/** The rate is that of so many milliseconds at most. */
const WINDOW_MS = 5000
const MARKS_MAX = 64

export class Meter {
  readonly #marks: { readonly at: number; readonly bytes: number }[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** So many bytes are there, as of that moment. */
  reach(bytes: number, now: number): void {
    this.#bytes = bytes
    const last = this.#marks.at(-1)
    if (last && now - last.at < WINDOW_MS / MARKS_MAX) return
    this.#marks.push({ at: now, bytes })
    while (this.#marks.length > MARKS_MAX || (this.#marks[1] && now - this.#marks[1].at > WINDOW_MS)) this.#marks.shift()
  }

  /** Bytes in a second, lately. */
  rate(now: number): number {
    const first = this.#marks[0]
    if (!first || now <= first.at) return 0
    return Math.round(((this.#bytes - first.bytes) * 1000) / (now - first.at))
  }
}

/** Whole per cent; a hundred only of everything. */
export const percentOf = (bytes: number, total: number): number => (total === 0 ? 100 : Math.floor((bytes * 100) / total))
