/** Everything that can happen to a peer. Wire messages are PascalCase, local events dotted lower case: the eye tells them apart. */

import type { Message } from './messages.ts'
import type { EntryKind, LogIndex, LogPosition, PeerId, Term } from './types.ts'

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

export interface ClientPropose {
  readonly type: 'client.propose'
  readonly proposals: readonly Proposal[]
}

/** Somebody wants to read what was committed before now. */
export interface ClientRead {
  readonly type: 'client.read'
  readonly tickets: readonly number[]
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

export type LocalEvent =
  | TermHigher
  | TermStale
  | StoragePersisted
  | StorageApplied
  | ClientPropose
  | ClientRead
  | ClientTransfer
  | PeerUnreachable

/** What the role chart reacts to. Expired timers come in addition, as xstate's own `after` events. */
export type RaftEvent = Message | LocalEvent
