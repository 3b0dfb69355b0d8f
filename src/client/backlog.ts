/** Live entries that wait to be read, in any order, within bounds; and what is known to be missing. Knows no transport. */

import { wallClock } from '../clock/wall.ts'
import type { Clock } from '../ports/clock.ts'
import type { CommittedEntry } from './types.ts'

/** Entries kept, and bytes of them. What does not fit is fetched from the log when its turn comes. */
export const BACKLOG_ENTRIES_MAX = 4096
export const BACKLOG_BYTES_MAX = 8 * 1024 * 1024

export class Backlog {
  readonly #kept = new Map<number, CommittedEntry>()
  #bytes = 0
  /** Index of the entry to be read next; null until the stream knows where it begins. */
  #next: number | null = null
  /** Highest index heard of. */
  #latest = 0
  /** Something may have been missed: only the log can tell. */
  #suspicious = false
  #ended = false
  #begun = false
  #wake: (() => void) | null = null
  readonly #clock: Clock

  constructor(clock: Clock = wallClock) {
    this.#clock = clock
  }

  /** Index of the entry to be read next. */
  get next(): number {
    return this.#next ?? 1
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Whether anything was ever heard, or a log read: then somebody was there. */
  get begun(): boolean {
    return this.#begun
  }

  /** Whether the next entry must come from the log. */
  get lacks(): boolean {
    if (this.#next === null) return false
    return this.#suspicious || (this.#latest >= this.#next && !this.#kept.has(this.#next))
  }

  /** Entries kept. */
  get size(): number {
    return this.#kept.size
  }

  /** Sets where the stream begins; null: with the first entry that is heard. What came before is dropped. */
  startAt(index: number | null): void {
    if (index === null) {
      this.#next = this.#kept.size === 0 ? null : Math.min(...this.#kept.keys())
      return
    }
    this.#next = index
    for (const kept of [...this.#kept.keys()]) if (kept < index) this.#drop(kept)
    this.#suspicious = true // entries before the first live one
  }

  /** Takes an entry as it is heard. Repeated ones count once; what finds no room is fetched later. */
  offer(entry: CommittedEntry): void {
    this.#begun = true
    const { index, data } = entry
    if (this.#next !== null && index < this.#next) return
    this.#latest = Math.max(this.#latest, index)
    const room = this.#kept.size < BACKLOG_ENTRIES_MAX && this.#bytes + data.length <= BACKLOG_BYTES_MAX
    if (room && !this.#kept.has(index)) {
      this.#kept.set(index, entry)
      this.#bytes += data.length
    }
    this.#awake()
  }

  /** The next entry, if it is here. */
  take(): CommittedEntry | null {
    if (this.#next === null && this.#kept.size > 0) this.startAt(null)
    if (this.#next === null) return null
    const entry = this.#kept.get(this.#next)
    if (entry === undefined) return null
    this.#drop(this.#next)
    this.#next++
    return entry
  }

  /** Notes that the entry came from the log. False when it is not the next one. */
  skip(index: number): boolean {
    this.#begun = true
    if (index !== this.#next) return false
    this.#drop(index)
    this.#next = index + 1
    this.#latest = Math.max(this.#latest, index)
    return true
  }

  /** Something may have been missed. */
  suspect(): void {
    this.#suspicious = true
    this.#awake()
  }

  /** The log has nothing more than what was heard. */
  trust(): void {
    this.#begun = true
    this.#suspicious = false
  }

  /** Waits for something to happen; false when nothing did within so many milliseconds. */
  news(ms: number): Promise<boolean> {
    if (this.#ended) return Promise.resolve(true)
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => {
        this.#wake = null
        resolve(false)
      })
      this.#wake = () => {
        cancel()
        resolve(true)
      }
    })
  }

  /** Waits so long, unless the stream ends. */
  async pause(ms: number): Promise<void> {
    const until = this.#clock.now() + ms
    while (!this.#ended && until > this.#clock.now()) await this.news(Math.max(1, until - this.#clock.now()))
  }

  end(): void {
    this.#ended = true
    this.#awake()
  }

  #awake(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  #drop(index: number): void {
    this.#bytes -= this.#kept.get(index)?.data.length ?? 0
    this.#kept.delete(index)
  }
}
