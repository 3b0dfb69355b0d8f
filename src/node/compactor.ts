/** When a group's log is cut off: keeps the sums that the policy asks for, and tells the peer. Knows nothing of disks. */

import { EMPTY } from '../base/bytes.ts'
import type { LogReader } from '../ports/log-reader.ts'
import { type CompactionPolicy, compactionOf } from '../protocol/compaction.ts'
import { type Entry, entryBytes, type LogIndex } from '../protocol/types.ts'
import type { PeerHost } from './peer-host.ts'

/** Bytes of entries that are looked at to judge a log that was found on the disk. */
const SAMPLE_BYTES = 64 * 1024
const SAMPLE_ENTRIES = 256

export interface CompactorOptions {
  readonly policy: CompactionPolicy
  /** What a restart found: applied, and where the log begins. */
  readonly start: LogSpan
  readonly reader: LogReader
  /** The oldest state that is on its way to a live follower, if any. */
  readonly sending: () => LogIndex | null
  /** Bytes of the state, as far as they were ever counted. */
  readonly stateBytes: () => number | undefined
}

/** The applied part of a log: `(truncated, applied]`. */
export interface LogSpan {
  readonly truncated: LogIndex
  readonly applied: LogIndex
}

export class Compactor {
  readonly #options: CompactorOptions
  #truncated: LogIndex
  #applied: LogIndex
  /** Of the entries between them, as nearly as they are known: a cut takes its share of them. */
  #bytes: number

  constructor(options: CompactorOptions) {
    this.#options = options
    this.#truncated = options.start.truncated
    this.#applied = options.start.applied
    this.#bytes = estimate(options.reader, options.start)
  }

  /** An entry was applied. */
  note(entry: Entry): void {
    this.#applied = entry.index
    this.#bytes += entryBytes(entry)
  }

  /** Cuts the peer's log off if it is time to. */
  compact(host: Pick<PeerHost, 'snapshot' | 'table' | 'mailbox' | 'reportApplied'>): void {
    const { truncated } = host.snapshot.context.log
    const index = this.due({ truncated: truncated.index, applied: host.table.applied })
    if (index !== null) cutLog(host, index)
  }

  /** Up to which entry the log is to be cut off now; null: it is not. */
  due({ truncated, applied }: LogSpan): LogIndex | null {
    this.#follow({ truncated, applied })
    const { policy, sending, stateBytes } = this.#options
    const [held, state] = [sending(), stateBytes()]
    const facts = { truncated, applied, saved: applied, logBytes: this.#bytes } // a cut is saved together with the state
    return (
      compactionOf(
        { ...facts, ...(held !== null && { sending: held }), ...(state !== undefined && { stateBytes: state }) },
        policy,
      )?.to ?? null
    )
  }

  #follow({ truncated, applied }: LogSpan): void {
    if (truncated !== this.#truncated) {
      const before = Math.max(1, this.#applied - this.#truncated)
      this.#bytes *= Math.max(0, this.#applied - truncated) / before
    }
    this.#truncated = truncated
    this.#applied = applied
  }
}

/** Has the peer cut its log off behind that entry, which is applied. The state itself is made when somebody needs it. */
export function cutLog(host: Pick<PeerHost, 'snapshot' | 'mailbox' | 'reportApplied'>, index: LogIndex): void {
  const { log, conf } = host.snapshot.context
  const term = log.termAt(index)
  if (term === undefined) return
  host.reportApplied()
  host.mailbox.event({ type: 'snapshot.created', snapshot: { index, term, conf, data: EMPTY } })
  host.mailbox.event({ type: 'log.compacted', index })
}

/** The newest applied entries stand for all. */
function estimate(reader: LogReader, { truncated, applied }: LogSpan): number {
  const lo = Math.max(truncated + 1, applied + 1 - SAMPLE_ENTRIES)
  if (lo > applied) return 0
  const sample = reader.entries(lo, applied + 1, SAMPLE_BYTES)
  const bytes = sample.reduce((sum, entry) => sum + entryBytes(entry), 0)
  return (bytes / sample.length) * (applied - truncated)
}
