/** The smallest world: who is elected, and by whom. No log is replicated. */

import { type Model, NO_ALLOWANCES } from '../model.ts'

/** §5.2: votes, and what a crash may not forget of them. */
export const election: Model = {
  name: 'election',
  about: 'votes of every term, with crashes before and after they are on the disk',
  bounds: { ...NO_ALLOWANCES, nodes: 3, terms: 2, crashes: 1, letters: 99 },
  settings: { preVote: false, checkQuorum: false },
  carries: new Set(['RequestVote', 'RequestVoteReply']),
  timers: ['electionTimeout'],
  also: [],
  changes: [],
  beginnings: [{}],
  slowDisk: false,
  slowMachine: false,
  ticks: null,
  symmetric: true,
  kills: ['votes twice in a term', 'a stale vote reply is counted', 'a vote is lost in a crash'],
}
