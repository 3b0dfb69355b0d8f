/** What a peer knows, as plain data for tables, tests and dumps. Nobody decides protocol by it. */

import type { InvariantError } from '../base/assert.ts'
import type { ConfState, LogIndex, PeerId, Role, Term } from '../protocol/types.ts'
import { roleOf } from './collect.ts'
import type { RoleSnapshot } from './role-words.ts'

/** One follower, as its leader sees it. */
export interface ProgressStatus {
  readonly state: 'probe' | 'replicate' | 'snapshot'
  readonly match: LogIndex
  readonly next: LogIndex
  readonly paused: boolean
  /** AppendEntries on their way. */
  readonly inflight: number
  /** Index of the snapshot that was sent, 0 if none. */
  readonly pendingSnapshot: LogIndex
  /** Heard of since the last quorum round began. */
  readonly active: boolean
}

/** What a peer knows of itself and, as leader, of the others. Indexes are positions in the log. */
export interface RawStatus {
  readonly id: PeerId
  readonly role: Role
  readonly term: Term
  readonly vote: PeerId | null
  readonly leader: PeerId | null
  readonly commit: LogIndex
  readonly applied: LogIndex
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  readonly confState: ConfState
  /** Of each follower and learner; empty on who does not lead. */
  readonly progress: Readonly<Record<PeerId, ProgressStatus>>
  /** Who is to take over, during a handover. */
  readonly transferee: PeerId | null
  readonly lease: 'unconfirmed' | 'held' | 'waived' | 'forfeited'
  readonly membership: string
  /** Messages that were none, or could not be true. */
  readonly dropped: number
  /** The rule that was broken here, if one was: then this peer is silent for ever. */
  readonly broken: InvariantError | null
}

export function rawStatusOf(snapshot: RoleSnapshot, faults: Pick<RawStatus, 'dropped' | 'broken'>): RawStatus {
  const { id, term, vote, leader, commit, applied, conf, log, followers, transfer, lease, membership } = snapshot.context
  const progress = [...followers].map(([peer, follower]): [PeerId, ProgressStatus] => {
    const { match, next, paused, inflight, pendingSnapshot } = follower.progress.context
    const state = follower.progress.value as ProgressStatus['state']
    return [peer, { state, match, next, paused, inflight: inflight.length, pendingSnapshot, active: follower.active }]
  })
  return {
    id,
    role: roleOf(snapshot),
    term,
    vote,
    leader,
    commit,
    applied,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    confState: conf,
    progress: Object.fromEntries(progress),
    transferee: transfer.context.target,
    lease: lease.value as RawStatus['lease'],
    membership: String(membership.value),
    ...faults,
  }
}
