/** When a group's log is cut off: keeps the sums that the policy asks for, and tells the peer. Knows nothing of disks. */

import { EMPTY } from '../base/bytes.ts'
import type { LogReader } from '../ports/log-reader.ts'
import { type CompactionPolicy, compactionOf } from '../protocol/compaction.ts'
import { type Entry, entryBytes, type LogIndex } from '../protocol/types.ts'
import type { PeerHost } from './peer-host.ts'

/** Bytes of entries that are looked at to judge a log that was found on the disk. */
const SAMPLE_BYTES = 64 * 1024
const SAMPLE_ENTRIES = 256

/** Entries after which the state is weighed again. */
const ASKED_EVERY = 1000

export interface CompactorOptions {
  readonly policy: CompactionPolicy
  /** What a restart found: applied, and where the log begins. */
  readonly start: LogSpan
  readonly reader: LogReader
  /** The oldest state that is on its way to a live follower, if any. */
  readonly sending: () => LogIndex | null
  /** Bytes of the state, as nearly as they are known. */
  readonly stateBytes: () => number
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
  #stateBytes: number
  /** Applied when the state's bytes were last asked for. */
  #askedAt: LogIndex
  #isNewlyAsked = false

  constructor(options: CompactorOptions) {
    this.#options = options
    this.#truncated = options.start.truncated
    this.#applied = options.start.applied
    this.#bytes = estimate(options.reader, options.start)
    this.#stateBytes = options.stateBytes()
    this.#askedAt = options.start.applied
  }

  /** An entry was applied. */
  note(entry: Entry): void {
    this.#applied = entry.index
    this.#bytes += entryBytes(entry)
  }

  /**
   * Cuts the peer's log off if it is time to. A log that has more bytes than the state stays as long as the policy lets it; but the core is to know that
   * there is a state, since who is new had better be sent that.
   */
  compact(host: Compacted): void {
    const { truncated } = host.snapshot.context.log
    const { applied } = host.table
    const index = this.due({ truncated: truncated.index, applied })
    if (index !== null) cutLog(host, index, this.#stateBytes)
    else if (this.#isNewlyAsked && this.#bytes > this.#stateBytes) offerState(host, { index: applied, bytes: this.#stateBytes })
  }

  /** Up to which entry the log is to be cut off now; null: it is not. */
  due({ truncated, applied }: LogSpan): LogIndex | null {
    this.#follow({ truncated, applied })
    const { policy, sending, stateBytes } = this.#options
    this.#isNewlyAsked = applied - this.#askedAt >= ASKED_EVERY
    if (this.#isNewlyAsked) {
      this.#stateBytes = stateBytes()
      this.#askedAt = applied
    }
    const held = sending()
    const facts = { truncated, applied, logBytes: this.#bytes, stateBytes: this.#stateBytes }
    return compactionOf({ ...facts, ...(held !== null && { sending: held }) }, policy)
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

type Compacted = Pick<PeerHost, 'snapshot' | 'table' | 'mailbox' | 'reportApplied'>

/** Has the peer cut its log off behind that entry, which is applied. The state itself is made when somebody needs it. */
export function cutLog(host: Omit<Compacted, 'table'>, index: LogIndex, bytes?: number): void {
  if (!offerState(host, { index, ...(bytes !== undefined && { bytes }) })) return
  host.mailbox.event({ type: 'log.compacted', index })
}

/** Tells the core that there is a state as of that entry, and what it weighs. False: the log does not know the entry. */
function offerState(
  host: Omit<Compacted, 'table'>,
  { index, bytes }: { readonly index: LogIndex; readonly bytes?: number },
): boolean {
  const { log, conf } = host.snapshot.context
  const term = log.termAt(index)
  if (term === undefined) return false
  host.reportApplied()
  const snapshot = { index, term, conf, data: EMPTY, ...(bytes !== undefined && { bytes }) }
  host.mailbox.event({ type: 'snapshot.created', snapshot })
  return true
}

/** The newest applied entries stand for all. */
function estimate(reader: LogReader, { truncated, applied }: LogSpan): number {
  const lo = Math.max(truncated + 1, applied + 1 - SAMPLE_ENTRIES)
  if (lo > applied) return 0
  const sample = reader.entries(lo, applied + 1, SAMPLE_BYTES)
  const bytes = sample.reduce((sum, entry) => sum + entryBytes(entry), 0)
  return (bytes / sample.length) * (applied - truncated)
}
