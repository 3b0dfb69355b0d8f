/** Saved rows of one group on a disk in memory. Knows nothing of what is unsaved. */

import type { SavedRow } from '../merge-rows.ts'
import { type Cell, OrderedBytes } from '../ordered-bytes.ts'
import { FAMILY_BYTES, type Shelf, type ShelfView } from '../overlay-table.ts'
import type { GroupImage } from './disk.ts'

function* savedRows(rows: OrderedBytes, lo: string, [hi, reverse]: readonly [string, boolean]): Generator<SavedRow> {
  for (const [key, cell] of rows.slice(lo, hi, reverse)) if (cell) yield [key, cell.slice()]
}

/** Reads a group's rows as they are on the disk. */
export class MemoryShelf implements Shelf {
  readonly #group: GroupImage

  constructor(group: GroupImage) {
    this.#group = group
  }

  get(key: string): Uint8Array | undefined {
    return this.#group.rows.get(key)?.slice()
  }

  view(): ShelfView {
    const rows = this.#group.rows
    const release = rows.hold()
    let open = true
    return {
      get: (key) => rows.get(key)?.slice(),
      rows: (lo, hi, reverse) => savedRows(rows, lo, [hi, reverse]),
      close: () => {
        if (open) release()
        open = false
      },
    }
  }
}

/** Puts cells on the disk; whoever has a view open keeps seeing what was there. */
export function saveRows(group: GroupImage, cells: Iterable<readonly [string, Cell]>): void {
  if (group.rows.held) group.rows = new OrderedBytes(group.rows)
  for (const [key, cell] of cells) {
    if (cell === null) group.rows.remove(key)
    else group.rows.set(key, cell)
  }
}

/** Bytes of the keys and values of rows. */
export const bytesOfRows = (rows: OrderedBytes): number => rows.bytes - FAMILY_BYTES * rows.size
