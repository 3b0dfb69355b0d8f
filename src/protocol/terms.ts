/** Terms before roles: decides what a message means for our term, so that the chart sees only messages of its own (§5.1). */

import { TERM_JUMP_MAX } from '../base/limits.ts'
import type { LocalEvent, RaftEvent } from './events.ts'
import { factsFor, newsIn } from './facts.ts'
import {
  type AppendEntriesReply,
  asksForVote,
  comesFromLeader,
  foretells,
  hasNoTerm,
  isReply,
  type Message,
  type PreVoteReply,
} from './messages.ts'
import { addressed, NO_VOTES, type Patch, type RaftState } from './state.ts'

/** Figure 2, "All Servers", put before every message. What it tells of commitment is true in every term. */
export function triage(s: RaftState, m: Message): readonly RaftEvent[] {
  if (hasNoTerm(m)) return [m]
  if (isFarAhead(s, m)) return s.leader === null ? [{ type: 'term.higher', term: s.term + TERM_JUMP_MAX, leader: null }] : []
  if (asksForVote(m) && m.term >= s.term && isSilent(s, m)) return []
  const news = newsIn(s, m)
  return news === null ? inTerms(s, m) : [news, ...inTerms(s, m)]
}

/**
 * Whether a message is of a term so far ahead that it is rather damaged than true. Who hears no leader may have been left behind, and goes as far towards
 * it as any message can take a peer; whose first word it is has nothing to compare it with.
 */
export const isFarAhead = ({ term, conf }: Pick<RaftState, 'term' | 'conf'>, m: Message): boolean =>
  m.term > term + TERM_JUMP_MAX && (term > 0 || conf.voters.length > 0)

function inTerms(s: RaftState, m: Message): readonly RaftEvent[] {
  if (m.term > s.term) {
    return foretells(m) ? [m] : [higher(m), m]
  }
  if (m.term < s.term) return isReply(m) ? [] : [{ type: 'term.stale', message: m }]
  return [m]
}

/**
 * Thesis 4.2.3, 6.4.1: who hears a leader, or may have promised it silence before a restart, is not disturbed by candidates; unless the leader itself
 * asked for the election.
 */
function isSilent(s: RaftState, m: Message): boolean {
  if (m.type === 'RequestVote' && m.transfer) return false
  return s.sheltered || (m.term > s.term && s.settings.checkQuorum && s.leader !== null)
}

const higher = (m: Message): LocalEvent => ({ type: 'term.higher', term: m.term, leader: comesFromLeader(m) ? m.from : null })

/**
 * §5.1: a newer term ends whatever we were doing; our vote in it is still free. But silence that a leader may trust in does not end with its term
 * (thesis 6.4.1): a late word of some candidate can bring the new term to us, and that leader knows nothing of it.
 */
export const adoptTerm = (s: RaftState, e: Extract<LocalEvent, { type: 'term.higher' }>): Patch => ({
  term: e.term,
  vote: null,
  leader: e.leader,
  votes: NO_VOTES,
  sheltered: s.sheltered || (s.settings.leaseReads && e.leader === null && s.leader !== null && s.leader !== s.id),
})

/**
 * §5.1: a stale request is answered with our term. The stale leader steps down; the pre-candidate that fell behind catches up with us, without
 * which it could neither win nor be heard.
 */
export function replyTerm(s: RaftState, e: Extract<LocalEvent, { type: 'term.stale' }>): Message[] {
  const to = addressed(s, e.message.from)
  switch (e.message.type) {
    case 'PreVote':
      return [{ type: 'PreVoteReply', ...to, granted: false, ...factsFor(s, e.message) } satisfies PreVoteReply]
    case 'RequestVote':
      return [{ type: 'RequestVoteReply', ...to, granted: false, ...factsFor(s, e.message) }]
    default:
      return [rejection(s, e.message.from)]
  }
}

/** A reply that says nothing but our term. */
const rejection = (s: RaftState, to: number): AppendEntriesReply => ({
  type: 'AppendEntriesReply',
  ...addressed(s, to),
  accepted: false,
  index: 0,
  hintIndex: 0,
  hintTerm: 0,
})
