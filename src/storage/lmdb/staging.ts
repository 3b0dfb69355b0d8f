/**
 * States that belong to no group yet: the rows of a snapshot, put on the disk under a number that no record names. Knows nothing of where they come from.
 */

import { assert } from '../../base/assert.ts'
import { FlotillaError } from '../../base/errors.ts'
import { KEY_BYTES_MAX } from '../../base/limits.ts'
import type { StagedState } from '../../ports/store.ts'
import type { TableWrite } from '../../ports/table.ts'
import { FamilyNumbers } from '../family-numbers.ts'
import { rowKey } from '../overlay-table.ts'
import type { Env } from './env.ts'
import { cellChanges, countRowBytes } from './shelf.ts'
import type { Change } from './writer.ts'

/** Bytes of rows in one transaction: much for a flush, little for memory (where two of them are), and soon done for the writes that wait behind it. */
const PORTION_BYTES = 1024 * 1024

/** Where staged rows lie. */
export interface StagedRows {
  /** Stands for the group in keys, once a record names it. */
  readonly number: number
  readonly families: Readonly<Record<string, number>>
}

export interface StagingHost {
  readonly env: Env
  /** One durable transaction, in its turn among the store's writes. */
  readonly commit: (changes: readonly Change[]) => Promise<void>
}

/** The staged states of an open store. */
export class Staging {
  readonly #host: StagingHost
  readonly #staged = new Map<StagedState, StagedRows>()

  constructor(host: StagingHost) {
    this.#host = host
  }

  /** Puts rows on the disk under that number, a portion at a time, while the next is read. Rejects as the rows do, or with `STORAGE_FAILED`. */
  async fill(group: string, number: number, rows: AsyncIterable<TableWrite>): Promise<StagedState> {
    const { env, commit } = this.#host
    const families = new FamilyNumbers()
    let portion: Change[] = []
    let pending = 0
    let total = 0
    let last = ''
    let isOrdered = true
    let writing: Promise<void> = Promise.resolve()
    const write = async (changes: readonly Change[]): Promise<void> => {
      await writing
      writing = commit(changes)
      writing.catch(() => {}) // told by the next, or at the end
    }
    for await (const { family, key, value } of rows) {
      if (value === undefined) continue
      if (key.length > KEY_BYTES_MAX)
        throw new FlotillaError('TOO_LARGE', `a key has ${key.length} bytes`, { max: KEY_BYTES_MAX })
      const full = rowKey(families.numberFor(family), key)
      if (full <= last) isOrdered = false
      last = full
      portion.push(...cellChanges(env, number, [[full, value]]))
      pending += key.length + value.length
      if (pending < PORTION_BYTES) continue
      total += pending
      pending = 0
      await write(portion)
      portion = []
    }
    await write(portion)
    await writing
    env.root.resetReadTxn()
    const bytes = isOrdered ? total + pending : countRowBytes(env, number) // out of order a row may have taken another's place
    const state = { group, bytes }
    this.#staged.set(state, { number, families: families.toRecord() })
    return state
  }

  /** Where a state lies, which is no staged one any more: it is installed, or to be cleared. */
  take(state: StagedState): StagedRows {
    const rows = this.#staged.get(state)
    assert(rows !== undefined, 'STATE_NOT_STAGED', { group: state.group })
    this.#staged.delete(state)
    return rows
  }
}
