/** States in memory that belong to no group yet: the rows of a snapshot. Knows nothing of where they come from. */

import { assert } from '../../base/assert.ts'
import type { StagedState } from '../../ports/store.ts'
import type { TableWrite } from '../../ports/table.ts'
import { FamilyNumbers } from '../family-numbers.ts'
import { OrderedBytes } from '../ordered-bytes.ts'
import { rowKey } from '../overlay-table.ts'
import { bytesOfRows } from './shelf.ts'

export interface StagedRows {
  readonly families: Readonly<Record<string, number>>
  readonly rows: OrderedBytes
}

/** The staged states of an open store. */
export class MemoryStaging {
  readonly #staged = new Map<StagedState, StagedRows>()

  async fill(group: string, source: AsyncIterable<TableWrite>): Promise<StagedState> {
    const families = new FamilyNumbers()
    const rows = new OrderedBytes()
    for await (const { family, key, value } of source) {
      if (value !== undefined) rows.set(rowKey(families.numberFor(family), key), value.slice())
    }
    const state = { group, bytes: bytesOfRows(rows) }
    this.#staged.set(state, { families: families.toRecord(), rows })
    return state
  }

  /** Where a state lies, which is no staged one any more. */
  take(state: StagedState): StagedRows {
    const rows = this.#staged.get(state)
    assert(rows !== undefined, 'STATE_NOT_STAGED', { group: state.group })
    this.#staged.delete(state)
    return rows
  }
}
