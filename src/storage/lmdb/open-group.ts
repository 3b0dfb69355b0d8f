/** One opened group of a store on LMDB: where its log ends, its table, and what a write of it changes. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { assert } from '../../base/assert.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { LogReader } from '../../ports/log-reader.ts'
import type { GroupWrite, Installation, Recovered, StagedState, WriteScope } from '../../ports/store.ts'
import type { Entry, LogIndex, LogPosition } from '../../protocol/types.ts'
import { type LogBounds, membershipOf } from '../check-batch.ts'
import type { Gate } from '../gate.ts'
import { OverlayTable, type Unsaved } from '../overlay-table.ts'
import { termRuns } from '../term-runs.ts'
import { type DamageOf, damaged, readingOf } from './damage.ts'
import type { Env } from './env.ts'
import { type GroupRecord, groupChange } from './group-record.ts'
import { groupKey } from './keys.ts'
import {
  dropEntries,
  type EntryChange,
  entryChanges,
  type Link,
  linkTo,
  NO_LINK,
  readEntries,
  readEntry,
  readFirstIndex,
  readLastIndex,
  readLink,
} from './log.ts'
import { cellChanges, growthBy, LmdbShelf, type Views } from './shelf.ts'
import type { StagedRows } from './staging.ts'
import { readState, type StateRecord, stateChange } from './state-record.ts'
import type { Change } from './writer.ts'

/** Entries cut off that one write takes off the disk: so many that it keeps up with any log, so few that nobody waits for it. */
const CUT_PORTION = 4096

/** Rows that are looked up before others have a turn of the event loop: each may be a read of the disk. */
const WEIGH_PORTION = 256

/** Where a log begins: behind an entry, and with the link to it. */
type LogStart = Pick<GroupRecord, 'truncated' | 'link'>

/** A record with what a table, and a log that was cut off, have to add to it. */
function recordAfter(record: GroupRecord, unsaved: Unsaved | null, { truncated, link }: LogStart): GroupRecord {
  const { conf, peers, lastPeerId } = unsaved?.membership ?? record
  return structuredClone({
    ...record,
    conf,
    peers,
    lastPeerId,
    families: unsaved?.families ?? record.families,
    truncated,
    link,
  }) as GroupRecord
}

/** What a group needs of its store. */
export interface GroupHost {
  readonly env: Env
  readonly views: Views
  readonly gate: Gate
  /** Where a staged state lies; it is no staged one from then on. */
  readonly stagedRows: (state: StagedState) => StagedRows
}

/** A write that may cut the log off. */
interface Cutting {
  readonly changes: Change[]
  /** The entries in it. */
  readonly entries: readonly Entry[]
  readonly entryChanges: readonly EntryChange[]
  readonly unsaved: Unsaved | null
  /** As the write will leave it. */
  readonly applied: LogIndex
}

/** What a group is from an installation on. */
interface Following {
  readonly record: GroupRecord
  readonly state: StateRecord
}

/** Reads, and prepares writes of, one group. Its state in memory is that on disk, but for what {@link prepare} announced. */
export class OpenGroup implements LogReader {
  readonly table: OverlayTable
  readonly #host: GroupHost
  readonly #id: string
  readonly #damageOf: DamageOf
  #record: GroupRecord
  #state: StateRecord
  /** What becomes true when the write under way is durable. */
  #next: StateRecord | null = null
  /** Rows of the write under way that are not weighed yet. */
  #unweighed: readonly Change[] = []
  /** The same, of an installed snapshot. */
  #following: Following | null = null
  /** The first entry that may still be on the disk. */
  #oldest: LogIndex

  constructor(host: GroupHost, id: string, record: GroupRecord) {
    this.#host = host
    this.#id = id
    this.#record = record
    this.#damageOf = { env: host.env, group: id }
    this.#state = readingOf(this.#damageOf, () => readState(host.env, record.number))
    this.#oldest = readingOf(this.#damageOf, () => readFirstIndex(host.env, record.number)) ?? record.truncated.index + 1
    this.table = new OverlayTable({ ...this.#tableState(), check: () => host.gate.check() })
  }

  /** Stands for the group in keys. */
  get number(): number {
    return this.#record.number
  }

  /** All numbers under which something of the group may be: an installation that was prepared, and is not settled, has brought another. */
  get numbers(): readonly number[] {
    return this.#following ? [this.number, this.#following.record.number] : [this.number]
  }

  get bounds(): LogBounds {
    return { truncated: this.#record.truncated.index, lastIndex: this.#state.lastIndex }
  }

  /** What a restart finds. Throws `STORE_DAMAGED` when the log does not end as the state record says, or is damaged where it is read. */
  recover(): Recovered {
    return readingOf(this.#damageOf, () => this.#recover())
  }

  #recover(): Recovered {
    const { env } = this.#host
    const { number, conf, peers, lastPeerId, kind, truncated } = this.#record
    const { hardState, applied, lastIndex } = this.#state
    const found = Math.max(truncated.index, readLastIndex(env, number))
    if (found !== lastIndex) throw damaged(`the stored log ends at ${found}, not at ${lastIndex}`, { found, lastIndex })
    const link = lastIndex > truncated.index ? readEntry(env, number, lastIndex).link : this.#record.link
    if (link !== this.#state.link) throw damaged(`entry ${lastIndex} is not the one that was stored last`, { lastIndex })
    const runs = termRuns(truncated.index + 1, lastIndex, (index) => readEntry(env, number, index).entry.term)
    return { hardState, conf, peers, lastPeerId, kind, truncated, lastIndex, runs, applied }
  }

  entries(lo: LogIndex, hi: LogIndex, bytesMax: number): readonly Entry[] {
    this.#host.gate.check()
    const { number, truncated } = this.#record
    if (lo <= truncated.index) {
      throw new FlotillaError('COMPACTED', `entries up to ${truncated.index} are cut off`, { lo, truncated: truncated.index })
    }
    return readingOf(this.#damageOf, () => readEntries({ env: this.#host.env, group: number }, { lo, hi, bytesMax }, this.#state))
  }

  /** Bytes of keys and values of the rows that are saved. */
  get rowBytes(): number {
    return this.#state.rowBytes
  }

  /**
   * Changes that save a write and, unless the scope leaves it out, all that the table holds unsaved; {@link weigh} has the last of them. They become ours in
   * {@link settle}.
   */
  prepare(write: GroupWrite | undefined, scope: WriteScope): Change[] {
    if (write?.install) return this.#prepareInstall(write, write.install)
    const unsaved = scope === 'all' ? this.table.leave() : null
    if (!unsaved && !write?.hardState && !write?.entries?.length && !write?.truncate) return []
    const { env } = this.#host
    const changes: Change[] = []
    const entries = write?.entries ?? []
    const stored = entryChanges({ env, group: this.number }, entries, entries[0] ? this.#linkTo(entries[0].index - 1) : NO_LINK)
    for (const change of stored) changes.push(change)
    const last = stored.at(-1)
    const lastIndex = entries.at(-1)?.index ?? this.#state.lastIndex
    for (const change of dropEntries(env, this.number, [lastIndex + 1, this.#state.lastIndex])) changes.push(change)
    this.#unweighed = unsaved ? [...cellChanges(env, this.number, unsaved.cells)] : []
    for (const change of this.#unweighed) changes.push(change)
    const { hardState, applied } = this.#state
    this.#next = {
      hardState: write?.hardState ?? hardState,
      applied: unsaved?.applied ?? applied,
      lastIndex,
      link: last ? linkTo(last) : this.#state.link,
      rowBytes: this.#state.rowBytes,
    }
    const cutting = { changes, entries, entryChanges: stored, unsaved, applied: this.#next.applied }
    this.#cut(write?.truncate ?? this.#record.truncated, cutting)
    return changes
  }

  /**
   * The state record of what was prepared. What the rows come to depends on those that they replace, which LMDB is asked for; it reads from the disk what it needs for the
   * write anyhow. None where nothing was prepared.
   */
  async weigh(): Promise<Change[]> {
    if (this.#next === null) return []
    const changes = this.#unweighed
    this.#unweighed = []
    let { rowBytes } = this.#next
    for (const [at, change] of changes.entries()) {
      rowBytes += growthBy(change)
      if (at % WEIGH_PORTION === WEIGH_PORTION - 1) await nextTurn()
    }
    this.#next = { ...this.#next, rowBytes }
    return [stateChange(this.#host.env, this.number, this.#next)]
  }

  /** The log begins behind that entry from now on, if not later already; what lies before it goes, a portion with each write. */
  #cut(at: LogPosition, { changes, entries, entryChanges, unsaved, applied }: Cutting): void {
    const { env } = this.#host
    assert(at.index <= applied, 'LOG_CUT_BEYOND_APPLIED', { group: this.#id, index: at.index, applied })
    const isNew = at.index > this.#record.truncated.index
    if (isNew || unsaved?.families || unsaved?.membership) {
      const fresh = entryChanges[at.index - (entries[0]?.index ?? at.index + 1)]
      const start = { truncated: at, link: fresh ? linkTo(fresh) : this.#linkTo(at.index) }
      this.#record = recordAfter(this.#record, unsaved, isNew ? start : this.#record)
      changes.push(groupChange(env, this.#id, this.#record))
    }
    const end = Math.min(this.#record.truncated.index, this.#oldest + CUT_PORTION - 1)
    for (const change of dropEntries(env, this.number, [this.#oldest, end])) changes.push(change)
    this.#oldest = Math.max(this.#oldest, end + 1)
  }

  /** The link to an entry that is stored, or to the one before the first of them. */
  #linkTo(index: LogIndex): Link {
    if (index === this.#state.lastIndex) return this.#state.link
    return index === this.#record.truncated.index ? this.#record.link : readLink(this.#host.env, this.number, index)
  }

  /** A staged state takes the place of everything: the record names where it lies, and what lay here before is nobody's. */
  #prepareInstall({ hardState, entries = [] }: GroupWrite, { state, membership, index, term }: Installation): Change[] {
    const { env, stagedRows } = this.#host
    const { number, families } = stagedRows(state)
    const { conf, peers, lastPeerId } = membership
    const record = structuredClone({
      ...this.#record,
      number,
      conf,
      peers,
      lastPeerId,
      families,
      truncated: { index, term },
      link: NO_LINK,
    })
    const saved = hardState ?? this.#state.hardState
    const stored = entryChanges({ env, group: number }, entries, NO_LINK)
    const last = stored.at(-1)
    const next: StateRecord = {
      hardState: { ...saved, commit: Math.max(saved.commit, index) },
      applied: index,
      lastIndex: entries.at(-1)?.index ?? index,
      link: last ? linkTo(last) : NO_LINK,
      rowBytes: state.bytes,
    }
    this.#following = { record: record as GroupRecord, state: next }
    return [
      groupChange(env, this.#id, record as GroupRecord),
      stateChange(env, number, next),
      { db: env.state, key: groupKey(this.number) },
      ...stored,
    ]
  }

  /** Says that what was prepared is durable, and that reads see it. Returns the number of what was replaced, to be cleared; null when nothing was. */
  settle(): number | null {
    const following = this.#following
    this.#following = null
    if (following) return this.#follow(following)
    if (this.#next) this.#state = this.#next
    this.#next = null
    this.table.settle()
    return null
  }

  #follow({ record, state }: Following): number {
    const before = this.number
    this.#record = record
    this.#state = state
    this.#oldest = record.truncated.index + 1
    this.table.restart({ ...this.#tableState() })
    return before
  }

  #tableState() {
    const { env, views } = this.#host
    const { number, families } = this.#record
    return {
      applied: this.#state.applied,
      membership: membershipOf(this.#record),
      families,
      shelf: new LmdbShelf(env, views, { group: this.#id, number }),
    }
  }
}
