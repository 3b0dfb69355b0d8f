/**
 * A group's applied state: what is saved, and over it what was applied since. Visible at once, saved with the store's next write.
 * Knows nothing of where saved rows are kept: that is a Shelf.
 */

import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { KEY_BYTES_MAX } from '../base/limits.ts'
import type { Membership } from '../ports/store.ts'
import type { Range, Row, Table, TableSnapshot, TableWrite } from '../ports/table.ts'
import type { LogIndex } from '../protocol/types.ts'
import { FAMILIES_MAX } from './family-numbers.ts'
import { mergeRows, type SavedRow } from './merge-rows.ts'
import { type Cell, fromBinary, OrderedBytes, toBinary } from './ordered-bytes.ts'

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
  /** Who the members are, if that changed. */
  readonly membership: Membership | null
}

/** Bytes that a changed membership counts for among what is unsaved. */
const MEMBERSHIP_BYTES = 256

/** What a table holds on its shelf, and nothing beyond it. */
interface TableState {
  readonly applied: LogIndex
  readonly membership: Membership
  readonly families: Readonly<Record<string, number>>
  readonly shelf: Shelf
}

interface TableStart extends TableState {
  /** Throws when the store does not answer any more. */
  readonly check: () => void
}

/** Unsaved rows, newest first. */
type Layers = readonly (OrderedBytes | null)[]

const familyKey = (family: number): string => String.fromCharCode(family >>> 8, family & 255)

/** Bytes of the family's number in front of each key on a shelf. */
export const FAMILY_BYTES = 2

/** A row's key, as it lies on a shelf. */
export const rowKey = (family: number, key: Uint8Array): string => toBinary(key, familyKey(family))

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
    const lo = range.from ? rowKey(number, range.from) : familyKey(number)
    const hi = range.to ? rowKey(number, range.to) : familyKey(number + 1)
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

/** The newest value of a key; of a family without a number there is none. */
function read(layers: Layers, saved: Pick<Shelf, 'get'>, [number, key]: readonly [number | undefined, Uint8Array]) {
  if (number === undefined) return undefined
  const full = rowKey(number, key)
  for (const layer of layers) {
    const cell = layer?.get(full)
    if (cell !== undefined) return cell?.slice()
  }
  return saved.get(full)
}

/** The only {@link Table} there is; stores differ in their shelves. */
export class OverlayTable implements Table {
  #shelf: Shelf
  readonly #check: () => void
  #families: Map<string, number>
  #familiesSaved: number
  #applied: LogIndex
  #appliedSaved: LogIndex
  #membership: Membership
  #membershipSaved: Membership
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
    this.#membership = start.membership
    this.#membershipSaved = start.membership
  }

  get applied(): LogIndex {
    return this.#applied
  }

  get membership(): Membership {
    return this.#membership
  }

  get families(): readonly string[] {
    return [...this.#families.keys()]
  }

  /** Bytes that the next write will save. */
  get unsavedBytes(): number {
    return this.#fresh.bytes + (this.#membership === this.#membershipSaved ? 0 : MEMBERSHIP_BYTES)
  }

  apply(index: LogIndex, writes: readonly TableWrite[], membership?: Membership): void {
    this.#check()
    assert(index > this.#applied, 'APPLIED_FELL', { from: this.#applied, to: index })
    for (const write of writes) this.#checkWrite(write)
    if (this.#fresh.held) this.#fresh = new OrderedBytes(this.#fresh)
    for (const write of writes) this.#fresh.set(rowKey(this.#numberFor(write.family), write.key), write.value ?? null)
    this.#applied = index
    if (membership) this.#membership = membership
  }

  reform(membership: Membership): void {
    this.#check()
    this.#membership = membership
  }

  get(family: string, key: Uint8Array): Uint8Array | undefined {
    this.#check()
    return read([this.#fresh, this.#leaving], this.#shelf, [this.#families.get(family), key])
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
    const families = this.#families
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
      membership: this.#membership,
      get: (family, key) => {
        check()
        return read(layers, view, [families.get(family), key])
      },
      range: (family, range) => {
        check()
        const number = families.get(family)
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

  /** Begins anew from another state, which takes the place of all. Views that are open go on as they were. */
  restart({ applied, membership, families, shelf }: TableState): void {
    this.#shelf = shelf
    this.#families = new Map(Object.entries(families))
    this.#familiesSaved = this.#families.size
    this.#applied = applied
    this.#appliedSaved = applied
    this.#membership = membership
    this.#membershipSaved = membership
    this.#fresh = new OrderedBytes()
    this.#leaving = null
  }

  /** Hands over what is unsaved; null when there is nothing. It stays visible until {@link settle}. */
  leave(): Unsaved | null {
    assert(this.#leaving === null, 'TABLE_WRITTEN_TWICE_AT_ONCE')
    if (this.#applied === this.#appliedSaved && this.#membership === this.#membershipSaved) return null
    const cells = this.#fresh
    this.#leaving = cells
    this.#fresh = new OrderedBytes()
    this.#appliedSaved = this.#applied
    const families = this.#families.size > this.#familiesSaved ? Object.fromEntries(this.#families) : null
    this.#familiesSaved = this.#families.size
    const membership = this.#membership === this.#membershipSaved ? null : this.#membership
    this.#membershipSaved = this.#membership
    return { applied: this.#applied, cells: cells.cells(), families, membership }
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
}
