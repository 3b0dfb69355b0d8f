/** What a leader remembers of one follower's log, and what can happen to that memory. */

import type { LogIndex } from './types.ts'

/** An AppendEntries on its way: the last index it carries, and its bytes. */
export interface Inflight {
  readonly last: LogIndex
  readonly bytes: number
}

/** Always `0 ≤ match < next` (Figure 2, "Volatile state on leaders"). */
export interface Progress {
  /** The follower's log equals ours up to here, durably. */
  readonly match: LogIndex
  /** The next entry to send. */
  readonly next: LogIndex
  /** Probing: something is on its way, wait for its answer. */
  readonly paused: boolean
  /** Streaming: what is on its way, oldest first. */
  readonly inflight: readonly Inflight[]
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

export type ProgressEvent = Sent | AcceptedUpTo | RejectedAt | Beat | Unreachable

export type ProgressGuard = 'confirms' | 'genuine' | 'genuineProbe'

export type ProgressReducer = 'pause' | 'restart' | 'backOff' | 'resume' | 'count' | 'advance' | 'restartProbe' | 'loosen'
