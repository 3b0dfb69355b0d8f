/** The remote procedure calls of Raft as plain data, one type per name. Fields carry the paper's names. */

import type { Entry, LogIndex, PeerId, Term } from './types.ts'

interface Letter {
  readonly from: PeerId
  readonly to: PeerId
  /** The sender's term; of a pre-vote and its grant, the term the election would have (thesis 9.6). */
  readonly term: Term
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

export interface HeartbeatReply extends Letter {
  readonly type: 'HeartbeatReply'
  readonly round: number
}

/** Asks whether an election could be won, without starting it (thesis 9.6). */
export interface PreVote extends Letter {
  readonly type: 'PreVote'
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
}

export interface PreVoteReply extends Letter {
  readonly type: 'PreVoteReply'
  readonly granted: boolean
}

/** Asks for a vote (§5.2). */
export interface RequestVote extends Letter {
  readonly type: 'RequestVote'
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** The leader asked for this election (thesis 3.10), so voters need not protect it. */
  readonly transfer: boolean
}

export interface RequestVoteReply extends Letter {
  readonly type: 'RequestVoteReply'
  readonly granted: boolean
}

/** "Start an election now": leadership is handed over (thesis 3.10). */
export interface TimeoutNow extends Letter {
  readonly type: 'TimeoutNow'
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

export type MessageType = Message['type']

/** Whether the message asks for a vote, real or preliminary. */
export const asksForVote = (m: Message): m is PreVote | RequestVote => m.type === 'PreVote' || m.type === 'RequestVote'

/** Whether the message answers another. */
export const isReply = (m: Message): boolean => m.type.endsWith('Reply')

/** Whether the message speaks of a term that nobody is in yet: it moves nobody to that term. */
export const foretells = (m: Message): boolean => m.type === 'PreVote' || (m.type === 'PreVoteReply' && m.granted)

/** Whether only a leader sends this. */
export const comesFromLeader = (m: Message): boolean =>
  m.type === 'AppendEntries' || m.type === 'Heartbeat' || m.type === 'TimeoutNow'

/**
 * Whether the message promises something that must be on disk before it leaves: every reply, and a request for votes, which claims a term, a
 * vote and a log tail. What a leader sends promises nothing of its own disk (thesis 10.2.1).
 */
export const waitsForDisk = (m: Message): boolean => !comesFromLeader(m)
