/**
 * What peers tell each other about commitment when they speak of votes. What is committed stays so, whoever says it, in whatever term: it may be the
 * very change of configuration without which nobody can be elected. Knows no roles.
 */

import type { CommitTold } from './events.ts'
import { type Known, type Message, type PreVote, type RequestVote, tellsCommit } from './messages.ts'
import type { Patch, RaftState } from './state.ts'

/** The last entry that we know to be committed. */
export const factsOf = ({ log, commit }: RaftState): Required<Known> => ({ commit, commitTerm: log.termAt(commit) ?? 0 })

/** The same for somebody who asked for a vote: no further than its log may go, for of what lies beyond it could learn nothing. */
export function factsFor({ log, commit }: RaftState, m: PreVote | RequestVote): Required<Known> {
  const { index, term } = log.lastAtMost(Math.min(commit, m.lastIndex), m.lastTerm)
  return term === 0 ? { commit: 0, commitTerm: 0 } : { commit: index, commitTerm: term }
}

/** What a message tells us of commitment that we did not know. Only of an entry that we hold: then all before it are the same, too (Log Matching, §5.3). */
export function newsIn(s: RaftState, m: Message): CommitTold | null {
  if (!tellsCommit(m)) return null
  const { commit = 0, commitTerm = 0 } = m
  return commit > s.commit && s.log.matches(commit, commitTerm) ? { type: 'commit.told', index: commit } : null
}

/** Whether a message says that something is committed where another entry is committed here: one of the two is damaged. */
export const deniesCommit = ({ log, commit }: Pick<RaftState, 'log' | 'commit'>, told: Required<Known>): boolean =>
  told.commit <= commit && told.commit >= log.truncated.index && !log.matches(told.commit, told.commitTerm)

/** We hold it, so for us it is committed, too. */
export const learnCommit = (_: RaftState, e: CommitTold): Patch => ({ commit: e.index })
