/** The newest entries, in memory: immutable to look at, one shared array underneath, so that appending costs only what is appended. */

import { type Entry, entryBytes, type LogIndex } from './types.ts'

interface Shared {
  readonly items: Entry[]
  /** Where in it the view begins. */
  readonly offset: number
  readonly bytes: number
}

/** Entries `[first, first + length)`. */
export class Tail {
  readonly first: LogIndex
  readonly length: number
  /** What the entries weigh, as `entryBytes` counts. */
  readonly bytes: number
  /** Shared with older and newer views. Only the newest view, the one that ends where the array ends, may grow it in place. */
  readonly #items: Entry[]
  readonly #offset: number

  private constructor(first: LogIndex, length: number, shared: Shared) {
    this.first = first
    this.length = length
    this.#items = shared.items
    this.#offset = shared.offset
    this.bytes = shared.bytes
  }

  /** No entries; the next one appended is at `first`. */
  static empty(first: LogIndex): Tail {
    return new Tail(first, 0, { items: [], offset: 0, bytes: 0 })
  }

  /** The entry at an index, if it is in memory. */
  at(index: LogIndex): Entry | undefined {
    const position = index - this.first
    return position >= 0 && position < this.length ? this.#items[this.#offset + position] : undefined
  }

  /** Entries `[lo, hi)`, all of which must be in memory. */
  slice(lo: LogIndex, hi: LogIndex): readonly Entry[] {
    const start = this.#offset + lo - this.first
    return this.#items.slice(start, start + hi - lo)
  }

  append(entries: readonly Entry[]): Tail {
    const end = this.#offset + this.length
    const grown = this.#items.length === end
    const items = grown ? this.#items : this.#items.slice(this.#offset, end)
    for (const entry of entries) items.push(entry)
    return new Tail(this.first, this.length + entries.length, {
      items,
      offset: grown ? this.#offset : 0,
      bytes: this.bytes + weigh(entries),
    })
  }

  /** Keeps `[first, from)`. */
  truncate(from: LogIndex): Tail {
    const length = Math.max(0, Math.min(this.length, from - this.first))
    const bytes = this.bytes - this.#weigh(length, this.length)
    return new Tail(length === 0 ? from : this.first, length, { items: this.#items, offset: this.#offset, bytes })
  }

  /** Lets go of everything before `first`. The array is copied once half of it is dead, so that memory comes back. */
  dropBefore(first: LogIndex): Tail {
    const gone = Math.max(0, Math.min(this.length, first - this.first))
    if (gone === 0) return this
    const offset = this.#offset + gone
    const length = this.length - gone
    const bytes = this.bytes - this.#weigh(0, gone)
    if (offset < length) return new Tail(this.first + gone, length, { items: this.#items, offset, bytes })
    return new Tail(this.first + gone, length, { items: this.#items.slice(offset, offset + length), offset: 0, bytes })
  }

  /** What the entries at positions `[lo, hi)` weigh. */
  #weigh(lo: number, hi: number): number {
    return lo < hi ? weigh(this.#items.slice(this.#offset + lo, this.#offset + hi)) : 0
  }
}

const weigh = (entries: readonly Entry[]): number => {
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  return bytes
}
