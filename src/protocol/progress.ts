/** What a leader remembers of one follower's log, and what can happen to that memory. */

import type { RaftSettings } from './settings.ts'
import type { LogIndex } from './types.ts'

/** An AppendEntries on its way: the last index it carries, and its bytes. */
export interface Inflight {
  readonly last: LogIndex
  readonly bytes: number
}

/** How much may be on its way to one follower. */
export type Window = Pick<RaftSettings, 'maxInflightMessages' | 'maxInflightBytes'>

/** Always `0 ≤ match < next` (Figure 2, "Volatile state on leaders"), and while a snapshot is on its way `next = pendingSnapshot + 1`. */
export interface Progress {
  /** The follower's log equals ours up to here, durably. */
  readonly match: LogIndex
  /** The next entry to send. */
  readonly next: LogIndex
  /** Probing: something is on its way, or was tried and failed; wait for an answer or a sign of life. */
  readonly paused: boolean
  /** Streaming: what is on its way, oldest first. */
  readonly inflight: readonly Inflight[]
  /** The index of the snapshot on its way; 0 when there is none. */
  readonly pendingSnapshot: LogIndex
  /** Bounds of `inflight`, by number and by bytes. They never change. */
  readonly windowMessages: number
  readonly windowBytes: number
}

/** AppendEntries left, carrying entries up to `last` (or none: `last` is then `next - 1`). */
export interface Sent {
  readonly type: 'sent'
  readonly last: LogIndex
  readonly bytes: number
}

export interface AcceptedUpTo {
  readonly type: 'accepted'
  readonly index: LogIndex
  /** The first index of the leader's own log: from `first - 1` on, the log can go on without a snapshot. */
  readonly first: LogIndex
}

/** The entry before ours did not match. `retry` is where our log and the hint may agree. */
export interface RejectedAt {
  readonly type: 'rejected'
  readonly index: LogIndex
  readonly retry: LogIndex
}

export interface Beat {
  readonly type: 'beat'
}

export interface Unreachable {
  readonly type: 'unreachable'
}

/** What the follower lacks is cut off: a snapshot as of `index` left instead (§7). */
export interface Compacted {
  readonly type: 'compacted'
  readonly index: LogIndex
}

/** Whoever carries the snapshot says that it arrived. That is no word of the follower: match stays. */
export interface Installed {
  readonly type: 'installed'
}

/** Whoever carries the snapshot gave up. */
export interface Failed {
  readonly type: 'failed'
}

export type ProgressEvent = Sent | AcceptedUpTo | RejectedAt | Beat | Unreachable | Compacted | Installed | Failed

export type ProgressGuard = 'confirms' | 'genuine' | 'genuineProbe' | 'lacks' | 'reconnects' | 'outgrows'

export type ProgressReducer =
  | 'pause'
  | 'restart'
  | 'backOff'
  | 'resume'
  | 'count'
  | 'advance'
  | 'restartProbe'
  | 'loosen'
  | 'pend'
  | 'note'
  | 'probeAfterSnapshot'
  | 'probeAfterMatch'
