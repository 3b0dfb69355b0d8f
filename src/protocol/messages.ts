/** The remote procedure calls of Raft as plain data, one type per name. Fields carry the paper's names. */

import type { Entry, EntryKind, LogIndex, PeerId, Snapshot, Term } from './types.ts'

interface Letter {
  readonly from: PeerId
  readonly to: PeerId
  /** The sender's term; of a pre-vote and its grant, the term the election would have (thesis 9.6). */
  readonly term: Term
}

/** What the sender of a vote, or of the wish for one, knows to be committed. Every peer says it; a letter made by hand may leave it out, as if it were 0. */
export interface Known {
  readonly commit?: LogIndex
  /** Term of the entry there: tells whoever holds the same one that it is committed. */
  readonly commitTerm?: Term
}

/** Replicates entries; without entries, tells the commit index (§5.3). */
export interface AppendEntries extends Letter {
  readonly type: 'AppendEntries'
  readonly prevIndex: LogIndex
  readonly prevTerm: Term
  readonly commit: LogIndex
  readonly entries: readonly Entry[]
}

/** Answer to AppendEntries. */
export interface AppendEntriesReply extends Letter {
  readonly type: 'AppendEntriesReply'
  readonly accepted: boolean
  /** Accepted: our log equals the leader's up to here. Rejected: the `prevIndex` that did not match. */
  readonly index: LogIndex
  /** Rejected: the last position that may still match, skipping the whole conflicting term. */
  readonly hintIndex: LogIndex
  readonly hintTerm: Term
}

/** "I am here" (§5.2). */
export interface Heartbeat extends Letter {
  readonly type: 'Heartbeat'
  /** Never beyond what this follower is known to hold. */
  readonly commit: LogIndex
  /** A counter of the leader's own, returned by the reply: it dates a confirmation (thesis 6.4). */
  readonly round: number
}

/** Answer to Heartbeat. */
export interface HeartbeatReply extends Letter {
  readonly type: 'HeartbeatReply'
  readonly round: number
}

/** Asks whether an election could be won, without starting it (thesis 9.6). */
export interface PreVote extends Letter, Known {
  readonly type: 'PreVote'
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** The candidate's, 0 when missing. */
  readonly priority?: number
}

/** Answer to PreVote. */
export interface PreVoteReply extends Letter, Known {
  readonly type: 'PreVoteReply'
  readonly granted: boolean
}

/** Asks for a vote (§5.2). */
export interface RequestVote extends Letter, Known {
  readonly type: 'RequestVote'
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** The leader asked for this election (thesis 3.10), so voters need not protect it. */
  readonly transfer: boolean
  /** The candidate's, 0 when missing. */
  readonly priority?: number
}

/** Answer to RequestVote. */
export interface RequestVoteReply extends Letter, Known {
  readonly type: 'RequestVoteReply'
  readonly granted: boolean
}

/** "Start an election now": leadership is handed over (thesis 3.10). */
export interface TimeoutNow extends Letter {
  readonly type: 'TimeoutNow'
}

/** The state instead of the log: what the follower needs is cut off (§7). Answered by AppendEntriesReply, once it is installed. */
export interface InstallSnapshot extends Letter {
  readonly type: 'InstallSnapshot'
  readonly snapshot: Snapshot
}

/** A follower passes on what somebody proposed to it. Of no term: whoever leads may take it. Never answered. */
export interface Propose extends Letter {
  readonly type: 'Propose'
  readonly kind: EntryKind
  readonly data: readonly Uint8Array[]
}

/** A follower asks for a commit index that is certainly not stale (thesis 6.4). Of no term. `from` is who asked first. */
export interface ReadIndex extends Letter {
  readonly type: 'ReadIndex'
  /** The asking peer's own numbers, returned by the reply. */
  readonly tickets: readonly number[]
}

/** Answer to ReadIndex. Of no term: it was confirmed when it left. */
export interface ReadIndexReply extends Letter {
  readonly type: 'ReadIndexReply'
  readonly tickets: readonly number[]
  readonly index: LogIndex
}

/** A follower passes on a request to hand leadership over (thesis 3.10). Of no term. */
export interface TransferLeader extends Letter {
  readonly type: 'TransferLeader'
  readonly target: PeerId
}

/** Everything one peer can say to another. */
export type Message =
  | AppendEntries
  | AppendEntriesReply
  | Heartbeat
  | HeartbeatReply
  | PreVote
  | PreVoteReply
  | RequestVote
  | RequestVoteReply
  | TimeoutNow
  | InstallSnapshot
  | Propose
  | ReadIndex
  | ReadIndexReply
  | TransferLeader

/** What a message is called. */
export type MessageType = Message['type']

/** Whether the message asks for a vote, real or preliminary. */
export const asksForVote = (m: Message): m is PreVote | RequestVote => m.type === 'PreVote' || m.type === 'RequestVote'

/** Whether the message says what its sender knows to be committed, beside the log. */
export const tellsCommit = (m: Message): m is PreVote | PreVoteReply | RequestVote | RequestVoteReply =>
  asksForVote(m) || m.type === 'PreVoteReply' || m.type === 'RequestVoteReply'

/** Whether the message answers another. */
export const isReply = (m: Message): boolean => m.type.endsWith('Reply')

/** Whether the message speaks of a term that nobody is in yet: it moves nobody to that term. */
export const foretells = (m: Message): boolean => m.type === 'PreVote' || (m.type === 'PreVoteReply' && m.granted)

/** Whether only a leader sends this, in its own term. */
export const comesFromLeader = (m: Message): boolean =>
  m.type === 'AppendEntries' || m.type === 'Heartbeat' || m.type === 'InstallSnapshot' || m.type === 'TimeoutNow'

/** Whether the message is of no term (it carries 0): it asks a favour or brings one, and moves nobody to a term. */
export const hasNoTerm = (m: Message): boolean =>
  m.type === 'Propose' || m.type === 'ReadIndex' || m.type === 'ReadIndexReply' || m.type === 'TransferLeader'

/**
 * Whether the message promises something that must be on disk before it leaves: every reply, and a request for votes, which claims a term, a
 * vote and a log tail. What a leader sends promises nothing of its own disk (thesis 10.2.1).
 */
export const waitsForDisk = (m: Message): boolean => !comesFromLeader(m) && !hasNoTerm(m)
