/** Logs: how they grow, differ, are cut and agree again, and when what they hold is committed. */

import { type Model, NO_ALLOWANCES } from '../model.ts'

/** §5.3, §5.4. */
export const replication: Model = {
  name: 'replication',
  about: 'entries of two leaders, from empty logs',
  bounds: { ...NO_ALLOWANCES, nodes: 3, terms: 2, letters: 99 },
  settings: { preVote: false, checkQuorum: false, maxSizePerMessage: 1 },
  carries: new Set(['RequestVote', 'RequestVoteReply', 'AppendEntries', 'AppendEntriesReply']),
  timers: ['electionTimeout'],
  also: [],
  changes: [],
  beginnings: [{}],
  slowDisk: false,
  slowMachine: false,
  ticks: null,
  symmetric: true,
  kills: ['votes for a shorter log'],
}
