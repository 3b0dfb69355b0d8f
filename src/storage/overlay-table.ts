/**
 * A group's applied state: what is saved, and over it what was applied since. Visible at once, saved with the store's next write.
 * Knows nothing of where saved rows are kept: that is a Shelf.
 */

import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { KEY_BYTES_MAX } from '../base/limits.ts'
import type { Range, Row, Table, TableSnapshot, TableWrite } from '../ports/table.ts'
import type { LogIndex } from '../protocol/types.ts'
import { mergeRows, type SavedRow } from './merge-rows.ts'
import { type Cell, fromBinary, OrderedBytes, toBinary } from './ordered-bytes.ts'

/** Key spaces of one group; each has a number on disk, given at its first write and kept for ever. */
export const FAMILIES_MAX = 1024

/** Saved rows of one group. Keys are binary strings: two bytes of family number, then the user's key. */
export interface Shelf {
  get(key: string): Uint8Array | undefined
  /** The rows as they are now, unmoved by later writes. Throws `BUSY` when too many are open. */
  view(): ShelfView
}

/** Saved rows as of one moment. Close it; closing twice is harmless. */
export interface ShelfView {
  get(key: string): Uint8Array | undefined
  /** Rows of `[lo, hi)` in key order. */
  rows(lo: string, hi: string, reverse: boolean): Iterable<SavedRow>
  close(): void
}

/** What a table wants saved: in one transaction, or not at all. */
export interface Unsaved {
  readonly applied: LogIndex
  readonly cells: Iterable<readonly [string, Cell]>
  /** All families and their numbers, if there are new ones. */
  readonly families: Readonly<Record<string, number>> | null
}

interface TableStart {
  readonly applied: LogIndex
  readonly families: Readonly<Record<string, number>>
  readonly shelf: Shelf
  /** Throws when the store does not answer any more. */
  readonly check: () => void
}

/** Unsaved rows, newest first. */
type Layers = readonly (OrderedBytes | null)[]

const familyKey = (family: number): string => String.fromCharCode(family >>> 8, family & 255)

const fullKey = (family: number, key: Uint8Array): string => toBinary(key, familyKey(family))

interface Scan {
  readonly layers: Layers
  readonly view: ShelfView
  readonly number: number
  readonly range: Range
  readonly done: () => void
}

/** Rows of one family: the layers over the view. Calls `done` when read to the end or left. */
function* rowsOf({ layers, view, number, range, done }: Scan): Generator<Row> {
  try {
    const lo = range.from ? fullKey(number, range.from) : familyKey(number)
    const hi = range.to ? fullKey(number, range.to) : familyKey(number + 1)
    const reverse = range.reverse ?? false
    if (lo >= hi) return
    const unsaved = layers.filter((layer) => layer !== null).map((layer) => layer.slice(lo, hi, reverse))
    let left = range.limit ?? Number.POSITIVE_INFINITY
    for (const [key, value] of mergeRows(unsaved, view.rows(lo, hi, reverse), reverse)) {
      yield [fromBinary(key.slice(2)), value]
      if (--left <= 0) return
    }
  } finally {
    done()
  }
}

/** The only {@link Table} there is; stores differ in their shelves. */
export class OverlayTable implements Table {
  readonly #shelf: Shelf
  readonly #check: () => void
  readonly #families: Map<string, number>
  #familiesSaved: number
  #applied: LogIndex
  #appliedSaved: LogIndex
  /** Applied since the last write began. */
  #fresh = new OrderedBytes()
  /** Being written now: still read from here, until the shelf certainly shows it. */
  #leaving: OrderedBytes | null = null

  constructor(start: TableStart) {
    this.#shelf = start.shelf
    this.#check = start.check
    this.#families = new Map(Object.entries(start.families))
    this.#familiesSaved = this.#families.size
    this.#applied = start.applied
    this.#appliedSaved = start.applied
  }

  get applied(): LogIndex {
    return this.#applied
  }

  /** Bytes that the next write will save. */
  get unsavedBytes(): number {
    return this.#fresh.bytes
  }

  apply(index: LogIndex, writes: readonly TableWrite[]): void {
    this.#check()
    assert(index > this.#applied, 'APPLIED_FELL', { from: this.#applied, to: index })
    for (const write of writes) this.#checkWrite(write)
    if (this.#fresh.held) this.#fresh = new OrderedBytes(this.#fresh)
    for (const write of writes) this.#fresh.set(fullKey(this.#numberFor(write.family), write.key), write.value ?? null)
    this.#applied = index
  }

  get(family: string, key: Uint8Array): Uint8Array | undefined {
    this.#check()
    return this.#read([this.#fresh, this.#leaving], this.#shelf, [family, key])
  }

  range(family: string, range: Range): Iterable<Row> {
    this.#check()
    const number = this.#families.get(family)
    if (number === undefined || range.limit === 0) return []
    const view = this.#shelf.view()
    const release = this.#fresh.hold()
    const done = (): void => {
      release()
      view.close()
    }
    return rowsOf({ layers: [this.#fresh, this.#leaving], view, number, range, done })
  }

  snapshot(): TableSnapshot {
    this.#check()
    const layers = [this.#fresh, this.#leaving]
    const view = this.#shelf.view()
    const release = this.#fresh.hold()
    let open = true
    const check = (): void => {
      this.#check()
      if (!open) throw new FlotillaError('CLOSED', 'the snapshot is closed')
    }
    return {
      applied: this.#applied,
      get: (family, key) => {
        check()
        return this.#read(layers, view, [family, key])
      },
      range: (family, range) => {
        check()
        const number = this.#families.get(family)
        if (number === undefined || range.limit === 0) return []
        return rowsOf({ layers, view, number, range, done: () => {} })
      },
      close: () => {
        if (!open) return
        open = false
        release()
        view.close()
      },
    }
  }

  /** Hands over what is unsaved; null when there is nothing. It stays visible until {@link settle}. */
  leave(): Unsaved | null {
    assert(this.#leaving === null, 'TABLE_WRITTEN_TWICE_AT_ONCE')
    if (this.#applied === this.#appliedSaved) return null
    const cells = this.#fresh
    this.#leaving = cells
    this.#fresh = new OrderedBytes()
    this.#appliedSaved = this.#applied
    const families = this.#families.size > this.#familiesSaved ? Object.fromEntries(this.#families) : null
    this.#familiesSaved = this.#families.size
    return { applied: this.#applied, cells: cells.cells(), families }
  }

  /** Says that what was handed over is on the shelf, durable and visible there. */
  settle(): void {
    this.#leaving = null
  }

  #checkWrite(write: TableWrite): void {
    if (write.key.length > KEY_BYTES_MAX) {
      throw new FlotillaError('TOO_LARGE', `a key has ${write.key.length} bytes, at most ${KEY_BYTES_MAX} are kept`, {
        max: KEY_BYTES_MAX,
      })
    }
    if (!this.#families.has(write.family) && this.#families.size >= FAMILIES_MAX) {
      throw new FlotillaError('TOO_LARGE', `a group has at most ${FAMILIES_MAX} families`, { max: FAMILIES_MAX })
    }
  }

  #numberFor(family: string): number {
    let number = this.#families.get(family)
    if (number === undefined) {
      number = this.#families.size
      this.#families.set(family, number)
    }
    return number
  }

  #read(layers: Layers, saved: Pick<Shelf, 'get'>, [family, key]: readonly [string, Uint8Array]): Uint8Array | undefined {
    const number = this.#families.get(family)
    if (number === undefined) return undefined
    const full = fullKey(number, key)
    for (const layer of layers) {
      const cell = layer?.get(full)
      if (cell !== undefined) return cell?.slice()
    }
    return saved.get(full)
  }
}
