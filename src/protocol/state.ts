/** What every peer knows, whatever its role: one immutable record (Figure 2, "State"). */

import type { Log } from './log.ts'
import type { Message } from './messages.ts'
import type { RaftSettings } from './settings.ts'
import type { ConfState, HardState, LogIndex, PeerId, Snapshot, Term } from './types.ts'

/** Who granted or refused in the current campaign. */
export type Votes = ReadonlyMap<PeerId, boolean>

export const NO_VOTES: Votes = new Map()

export interface RaftState {
  readonly id: PeerId
  readonly term: Term
  readonly vote: PeerId | null
  /** Whom we believe to lead this term. Forgotten after the minimum election timeout without a word of it (thesis 4.2.3). */
  readonly leader: PeerId | null
  readonly log: Log
  readonly commit: LogIndex
  readonly applied: LogIndex
  readonly conf: ConfState
  readonly votes: Votes
  readonly settings: RaftSettings
  /** A snapshot that the host is installing: until it is in place nothing else is taken, and no election begun. */
  readonly staged: Snapshot | null
  /** The newest snapshot that can be sent. */
  readonly snapshot: Snapshot | null
  /**
   * We may have promised silence before we were started: no votes before the minimum election timeout has passed. Only where reads trust such
   * promises (thesis 6.4.1).
   */
  readonly sheltered: boolean
  /** The term in which a leader told us to take over, if it did. */
  readonly called: Term | null
  /** What the first entry of the group carries if this peer is its first leader: drawn by chance, so that no two foundings are alike. */
  readonly birthmark: Uint8Array
}

/** What a reducer returns: the fields that change. */
export type Patch = Partial<RaftState>

/** The part that must be on disk. */
export const hardStateOf = (s: RaftState): HardState => ({ term: s.term, vote: s.vote, commit: s.commit })

/** Everybody in the configuration but us: whom a campaign asks and a leader feeds. */
export function othersOf(s: RaftState): readonly PeerId[] {
  const { voters, votersOutgoing, learners } = s.conf
  return [...new Set([...voters, ...votersOutgoing, ...learners])].filter((peer) => peer !== s.id)
}

/** Everybody who votes, but us. */
export function otherVotersOf(s: RaftState): readonly PeerId[] {
  return [...new Set([...s.conf.voters, ...s.conf.votersOutgoing])].filter((peer) => peer !== s.id)
}

/** Addresses a message: from us, in our term. */
export const addressed = (s: RaftState, to: PeerId): Pick<Message, 'from' | 'to' | 'term'> => ({ from: s.id, to, term: s.term })
