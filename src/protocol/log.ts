/**
 * The log as a value: which term stands at which index, and the newest entries. Immutable; older entries stay on disk behind a reader.
 * Knows no roles and no messages.
 */

import { assert } from '../base/assert.ts'
import { TAIL_BYTES_MAX } from '../base/limits.ts'
import type { LogReader } from '../ports/log-reader.ts'
import { Tail } from './tail.ts'
import { type Entry, entryBytes, type LogIndex, type LogPosition, type Term, type TermRun } from './types.ts'

/** Entries kept in memory once they are applied, so that a follower in step is served without a disk read. */
const KEPT_ENTRIES_MAX = 4096

/** What a stored log looks like after a restart. */
export interface StoredLog {
  readonly truncated: LogPosition
  readonly lastIndex: LogIndex
  readonly runs: readonly TermRun[]
  readonly reader: LogReader
  /** Stored entries of kind `configuration` that have not taken effect yet, ascending. None when missing. */
  readonly configurations?: readonly LogIndex[]
}

interface Fields {
  readonly truncated: LogPosition
  readonly runs: readonly TermRun[]
  readonly lastIndex: LogIndex
  readonly durableIndex: LogIndex
  readonly configurations: readonly LogIndex[]
  readonly tail: Tail
  readonly reader: LogReader
}

/** One peer's log. Every change makes a new value; the old one stays true. */
export class Log {
  /** The entry before the first one we have. */
  readonly truncated: LogPosition
  readonly lastIndex: LogIndex
  /** Everything up to here is on our own disk. Only this much may be promised or counted (thesis 10.2.1). */
  readonly durableIndex: LogIndex
  readonly runs: readonly TermRun[]
  /** Entries of kind `configuration` in this log that have not taken effect yet, ascending. Who has any must be careful with more (thesis 4.1). */
  readonly configurations: readonly LogIndex[]
  readonly #tail: Tail
  readonly #reader: LogReader

  private constructor(fields: Fields) {
    this.truncated = fields.truncated
    this.lastIndex = fields.lastIndex
    this.durableIndex = fields.durableIndex
    this.runs = fields.runs
    this.configurations = fields.configurations
    this.#tail = fields.tail
    this.#reader = fields.reader
  }

  /** The log a restart finds. All of it is durable. */
  static from(stored: StoredLog): Log {
    const { truncated, lastIndex, runs, reader, configurations = [] } = stored
    const tail = Tail.empty(lastIndex + 1)
    return new Log({ truncated, lastIndex, runs, reader, configurations, durableIndex: lastIndex, tail })
  }

  /** Index of the first entry we have, or would have. */
  get firstIndex(): LogIndex {
    return this.truncated.index + 1
  }

  get lastTerm(): Term {
    return this.runs.at(-1)?.term ?? this.truncated.term
  }

  /** Term of the entry at an index; undefined where we have none (cut off, or not yet written). */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.truncated.index) return this.truncated.term
    if (index < this.truncated.index || index > this.lastIndex) return undefined
    return this.#runAt(index).term
  }

  /** Whether we hold the very entry (index, term): then the logs agree up to there (Log Matching, §5.3). */
  matches(index: LogIndex, term: Term): boolean {
    return this.termAt(index) === term
  }

  /** Whether a log that ends at (index, term) has everything that could be committed, as far as ours tells (§5.4.1). */
  isUpToDate(index: LogIndex, term: Term): boolean {
    return term > this.lastTerm || (term === this.lastTerm && index >= this.lastIndex)
  }

  /**
   * The last position at or before `index` whose term is at most `term`: all conflicting entries of one term are skipped in one step
   * (§5.3, the last paragraph on AppendEntries consistency).
   */
  lastAtMost(index: LogIndex, term: Term): LogPosition {
    let at = Math.min(index, this.lastIndex)
    for (let i = this.runs.length - 1; i >= 0 && at > this.truncated.index; i--) {
      const run = this.runs[i] as TermRun
      if (run.from > at) continue
      if (run.term <= term) return { index: at, term: run.term }
      at = run.from - 1
    }
    return at < this.truncated.index ? { index: at, term: 0 } : this.truncated
  }

  /** Entries `[lo, hi)` in order, cut before `bytesMax`, at least one if there is any. From memory where possible. */
  slice(lo: LogIndex, hi: LogIndex, bytesMax: number): readonly Entry[] {
    assert(lo > this.truncated.index && hi <= this.lastIndex + 1, 'LOG_SLICE_OUTSIDE', { lo, hi, last: this.lastIndex })
    if (lo >= hi) return []
    if (lo < this.#tail.first) return this.#reader.entries(lo, Math.min(hi, this.#tail.first), bytesMax)
    let bytes = 0
    let end = lo
    while (end < hi) {
      bytes += entryBytes(this.#tail.at(end) as Entry)
      if (bytes > bytesMax && end > lo) break
      end++
    }
    return this.#tail.slice(lo, end)
  }

  /** Bytes of the entries from `index` on, judged by the newest ones. Where none is in memory: 0. */
  bytesFrom(index: LogIndex): number {
    const { length, bytes } = this.#tail
    return length === 0 ? 0 : Math.max(0, this.lastIndex - index + 1) * (bytes / length)
  }

  /** Adds entries that follow directly on the last one. */
  append(entries: readonly Entry[]): Log {
    const runs = this.runs.slice()
    const added: LogIndex[] = []
    let last = this.lastIndex
    let term = this.lastTerm
    for (const entry of entries) {
      assert(entry.index === last + 1, 'LOG_HAS_A_GAP', { last, index: entry.index })
      assert(entry.term >= term, 'LOG_TERM_FELL', { index: entry.index, from: term, to: entry.term })
      if (entry.term > term || runs.length === 0) runs.push({ from: entry.index, term: entry.term })
      if (entry.kind === 'configuration') added.push(entry.index)
      last = entry.index
      term = entry.term
    }
    const configurations = added.length > 0 ? [...this.configurations, ...added] : this.configurations
    return this.#with({ runs, lastIndex: last, configurations, tail: this.#tail.append(entries) })
  }

  /** Drops everything from `from` on: a conflict with the leader (§5.3). */
  truncate(from: LogIndex): Log {
    if (from > this.lastIndex) return this
    assert(from > this.truncated.index, 'LOG_TRUNCATED_BELOW_START', { from, first: this.firstIndex })
    const runs = this.runs.filter((run) => run.from < from)
    const lastIndex = from - 1
    const durableIndex = Math.min(this.durableIndex, lastIndex)
    const configurations = this.configurations.filter((index) => index < from)
    return this.#with({ runs, lastIndex, durableIndex, configurations, tail: this.#tail.truncate(from) })
  }

  /** Lets go of everything up to `index`, which a snapshot stands for from now on (§7). It must be on disk: the rest would hang in the air. */
  compact(index: LogIndex): Log {
    if (index <= this.truncated.index) return this
    assert(index <= this.durableIndex, 'LOG_COMPACTED_BEYOND_DISK', { index, durable: this.durableIndex, last: this.lastIndex })
    return this.#begin({ index, term: this.#runAt(index).term })
  }

  /**
   * The log once a snapshot as of `position` is in place of the state machine (§7). If it holds that very entry, what follows stays, durable as
   * far as it was: the same as `compact`, on disk or not. Otherwise nothing of it is worth keeping, and it is empty at that position.
   * The snapshot is on disk by then, so everything up to `position` is durable.
   */
  restore({ index, term }: LogPosition): Log {
    const truncated = { index, term } // a copy: whoever passes a snapshot does not want it kept here
    if (this.matches(index, term)) return index === this.truncated.index ? this : this.#begin(truncated)
    assert(index > this.truncated.index, 'LOG_RESTORED_BELOW_START', { index, term, truncated: this.truncated.index })
    const tail = Tail.empty(index + 1)
    return this.#with({ truncated, runs: [], lastIndex: index, durableIndex: index, configurations: [], tail })
  }

  /** The state machine has come as far as `index`: configurations up to there have taken effect. */
  settle(index: LogIndex): Log {
    const first = this.configurations[0]
    if (first === undefined || first > index) return this
    return this.#with({ configurations: this.configurations.filter((one) => one > index) })
  }

  /** The disk has everything up to this entry. A late word about an entry that was replaced since counts for nothing. */
  persisted(last: LogPosition): Log {
    if (last.index <= this.durableIndex || !this.matches(last.index, last.term)) return this
    return this.#with({ durableIndex: last.index })
  }

  /** Lets durable entries up to `index` leave memory, except for the newest, as many as the bounds on count and bytes allow. */
  forget(index: LogIndex): Log {
    if (this.#tail.length <= 2 * KEPT_ENTRIES_MAX && this.#tail.bytes <= TAIL_BYTES_MAX) return this
    let first = Math.max(this.#tail.first, this.lastIndex - KEPT_ENTRIES_MAX + 1)
    let tail = this.#tail.dropBefore(first)
    while (tail.bytes > TAIL_BYTES_MAX / 2 && tail.length > 0) {
      first += Math.ceil(tail.length / 2)
      tail = this.#tail.dropBefore(first)
    }
    first = Math.min(first, index + 1, this.durableIndex + 1)
    return first > this.#tail.first ? this.#with({ tail: this.#tail.dropBefore(first) }) : this
  }

  /**
   * What has to be written so that a disk that holds `before` holds this log: entries that replace whatever is stored from the first of them on.
   * Entries that `compact` let go of may stay there as long as the disk likes. After a `restore` the disk must hold the snapshot's position first:
   * when the snapshot is installed, the store drops all that lies below it, and, unless `before` matched the position, all that lies beyond it
   * too, in the same transaction. That drop is not to be seen here, where only entries are named that are missing.
   */
  since(before: Log): readonly Entry[] {
    let shared = Math.max(this.truncated.index, Math.min(before.lastIndex, this.lastIndex))
    for (let at = shared; at > this.truncated.index; at--) {
      if (before.termAt(at) !== this.termAt(at)) {
        shared = at - 1
        continue
      }
      const [one, other] = [before.#runAt(at), this.#runAt(at)]
      if (one === other) break // from one log: all before it is, too
      at = Math.max(one.from, other.from) // agrees down to here; below, a forged message may have changed what Log Matching says is the same
    }
    return shared === this.lastIndex ? [] : this.#tail.slice(shared + 1, this.lastIndex + 1)
  }

  /** What is left of this log when it begins behind an entry that it has. */
  #begin(truncated: LogPosition): Log {
    const { index } = truncated
    const runs: TermRun[] = []
    for (const [i, run] of this.runs.entries()) {
      const end = this.runs[i + 1]?.from ?? this.lastIndex + 1
      if (end > index + 1) runs.push(run.from > index ? run : { from: index + 1, term: run.term })
    }
    const durableIndex = Math.max(this.durableIndex, index)
    const configurations = this.configurations.filter((one) => one > index)
    return this.#with({ truncated, runs, durableIndex, configurations, tail: this.#tail.dropBefore(index + 1) })
  }

  #runAt(index: LogIndex): TermRun {
    for (let i = this.runs.length - 1; i >= 0; i--) {
      const run = this.runs[i] as TermRun
      if (run.from <= index) return run
    }
    assert(false, 'LOG_WITHOUT_TERM', { index })
  }

  #with(change: Partial<Fields>): Log {
    const { truncated, runs, lastIndex, durableIndex, configurations } = this
    return new Log({
      truncated,
      runs,
      lastIndex,
      durableIndex,
      configurations,
      tail: this.#tail,
      reader: this.#reader,
      ...change,
    })
  }
}
