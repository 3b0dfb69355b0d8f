/** A queue as a value: immutable to look at, one shared array underneath, so that adding costs only what is added. Knows nothing of what waits in it. */

interface Shared<T> {
  readonly items: T[]
  /** Where in it the view begins. */
  readonly offset: number
}

/** What waits, oldest first. */
export class Queue<T> {
  readonly length: number
  /** Shared with older and newer views. Only the newest one, which ends where the array ends, grows it in place. */
  readonly #items: T[]
  readonly #offset: number

  private constructor(length: number, { items, offset }: Shared<T>) {
    this.length = length
    this.#items = items
    this.#offset = offset
  }

  static empty<T>(): Queue<T> {
    return new Queue<T>(0, { items: [], offset: 0 })
  }

  /** All of them, oldest first. */
  get all(): readonly T[] {
    return this.#items.slice(this.#offset, this.#offset + this.length)
  }

  append(added: readonly T[]): Queue<T> {
    if (added.length === 0) return this
    const isNewest = this.length > 0 && this.#items.length === this.#offset + this.length
    const items = isNewest ? this.#items : this.all.slice()
    for (const item of added) items.push(item)
    return new Queue(this.length + added.length, { items, offset: isNewest ? this.#offset : 0 })
  }

  /** How many of the oldest are so, one after the other. */
  countWhile(is: (item: T) => boolean): number {
    let count = 0
    while (count < this.length && is(this.#items[this.#offset + count] as T)) count++
    return count
  }

  /** The oldest so many. */
  take(count: number): readonly T[] {
    return this.#items.slice(this.#offset, this.#offset + Math.min(count, this.length))
  }

  /** Without the oldest so many. The array is copied once half of it is dead, so that memory comes back. */
  drop(count: number): Queue<T> {
    if (count === 0) return this
    const length = Math.max(0, this.length - count)
    const offset = this.#offset + this.length - length
    if (offset <= length) return new Queue(length, { items: this.#items, offset })
    return new Queue(length, { items: this.#items.slice(offset, offset + length), offset: 0 })
  }
}
