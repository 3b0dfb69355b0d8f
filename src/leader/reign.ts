/** How a reign begins, goes on and ends: the leader's reducers, each one chain, so that a transition has one. */

import type { RoleContext } from '../../machines/role.ts'
import { assert } from '../base/assert.ts'
import { EMPTY } from '../base/bytes.ts'
import { chain, type Reduce } from '../chart/words.ts'
import type {
  ClientPropose,
  ClientRead,
  ClientReconfigure,
  ClientTransfer,
  CommitTold,
  ConfApplied,
  RaftEvent,
  StoragePersisted,
} from '../protocol/events.ts'
import { NO_READS, NOTHING_DUE } from '../protocol/leadership.ts'
import type { AppendEntriesReply, HeartbeatReply, Propose, ReadIndex, TransferLeader } from '../protocol/messages.ts'
import { NO_VOTES } from '../protocol/state.ts'
import type { Entry, PeerId } from '../protocol/types.ts'
import { advanceCommit, appendOwn, appendToLog, commitTo, persistSelf } from './commit.ts'
import {
  beginRound,
  confirmReads,
  queueRead as enqueueRead,
  expireReads,
  extendLease,
  resumeReads,
  serveRead as serveNow,
} from './confirm.ts'
import {
  beginTransfer,
  cancelTransfer as callOff,
  abandonTransfer as endTransfer,
  NO_TRANSFER,
  noticeTransfer,
} from './handoff.ts'
import { NO_LEASE } from './lease-words.ts'
import { appendChange, inheritMembership, leaveWhenDue, settleConf as settle, retire as takeLeave } from './reconfigure.ts'
import { planAll, planOne } from './replication.ts'
import { forgetActivity, type Patch, progressOf, startFollowers, trackBeat, trackReply } from './tracker.ts'

/** A new transition: nothing is due yet. */
const begin = (): Patch => ({ due: NOTHING_DUE })

const afresh = <E>(...reducers: readonly Reduce<RoleContext, E>[]): Reduce<RoleContext, E> => chain(begin, ...reducers)

/** §5.3, §8: next = last + 1, match = 0 for all; an entry of our own term at once, for nothing older commits without it. */
export const takeLeadership = afresh<RaftEvent>(
  (s) => ({
    leader: s.id,
    votes: NO_VOTES,
    followers: startFollowers(s, s.log.lastIndex + 1),
    transfer: NO_TRANSFER,
    reads: NO_READS,
    uncommittedBytes: 0,
    lease: NO_LEASE,
  }),
  (s) => appendOwn(s, [firstEntryOf(s)]),
  inheritMembership,
  planAll,
)

/** §8: an entry that changes nothing. The very first of a group carries its birthmark. */
const firstEntryOf = (s: RoleContext): Entry => {
  const index = s.log.lastIndex + 1
  return { term: s.term, index, kind: 'noop', data: index === 1 ? s.birthmark : EMPTY }
}

/** What only a leader keeps goes with the office. */
export const dropLeadership = (): Patch => ({
  leader: null,
  followers: new Map(),
  transfer: NO_TRANSFER,
  reads: NO_READS,
  uncommittedBytes: 0,
  due: NOTHING_DUE,
})

export const appendProposals = afresh<ClientPropose | Propose>(appendToLog, planAll)

/** §6: a change of configuration. */
export const proposeConf = afresh<ClientReconfigure>(appendChange, planAll)

export const settleConf = afresh<ConfApplied>(settle, resumeReads, confirmReads)

export const retire = afresh<ConfApplied>(takeLeave)

/** §5.3: the answer moves the follower's progress, perhaps the commit index, perhaps a handover; then there is more to send. */
export const countReply = afresh<AppendEntriesReply>(trackReply, (s, m) => afterCount(s, m.from), noticeTransfer)

/** Whoever moved the commit index has news for all; otherwise only the one who answered can take more. */
function afterCount(s: RoleContext, from: number): Patch {
  const moved = advanceCommit(s)
  if (moved.commit === undefined) return planOne(s, from, false)
  return chain<RoleContext, undefined>(() => moved, resumeReads, leaveWhenDue, planAll)(s, undefined)
}

/** Thesis 10.2.1: the leader's own disk is one of the quorum, and often not the first. */
export const countSelf = afresh<StoragePersisted>(persistSelf, (s) => {
  const moved = advanceCommit(s)
  return moved.commit === undefined
    ? {}
    : chain<RoleContext, undefined>(() => moved, resumeReads, confirmReads, leaveWhenDue, planAll)(s, undefined)
})

/** Somebody knows what a quorum of the members that we know cannot tell us: perhaps that it is not the quorum any more. */
export const countTold = afresh<CommitTold>((s, e) => commitTo(s, e.index), planAll)

/** A follower that lives but lacks entries is asked where its log stands: something was lost. */
export const countBeat = afresh<HeartbeatReply>(trackBeat, extendLease, confirmReads, (s, m) => {
  const follower = s.followers.get(m.from)
  if (!follower) return {}
  const { match } = progressOf(follower)
  return planOne(s, m.from, match < s.log.lastIndex || follower.progress.value === 'probe')
})

export const queueRead = afresh<ClientRead | ReadIndex>(enqueueRead, confirmReads)

export const serveRead = afresh<ClientRead>(serveNow)

/** A request of our own node, or one that a follower passed on. */
export type TransferEvent = ClientTransfer | TransferLeader

/** Whom it names, if anybody. */
export const aimOf = (e: TransferEvent): PeerId | null => (e.type === 'TransferLeader' ? e.target : e.to)

export const requestTransfer = afresh<TransferEvent>((s, e) => beginTransfer(s, aimOf(e)))

/**
 * The same, and a quorum was heard since the round began: the next one begins early, with an election timeout for the handover. In it everybody has to be
 * heard again, so that asking again and again buys nobody time who leads nobody (thesis 6.2), and puts a heartbeat off once at most.
 */
export const restartTransfer = afresh<TransferEvent>((s, e) => beginTransfer(s, aimOf(e)), forgetActivity)

export const cancelTransfer = afresh<RaftEvent>(callOff)

export const startBeat = afresh<RaftEvent>(beginRound, extendLease)

/** Thesis 6.2: the round is over and a quorum was heard. A handover that took so long has failed (thesis 3.10). */
export const startQuorumRound = afresh<RaftEvent>(
  ...[endTransfer, forgetActivity, expireReads, leaveWhenDue, planAll, beginRound, extendLease],
)

/** §5.2, Election Safety: two leaders in one term cannot be. */
export function assertNoSecondLeader(s: RoleContext, m: RaftEvent): Patch {
  assert(false, 'TWO_LEADERS', { term: s.term, leaders: [s.id, 'from' in m ? m.from : null] })
}
