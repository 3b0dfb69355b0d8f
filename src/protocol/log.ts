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
}

interface Fields {
  readonly truncated: LogPosition
  readonly runs: readonly TermRun[]
  readonly lastIndex: LogIndex
  readonly durableIndex: LogIndex
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
  readonly #tail: Tail
  readonly #reader: LogReader

  private constructor(fields: Fields) {
    this.truncated = fields.truncated
    this.lastIndex = fields.lastIndex
    this.durableIndex = fields.durableIndex
    this.runs = fields.runs
    this.#tail = fields.tail
    this.#reader = fields.reader
  }

  /** The log a restart finds. All of it is durable. */
  static from(stored: StoredLog): Log {
    const { truncated, lastIndex, runs, reader } = stored
    return new Log({ truncated, lastIndex, runs, reader, durableIndex: lastIndex, tail: Tail.empty(lastIndex + 1) })
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

  /** Adds entries that follow directly on the last one. */
  append(entries: readonly Entry[]): Log {
    const runs = this.runs.slice()
    let last = this.lastIndex
    let term = this.lastTerm
    for (const entry of entries) {
      assert(entry.index === last + 1, 'LOG_HAS_A_GAP', { last, index: entry.index })
      assert(entry.term >= term, 'LOG_TERM_FELL', { index: entry.index, from: term, to: entry.term })
      if (entry.term > term || runs.length === 0) runs.push({ from: entry.index, term: entry.term })
      last = entry.index
      term = entry.term
    }
    return this.#with({ runs, lastIndex: last, tail: this.#tail.append(entries) })
  }

  /** Drops everything from `from` on: a conflict with the leader (§5.3). */
  truncate(from: LogIndex): Log {
    if (from > this.lastIndex) return this
    assert(from > this.truncated.index, 'LOG_TRUNCATED_BELOW_START', { from, first: this.firstIndex })
    const runs = this.runs.filter((run) => run.from < from)
    const lastIndex = from - 1
    return this.#with({ runs, lastIndex, durableIndex: Math.min(this.durableIndex, lastIndex), tail: this.#tail.truncate(from) })
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

  /** What has to be written so that a disk that holds `before` holds this log. */
  since(before: Log): readonly Entry[] {
    let shared = Math.min(before.lastIndex, this.lastIndex)
    while (shared > this.truncated.index && before.termAt(shared) !== this.termAt(shared)) shared--
    return shared === this.lastIndex ? [] : this.#tail.slice(shared + 1, this.lastIndex + 1)
  }

  #runAt(index: LogIndex): TermRun {
    for (let i = this.runs.length - 1; i >= 0; i--) {
      const run = this.runs[i] as TermRun
      if (run.from <= index) return run
    }
    assert(false, 'LOG_WITHOUT_TERM', { index })
  }

  #with(change: Partial<Fields>): Log {
    const { truncated, runs, lastIndex, durableIndex } = this
    return new Log({ truncated, runs, lastIndex, durableIndex, tail: this.#tail, reader: this.#reader, ...change })
  }
}
