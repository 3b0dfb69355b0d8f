/** A map in byte order, for rows in memory: knows nothing of groups, disks or who may see what. */

import { KEY_BYTES_MAX } from '../base/limits.ts'

/** Where a key is put together: joining two strings first would cost a third one as soon as it is looked up. */
const scratch = Buffer.alloc(KEY_BYTES_MAX + 2)

/** Bytes, after others if need be, as a string of chars 0-255: such strings compare, hash and sort as the bytes do. */
export const toBinary = (bytes: Uint8Array, start = ''): string => {
  const length = start.length + bytes.length
  if (length > scratch.length) return start + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  for (let i = 0; i < start.length; i++) scratch[i] = start.charCodeAt(i)
  scratch.set(bytes, start.length)
  return scratch.toString('latin1', 0, length)
}

/** The bytes of such a string, as a copy of their own. */
export const fromBinary = (binary: string): Uint8Array => {
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** Position of the first key that is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let lo = 0
  let hi = sorted.length
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if ((sorted[middle] as string) < key) lo = middle + 1
    else hi = middle
  }
  return lo
}

/** Two sorted lists without common keys, as one. */
function merge(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) merged.push((a[i] as string) < (b[j] as string) ? (a[i++] as string) : (b[j++] as string))
  while (i < a.length) merged.push(a[i++] as string)
  while (j < b.length) merged.push(b[j++] as string)
  return merged
}

/** What a row can hold: its value, or `null` where a row further down is deleted. */
export type Cell = Uint8Array | null

/** Keys (as binary strings) and values in key order. Sorting waits until somebody asks for the order. */
export class OrderedBytes {
  #cells: Map<string, Cell>
  #sorted: readonly string[]
  #added: string[] = []
  #removed = false
  #bytes: number
  #holds = 0

  constructor(from?: OrderedBytes) {
    this.#cells = new Map(from ? from.#cells : [])
    this.#sorted = from?.sorted() ?? []
    this.#bytes = from?.bytes ?? 0
  }

  get size(): number {
    return this.#cells.size
  }

  /** Bytes of keys and values. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether somebody reads this as of a moment: then clone it rather than change it. */
  get held(): boolean {
    return this.#holds > 0
  }

  /** Asks the owner not to change it; the function returned takes that back. */
  hold(): () => void {
    this.#holds++
    return () => {
      this.#holds--
    }
  }

  get(key: string): Cell | undefined {
    return this.#cells.get(key)
  }

  set(key: string, cell: Cell): void {
    const before = this.#cells.get(key)
    if (before === undefined) {
      this.#added.push(key)
      this.#bytes += key.length
    } else this.#bytes -= before?.length ?? 0
    this.#bytes += cell?.length ?? 0
    this.#cells.set(key, cell)
  }

  /** Forgets a key altogether. */
  remove(key: string): void {
    const before = this.#cells.get(key)
    if (before === undefined) return
    this.#cells.delete(key)
    this.#bytes -= key.length + (before?.length ?? 0)
    this.#removed = true
  }

  cells(): Iterable<readonly [string, Cell]> {
    return this.#cells
  }

  /** All keys in order. The list is never changed afterwards. */
  sorted(): readonly string[] {
    if (this.#removed) {
      this.#sorted = [...this.#cells.keys()].sort()
      this.#added = []
      this.#removed = false
    } else if (this.#added.length > 0) {
      this.#sorted = merge(this.#sorted, this.#added.sort())
      this.#added = []
    }
    return this.#sorted
  }

  /** Cells of `[lo, hi)`, lazily. Do not change the map meanwhile. */
  *slice(lo: string, hi: string, reverse: boolean): Generator<readonly [string, Cell]> {
    const keys = this.sorted()
    const first = lowerBound(keys, lo)
    const end = lowerBound(keys, hi)
    for (let i = 0; i < end - first; i++) {
      const key = keys[reverse ? end - 1 - i : first + i] as string
      yield [key, this.#cells.get(key) as Cell]
    }
  }
}
