/** One opened group of a store on LMDB: where its log ends, its table, and what a write of it changes. */

import { FlotillaError } from '../../base/errors.ts'
import type { LogReader } from '../../ports/log-reader.ts'
import type { GroupWrite, Recovered, WriteScope } from '../../ports/store.ts'
import type { Entry, LogIndex } from '../../protocol/types.ts'
import { type LogBounds, membershipOf } from '../check-batch.ts'
import type { Gate } from '../gate.ts'
import { OverlayTable, type Unsaved } from '../overlay-table.ts'
import { termRuns } from '../term-runs.ts'
import type { Env } from './env.ts'
import { type GroupRecord, groupChange } from './group-record.ts'
import { dropEntries, entryChange, readEntries, readEntry, readLastIndex } from './log.ts'
import { cellChanges, LmdbShelf, type Views } from './shelf.ts'
import { readState, type StateRecord, stateChange } from './state-record.ts'
import type { Change } from './writer.ts'

/** A record with what a table has to add to it. */
function recordAfter(record: GroupRecord, { families, membership }: Unsaved): GroupRecord {
  const { conf, peers, lastPeerId } = membership ?? record
  return structuredClone({ ...record, conf, peers, lastPeerId, families: families ?? record.families }) as GroupRecord
}

/** What a group needs of its store. */
export interface GroupHost {
  readonly env: Env
  readonly views: Views
  readonly gate: Gate
}

/** Reads, and prepares writes of, one group. Its state in memory is that on disk, but for what {@link prepare} announced. */
export class OpenGroup implements LogReader {
  readonly table: OverlayTable
  readonly #host: GroupHost
  readonly #id: string
  #record: GroupRecord
  #state: StateRecord
  /** What becomes true when the write under way is durable. */
  #next: StateRecord | null = null

  constructor(host: GroupHost, id: string, record: GroupRecord) {
    this.#host = host
    this.#id = id
    this.#record = record
    this.#state = readState(host.env, record.number)
    this.table = new OverlayTable({
      applied: this.#state.applied,
      membership: membershipOf(record),
      families: record.families,
      shelf: new LmdbShelf(host.env, host.views, record.number),
      check: () => host.gate.check(),
    })
  }

  /** Stands for the group in keys. */
  get number(): number {
    return this.#record.number
  }

  get bounds(): LogBounds {
    return { truncated: this.#record.truncated.index, lastIndex: this.#state.lastIndex }
  }

  /** What a restart finds. Throws `STORAGE_FAILED` when the log does not end where the state record says, or is damaged where it is read. */
  recover(): Recovered {
    const { env } = this.#host
    const { number, conf, peers, lastPeerId, kind, truncated } = this.#record
    const { hardState, applied, lastIndex } = this.#state
    const found = Math.max(truncated.index, readLastIndex(env, number))
    if (found !== lastIndex) {
      const message = `the stored log of group "${this.#id}" ends at ${found}, not at ${lastIndex}`
      throw new FlotillaError('STORAGE_FAILED', message, { group: this.#id, found, lastIndex })
    }
    const runs = termRuns(truncated.index + 1, lastIndex, (index) => readEntry(env, number, index).term)
    return { hardState, conf, peers, lastPeerId, kind, truncated, lastIndex, runs, applied }
  }

  entries(lo: LogIndex, hi: LogIndex, bytesMax: number): readonly Entry[] {
    this.#host.gate.check()
    const { number, truncated } = this.#record
    if (lo <= truncated.index) {
      throw new FlotillaError('COMPACTED', `entries up to ${truncated.index} are cut off`, { lo, truncated: truncated.index })
    }
    return readEntries(this.#host.env, number, [lo, hi, bytesMax])
  }

  /** Changes that save a write and, unless the scope leaves it out, all that the table holds unsaved. They become ours in {@link settle}. */
  prepare(write: GroupWrite | undefined, scope: WriteScope): Change[] {
    const { env } = this.#host
    const { number } = this.#record
    const changes: Change[] = []
    const unsaved = scope === 'all' ? this.table.leave() : null
    if (!unsaved && !write?.hardState && !write?.entries?.length) return changes
    const entries = write?.entries ?? []
    for (const entry of entries) changes.push(entryChange(env, number, entry))
    const lastIndex = entries.at(-1)?.index ?? this.#state.lastIndex
    for (const change of dropEntries(env, number, [lastIndex + 1, this.#state.lastIndex])) changes.push(change)
    if (unsaved) {
      for (const change of cellChanges(env, number, unsaved.cells)) changes.push(change)
      if (unsaved.families || unsaved.membership) {
        this.#record = recordAfter(this.#record, unsaved)
        changes.push(groupChange(env, this.#id, this.#record))
      }
    }
    const { hardState, applied } = this.#state
    this.#next = { hardState: write?.hardState ?? hardState, applied: unsaved?.applied ?? applied, lastIndex }
    changes.push(stateChange(env, number, this.#next))
    return changes
  }

  /** Says that what was prepared is durable, and that reads see it. */
  settle(): void {
    if (this.#next) this.#state = this.#next
    this.#next = null
    this.table.settle()
  }
}
