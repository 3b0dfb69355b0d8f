/** What a leader keeps besides the state of every role: followers, reads, and what is due to be said. Data only. */

import { Queue } from '../base/queue.ts'
import type { Entry, LogIndex, PeerId, Snapshot, Term } from './types.ts'

/** One follower. `C` is the snapshot of its progress chart. */
export interface Follower<C> {
  readonly progress: C
  /** Heard from since the last quorum round began (thesis 6.2). */
  readonly active: boolean
  /** The latest heartbeat round it answered. */
  readonly round: number
  /** The highest commit index it was told in an append. */
  readonly told: LogIndex
}

export type Followers<C> = ReadonlyMap<PeerId, Follower<C>>

/** Questions of one peer for an index to read at. */
export interface AskedRead {
  /** Who asked: we, or a follower. */
  readonly asker: PeerId
  /** The asker's own numbers for its questions. */
  readonly tickets: readonly number[]
  /** The leader's count of its rounds when it was asked: dates the question. */
  readonly since: number
}

/** Reads that share an index and a round. */
export interface QueuedRead extends AskedRead {
  /** The commit index when they were asked: what they must at least see. */
  readonly index: LogIndex
  /** Confirmed once a quorum answered this round or a later one: until then we may have been deposed. */
  readonly round: number
}

/** Both queues are in the order of asking, so that what is due, or too old, is at their beginning. */
export interface Reads {
  readonly queued: Queue<QueuedRead>
  /** Asked before an entry of our own term was committed (§8). */
  readonly deferred: Queue<AskedRead>
  /** Questions in both. */
  readonly count: number
  /** The rounds at the last few beginnings of quorum rounds, oldest first: tells how old a question is. */
  readonly horizons: readonly number[]
}

export const NO_READS: Reads = { queued: Queue.empty(), deferred: Queue.empty(), count: 0, horizons: [] }

/** An AppendEntries to be made. */
export interface PlannedAppend {
  readonly to: PeerId
  readonly prevIndex: LogIndex
  readonly prevTerm: Term
  readonly entries: readonly Entry[]
}

/** An InstallSnapshot to be made. */
export interface PlannedSnapshot {
  readonly to: PeerId
  readonly snapshot: Snapshot
}

export type PlannedSend = PlannedAppend | PlannedSnapshot

/** Decided by a reducer, put into words by the makers that follow it in the same transition. */
export interface Due {
  readonly sends: readonly PlannedSend[]
  /** Whom to tell that it may start an election now. */
  readonly handoff: PeerId | null
  /** Reads that are confirmed. */
  readonly reads: readonly QueuedRead[]
  /** Whether a round of heartbeats is to be sent out of turn, to confirm reads. */
  readonly beat: boolean
}

export const NOTHING_DUE: Due = { sends: [], handoff: null, reads: [], beat: false }
