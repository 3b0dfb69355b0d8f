/** What one or more steps ask of the outside world (etcd's word and idea: the core decides, the host does). */

import type { Code } from '../base/errors.ts'
import type { Message } from './messages.ts'
import type { Entry, HardState, LogIndex, Snapshot, SoftState, Term } from './types.ts'

/** These proposals are in our log, one after the other from `index` on. Not yet durable, not yet committed. */
export interface Accepted {
  readonly type: 'accepted'
  readonly tickets: readonly number[]
  readonly index: LogIndex
  readonly term: Term
}

/** These requests were not taken: certainly nothing was appended for them. */
export interface Refused {
  readonly type: 'refused'
  readonly tickets: readonly number[]
  readonly code: Extract<
    Code,
    'NOT_LEADER' | 'BUSY' | 'TRANSFERRING' | 'UNAVAILABLE' | 'CONF_IN_PROGRESS' | 'CONF_INVALID' | 'TARGET_INVALID'
  >
}

/** These reads may be answered once everything up to `index` is applied (thesis 6.4). */
export interface ReadState {
  readonly type: 'readReady'
  readonly tickets: readonly number[]
  readonly index: LogIndex
}

/** Start, or start again, the timer of this id; when it is due, send `event` back. Its length is the host's to draw. */
export interface Arm {
  readonly type: 'arm'
  readonly id: string
  /** Which delay of the chart: `electionTimeout`, `voteLease`, `heartbeatInterval`, `quorumInterval`. */
  readonly delay: string
  readonly event: { readonly type: string }
}

/** Stop that timer. */
export interface Disarm {
  readonly type: 'disarm'
  readonly id: string
}

/** What makers return. */
export type Output = Message | Accepted | Refused | ReadState | Arm | Disarm

/** Entries `[lo, hi)`. */
export interface Span {
  readonly lo: LogIndex
  readonly hi: LogIndex
}

/** Everything to be done after some steps, in this order: write, then send what waits for the disk, then apply. */
export interface Ready {
  /** To be saved, if it changed. */
  readonly hardState: HardState | null
  /** To be saved; they replace what the disk has from the first one on. */
  readonly entries: readonly Entry[]
  /** Whether the write must be flushed before anything that waits for it: entries, or a new term or vote. A commit index alone need not be. */
  readonly mustSync: boolean
  /** To be installed, with everything it stands for; then `snapshot.installed` is to be said. Null: none, or the one named before. */
  readonly snapshot: Snapshot | null
  /** Newly committed: to be applied once, in order. */
  readonly committed: Span
  /** For waiters, subscriptions and status, if it changed. */
  readonly softState: SoftState | null
  /** In order. Those that wait for the disk (`waitsForDisk`) must not leave before the write is durable; the others may leave at once. */
  readonly messages: readonly Message[]
  readonly accepted: readonly Accepted[]
  readonly refused: readonly Refused[]
  readonly reads: readonly ReadState[]
  readonly timers: readonly (Arm | Disarm)[]
}
