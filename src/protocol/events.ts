/** Everything that can happen to a peer. Wire messages are PascalCase, local events dotted lower case: the eye tells them apart. */

import type { ConfChange } from './confchange.ts'
import type { Message } from './messages.ts'
import type { EntryKind, LogIndex, LogPosition, PeerId, Snapshot, Term } from './types.ts'

/** A command somebody wants in the log. The ticket is the host's: it finds the waiting caller by it. */
export interface Proposal {
  readonly ticket: number
  readonly kind: EntryKind
  readonly data: Uint8Array
}

/** A message of a newer term came: adopt the term first (§5.1). `leader` is known if only a leader sends such a message. */
export interface TermHigher {
  readonly type: 'term.higher'
  readonly term: Term
  readonly leader: PeerId | null
}

/** A message of an older term came (§5.1). */
export interface TermStale {
  readonly type: 'term.stale'
  readonly message: Message
}

/** A flush has ended: term and vote, and the log up to `last`, are on disk. */
export interface StoragePersisted {
  readonly type: 'storage.persisted'
  readonly term: Term
  readonly vote: PeerId | null
  readonly last: LogPosition
}

/** The state machine has taken everything up to `index`. */
export interface StorageApplied {
  readonly type: 'storage.applied'
  readonly index: LogIndex
}

/** Somebody knows that what we hold up to `index` is committed. Only said when it is news, and true (`src/protocol/facts.ts`). */
export interface CommitTold {
  readonly type: 'commit.told'
  readonly index: LogIndex
}

export interface ClientPropose {
  readonly type: 'client.propose'
  readonly proposals: readonly Proposal[]
}

/** Somebody wants to read what was committed before now. */
export interface ClientRead {
  readonly type: 'client.read'
  readonly tickets: readonly number[]
  /**
   * The first round of heartbeats that began less than a lease ago, by the host's monotonic clock: if a quorum confirmed it or a later one, no
   * question need be asked (thesis 6.4.1). Missing: ask.
   */
  readonly freshRound?: number
  /** The round of heartbeats that has begun but not left the host: the question may count on it, and need not begin another. Missing: there is none. */
  readonly unsentRound?: number
}

/** Somebody wants the group to have other members (§6, thesis 4). */
export interface ClientReconfigure {
  readonly type: 'client.reconfigure'
  readonly ticket: number
  readonly change: ConfChange
}

/** Hand leadership to `to`, or to the follower that is furthest when null (thesis 3.10). */
export interface ClientTransfer {
  readonly type: 'client.transfer'
  readonly ticket: number
  readonly to: PeerId | null
}

/** The transport could not deliver to a peer. */
export interface PeerUnreachable {
  readonly type: 'peer.unreachable'
  readonly peer: PeerId
}

/** The state machine has come to an entry of kind `configuration`: it takes effect now. Null: it is to have none. */
export interface ConfApplied {
  readonly type: 'conf.applied'
  readonly index: LogIndex
  readonly change: ConfChange | null
}

/** A leader that votes no more has said its last words. */
export interface OfficeLost {
  readonly type: 'office.lost'
}

/** There is a newer state to send to who needs it. */
export interface SnapshotCreated {
  readonly type: 'snapshot.created'
  readonly snapshot: Snapshot
}

/** The staged snapshot is in place: on disk, and applied. */
export interface SnapshotInstalled {
  readonly type: 'snapshot.installed'
  readonly index: LogIndex
}

/** The staged snapshot could not be had; things are as they were. */
export interface SnapshotAbandoned {
  readonly type: 'snapshot.abandoned'
  readonly index: LogIndex
}

/** How the sending of a snapshot ended, as far as the leader's own node can tell. */
export interface SnapshotReported {
  readonly type: 'snapshot.reported'
  readonly peer: PeerId
  readonly outcome: 'finished' | 'failed'
}

/** The log up to `index` is not needed any more. */
export interface LogCompacted {
  readonly type: 'log.compacted'
  readonly index: LogIndex
}

/** Act as if the leader had not been heard of lately: votes are free, nothing else changes. */
export interface LeaderForgotten {
  readonly type: 'leader.forgotten'
}

/** The host's clock cannot be trusted for what lies behind: it jumped, or the process stood still. */
export interface ClockJumped {
  readonly type: 'clock.jumped'
}

export type LocalEvent =
  | TermHigher
  | TermStale
  | CommitTold
  | StoragePersisted
  | StorageApplied
  | ClientPropose
  | ClientRead
  | ClientTransfer
  | ClientReconfigure
  | PeerUnreachable
  | ConfApplied
  | OfficeLost
  | SnapshotCreated
  | SnapshotInstalled
  | SnapshotAbandoned
  | SnapshotReported
  | LogCompacted
  | LeaderForgotten
  | ClockJumped

/** What the role chart reacts to. Expired timers come in addition, as xstate's own `after` events. */
export type RaftEvent = Message | LocalEvent
