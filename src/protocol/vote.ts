/** Elections: who may have a vote, who has won, what is said (§5.2, §5.4.1, thesis 9.6). */

import type { StoragePersisted } from './events.ts'
import { factsFor, factsOf } from './facts.ts'
import type { Message, PreVote, PreVoteReply, RequestVote, RequestVoteReply } from './messages.ts'
import { countVotes, isVoter } from './quorum.ts'
import { addressed, NO_VOTES, otherVotersOf, type Patch, type RaftState } from './state.ts'

/** Whether this candidate may have our vote in this term (§5.2, §5.4.1). */
export const canGrant = (s: RaftState, m: RequestVote): boolean =>
  isFree(s, m) && s.log.isUpToDate(m.lastIndex, m.lastTerm) && (m.transfer || yieldsTo(s, m))

/** Whether this candidate could have our vote, if it asked in the term it foretells (thesis 9.6). A term ahead of ours has no vote in it yet. */
export const wouldGrant = (s: RaftState, m: PreVote): boolean =>
  (m.term > s.term || isFree(s, m)) && s.log.isUpToDate(m.lastIndex, m.lastTerm) && yieldsTo(s, m)

/** Of two whose logs end alike, the one with the higher priority should lead, if it can. A longer log counts for more. */
const yieldsTo = (s: RaftState, m: PreVote | RequestVote): boolean =>
  (m.priority ?? 0) >= s.settings.priority || m.lastTerm > s.log.lastTerm || m.lastIndex > s.log.lastIndex || !mayCampaign(s)

function isFree(s: RaftState, m: PreVote | RequestVote): boolean {
  const free = s.vote === null && s.leader === null
  const repeated = s.vote === m.from // the reply was lost; say it again
  return free || repeated
}

/**
 * Only voters stand for election, and only by a configuration that is in force: not while a committed change or a snapshot waits to take effect
 * (thesis 4.1; a quorum of the old members need not overlap with one of the new).
 */
export const mayCampaign = (s: RaftState): boolean => isVoter(s.conf, s.id) && s.staged === null && !hasUnappliedConf(s)

/** The same, where one asks around first (thesis 9.6). */
export const mayCanvass = (s: RaftState): boolean => s.settings.preVote && mayCampaign(s)

const hasUnappliedConf = ({ log, commit }: RaftState): boolean => (log.configurations[0] ?? Number.POSITIVE_INFINITY) <= commit

/** Thesis 3.10: the leader of this term wants us to take over. Remembered, for it may have to wait until a change of configuration is applied. */
export const heedCall = (s: RaftState): Patch => ({ called: s.term })

/** Not by the old configuration, once a change of it is known to be committed: its votes are counted when it is in force. */
export const won = (s: RaftState): boolean => countVotes(s.conf, s.votes) === 'won' && !hasUnappliedConf(s)

export const lost = (s: RaftState): boolean => countVotes(s.conf, s.votes) === 'lost'

/** §5.2: first come, first served. */
export const grantVote = (_: RaftState, m: RequestVote): Patch => ({ vote: m.from })

/** Thesis 9.6: asks around; our own term and vote stay as they are. */
export const canvass = (s: RaftState): Patch => ({ leader: null, sheltered: false, votes: new Map([[s.id, true]]) })

/** §5.2: a new term, our vote for ourselves. That vote counts once it is on disk (see {@link countOwnVote}). Who stands is silent no more. */
export const campaign = (s: RaftState): Patch => ({
  term: s.term + 1,
  vote: s.id,
  leader: null,
  sheltered: false,
  votes: NO_VOTES,
})

/** One answer per voter; a repeated one changes nothing, nor does a grant of a pre-vote for a term that has come meanwhile. */
export const recordVote = (s: RaftState, m: PreVoteReply | RequestVoteReply): Patch =>
  s.votes.has(m.from) || isOutlived(s, m) ? {} : { votes: new Map(s.votes).set(m.from, m.granted) }

const isOutlived = (s: RaftState, m: PreVoteReply | RequestVoteReply): boolean =>
  m.type === 'PreVoteReply' && m.granted && m.term <= s.term

/** Our own vote, durable now. A late word about the vote of an earlier term counts for nothing. */
export const countOwnVote = (s: RaftState, e: StoragePersisted): Patch =>
  e.term === s.term && e.vote === s.id ? { votes: new Map(s.votes).set(s.id, true) } : {}

/** Thesis 4.2.3: after the minimum election timeout of silence we protect no leader any more. */
export const forgetLeader = (): Patch => ({ leader: null, sheltered: false })

/** Who promises silence for the sake of leases may not break it on request (thesis 6.4.1). */
export const mayForget = (s: RaftState): boolean => !s.settings.leaseReads

export const sendPreVote = (s: RaftState): Message[] =>
  otherVotersOf(s).map((to) => ({ type: 'PreVote', ...addressed(s, to), term: s.term + 1, ...claimOf(s) }))

/** An election that the leader of the last term asked for says so: voters need not protect that leader (thesis 3.10). */
export const sendRequestVote = (s: RaftState): Message[] => {
  const transfer = s.called === s.term - 1
  return otherVotersOf(s).map((to) => ({ type: 'RequestVote', ...addressed(s, to), ...claimOf(s), transfer }))
}

type Claim = Pick<RequestVote, 'lastIndex' | 'lastTerm' | 'commit' | 'commitTerm' | 'priority'>

/** What a candidate says of itself. */
const claimOf = (s: RaftState): Claim => ({
  lastIndex: s.log.lastIndex,
  lastTerm: s.log.lastTerm,
  ...factsOf(s),
  ...(s.settings.priority === 0 ? {} : { priority: s.settings.priority }),
})

/** A grant carries the term it is for; of a pre-vote that term is still to come. */
export const replyGranted = (s: RaftState, m: PreVote | RequestVote): Message[] => [
  m.type === 'PreVote'
    ? { type: 'PreVoteReply', from: s.id, to: m.from, term: m.term, granted: true, ...factsFor(s, m) }
    : { type: 'RequestVoteReply', ...addressed(s, m.from), granted: true, ...factsFor(s, m) },
]

/** A refusal carries our own term, so that a candidate that fell behind catches up. */
export const replyDenied = (s: RaftState, m: PreVote | RequestVote): Message[] => [
  {
    type: m.type === 'PreVote' ? 'PreVoteReply' : 'RequestVoteReply',
    ...addressed(s, m.from),
    granted: false,
    ...factsFor(s, m),
  },
]
