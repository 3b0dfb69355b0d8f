/** What must hold of one peer, always. Each name has a line in docs/invariants.md; a broken one stops the peer. */

import { assert } from '../base/assert.ts'
import type { RaftState } from './state.ts'
import type { Role } from './types.ts'

/** Between two states of one peer. Six comparisons, on in production. */
export function checkStep(a: RaftState, b: RaftState): void {
  assert(a.term <= b.term, 'TERM_FELL', { from: a.term, to: b.term })
  assert(a.commit <= b.commit, 'COMMIT_FELL', { from: a.commit, to: b.commit })
  assert(a.applied <= b.applied, 'APPLIED_FELL', { from: a.applied, to: b.applied })
  if (a.term !== b.term) return
  if (a.vote !== null) assert(a.vote === b.vote, 'VOTED_TWICE', { term: a.term, from: a.vote, to: b.vote })
  if (a.leader !== null && b.leader !== null)
    assert(a.leader === b.leader, 'TWO_LEADERS', { term: a.term, leaders: [a.leader, b.leader] })
}

/** Of one state. Checked after each step in tests and simulation. */
export function checkState(s: RaftState, role: Role): void {
  const { log, commit, applied } = s
  assert(log.truncated.index <= applied, 'TRUNCATED_BEYOND_APPLIED', { truncated: log.truncated.index, applied })
  assert(applied <= commit, 'APPLIED_BEYOND_COMMIT', { applied, commit })
  assert(commit <= log.lastIndex, 'COMMIT_BEYOND_LOG', { commit, last: log.lastIndex })
  assert(log.durableIndex <= log.lastIndex, 'DURABLE_BEYOND_LOG', { durable: log.durableIndex, last: log.lastIndex })
  assert(log.lastTerm <= s.term, 'LOG_AHEAD_OF_TERM', { lastTerm: log.lastTerm, term: s.term })
  if (role === 'leader') {
    assert(s.vote === s.id, 'LEADER_WITHOUT_OWN_VOTE', { vote: s.vote, term: s.term })
    assert(s.leader === s.id, 'LEADER_WITHOUT_ITSELF', { leader: s.leader, term: s.term })
  }
}
