/**
 * How much of a snapshot is asked for at a time: little at first, more as answers come promptly, half when they do not. So a transfer that breaks again
 * and again has little under way when it does, and one over a slow connection leaves no more before a heartbeat than that can wait for. Knows no chunk.
 */

import { SNAPSHOT_ANSWERS_MAX, SNAPSHOT_CHUNKS_ASKED_MAX, SNAPSHOT_PULLS_MAX } from '../../base/limits.ts'

export class Window {
  readonly #promptMs: number
  /** What the quickest answer took: the way there and back, whatever is asked for. */
  #quickestMs = Number.POSITIVE_INFINITY
  #narrowedAt = Number.NEGATIVE_INFINITY
  #answers = 1
  #chunks = 1

  /** An answer is prompt that takes so many milliseconds more than the quickest one. */
  constructor(promptMs: number) {
    this.#promptMs = promptMs
  }

  /** Whether one more may be asked, with so many on their way and so many answers that are not kept yet. */
  allows(asks: number, unkept: number): boolean {
    return asks < SNAPSHOT_PULLS_MAX && asks + unkept < this.#answers
  }

  /** Chunks that may be asked for in one go. */
  get chunks(): number {
    return this.#chunks
  }

  /** What was asked for at that moment came after so many milliseconds, and is kept. What was asked for before the window narrowed last says nothing new. */
  kept(askedAt: number, ms: number): void {
    this.#quickestMs = Math.min(this.#quickestMs, ms)
    this.#answers = Math.min(this.#answers + 1, SNAPSHOT_ANSWERS_MAX)
    if (ms <= this.#quickestMs + this.#promptMs) this.#chunks = Math.min(this.#chunks + 1, SNAPSHOT_CHUNKS_ASKED_MAX)
    else if (askedAt >= this.#narrowedAt) {
      this.#chunks = Math.ceil(this.#chunks / 2)
      this.#narrowedAt = askedAt + ms
    }
  }
}
