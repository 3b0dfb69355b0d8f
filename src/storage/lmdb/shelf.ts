/** Saved rows of one group in LMDB, and views of them that stay as they were. Knows nothing of what is unsaved. */

import { FlotillaError } from '../../base/errors.ts'
import type { SavedRow } from '../merge-rows.ts'
import { type Cell, toBinary } from '../ordered-bytes.ts'
import { FAMILY_BYTES, type Shelf, type ShelfView } from '../overlay-table.ts'
import { checkBeside } from './absence.ts'
import { damageOf } from './damage.ts'
import { type Env, type ReadTransaction, VIEWS_MAX } from './env.ts'
import { dataKey, GROUP_BYTES, groupKey } from './keys.ts'
import { HEAD_BYTES, seal, unseal } from './seal.ts'
import type { Change } from './writer.ts'

/** Whose rows: the group's id, and the number that stands for it in keys. */
export interface ShelfOwner {
  readonly group: string
  readonly number: number
}

/** All open views of a store: bounded, and closed before the environment is, since LMDB would crash on a reader left behind. */
export class Views {
  readonly #open = new Set<LmdbView>()

  open(env: Env, owner: ShelfOwner): ShelfView {
    if (this.#open.size >= VIEWS_MAX) {
      throw new FlotillaError('BUSY', `${VIEWS_MAX} snapshots and unfinished ranges are open`, { max: VIEWS_MAX })
    }
    const view = new LmdbView(env, owner, () => this.#open.delete(view))
    this.#open.add(view)
    return view
  }

  closeAll(): void {
    for (const view of this.#open) view.close()
  }
}

const rowName = 'a row'

/** What LMDB shows now. */
export class LmdbShelf implements Shelf {
  readonly #env: Env
  readonly #views: Views
  readonly #owner: ShelfOwner

  constructor(env: Env, views: Views, owner: ShelfOwner) {
    this.#env = env
    this.#views = views
    this.#owner = owner
  }

  get(key: string): Uint8Array | undefined {
    const full = dataKey(this.#owner.number, key)
    try {
      const sealed = this.#env.data.get(full)
      if (sealed) return unseal(full, sealed, rowName)
      checkBeside({ db: this.#env.data, prefix: groupKey(this.#owner.number) }, full, rowName)
      return undefined
    } catch (thrown) {
      throw damageOf({ env: this.#env, group: this.#owner.group }, thrown)
    }
  }

  view(): ShelfView {
    return this.#views.open(this.#env, this.#owner)
  }
}

/** A read transaction of LMDB. */
class LmdbView implements ShelfView {
  readonly #env: Env
  readonly #owner: ShelfOwner
  readonly #transaction: ReadTransaction
  readonly #closed: () => void
  readonly #cursors = new Set<Iterator<unknown>>()
  #open = true

  constructor(env: Env, owner: ShelfOwner, closed: () => void) {
    this.#env = env
    this.#owner = owner
    this.#closed = closed
    this.#transaction = env.root.useReadTransaction()
  }

  get(key: string): Uint8Array | undefined {
    this.#check()
    const full = dataKey(this.#owner.number, key)
    try {
      const sealed = this.#env.data.get(full, { transaction: this.#transaction })
      if (sealed) return unseal(full, sealed, rowName)
      checkBeside(this.#place, full, rowName)
      return undefined
    } catch (thrown) {
      throw damageOf({ env: this.#env, group: this.#owner.group }, thrown)
    }
  }

  *rows(lo: string, hi: string, reverse: boolean): Generator<SavedRow> {
    this.#check()
    const bounds = { start: dataKey(this.#owner.number, lo), end: dataKey(this.#owner.number, hi) }
    const turned = { start: bounds.end, exclusiveStart: true, end: bounds.start, inclusiveEnd: true, reverse: true }
    const cursor = this.#env.data.getRange({ ...(reverse ? turned : bounds), transaction: this.#transaction })[Symbol.iterator]()
    this.#cursors.add(cursor)
    try {
      for (let next = cursor.next(); !next.done; next = cursor.next()) {
        const { key, value } = next.value
        yield [toBinary(key.subarray(GROUP_BYTES)), unseal(key, value, rowName)]
        this.#check() // a cursor of a closed view would look like the end
      }
      for (const bound of [bounds.start, bounds.end]) checkBeside(this.#place, bound, rowName) // what belongs within may lie just outside
    } catch (thrown) {
      throw damageOf({ env: this.#env, group: this.#owner.group }, thrown)
    } finally {
      this.#cursors.delete(cursor)
      if (this.#open) cursor.return?.()
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const cursor of this.#cursors) cursor.return?.() // before its transaction ends
    this.#transaction.done()
    this.#closed()
  }

  get #place() {
    return { db: this.#env.data, prefix: groupKey(this.#owner.number), transaction: this.#transaction }
  }

  #check(): void {
    if (!this.#open) throw new FlotillaError('CLOSED', 'the snapshot is closed')
  }
}

/** A table's unsaved cells, to be written. */
export function* cellChanges(env: Env, group: number, cells: Iterable<readonly [string, Cell]>): Generator<Change> {
  for (const [key, cell] of cells) {
    const full = dataKey(group, key)
    yield cell === null ? { db: env.data, key: full } : { db: env.data, key: full, value: seal(full, cell) }
  }
}

/** Deletions of the first rows of a group, so many at most. */
export function clearRows(env: Env, group: number, limit: number): Change[] {
  const range = { start: groupKey(group), end: groupKey(group + 1), limit }
  return Array.from(env.data.getKeys(range), (key) => ({ db: env.data, key: Buffer.from(key) }))
}

/** Bytes of a row's own: of its key, and of its value. Both are given as they are stored. */
const rowBytes = (key: Uint8Array, sealed: Uint8Array): number =>
  key.length - GROUP_BYTES - FAMILY_BYTES + Math.max(0, sealed.length - HEAD_BYTES)

/** By how many bytes a change of a row makes the rows more, given what LMDB shows now. */
export function growthBy({ db, key, value }: Change): number {
  const before = db.getBinaryFast(key) // its length only: a copy of the value would cost half as much again
  return (value ? rowBytes(key, value) : 0) - (before ? rowBytes(key, before) : 0)
}

/** Bytes of all rows of a group, by reading them. */
export function countRowBytes(env: Pick<Env, 'data'>, group: number): number {
  let bytes = 0
  for (const { key, value } of env.data.getRange({ start: groupKey(group), end: groupKey(group + 1) }))
    bytes += rowBytes(key, value)
  return bytes
}
