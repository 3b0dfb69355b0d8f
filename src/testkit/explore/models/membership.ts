/** §6, thesis 4: who counts, while that changes. */

import type { ConfChange } from '../../../protocol/confchange.ts'
import { type Act, LED, type Model, NO_ALLOWANCES } from '../model.ts'
import { replication } from './replication.ts'

const remove = (peer: number): ConfChange => ({ transition: 'auto', steps: [{ type: 'RemoveNode', peer }], context: '' })

/** Peer 1 takes 3 out, and only 2 has heard of it. */
const CHANGED: Act = {
  peer: 1,
  stimulus: { kind: 'reconfigure', change: remove(3) },
  reaches: [2],
  carries: ['AppendEntries'],
  others: 'lost',
}

/** Peer 2 is elected by 3, and has not yet said a word. */
const SUCCEEDED: Act = {
  peer: 2,
  stimulus: { kind: 'fire', delay: 'electionTimeout' },
  reaches: [3],
  carries: ['RequestVote', 'RequestVoteReply'],
  others: 'under way',
}

/** Members are removed one by one; what is committed takes effect when it is applied, and that may be late. */
export const membership: Model = {
  ...replication,
  name: 'membership',
  about: 'a leader takes one out, then the other, who stands meanwhile',
  bounds: { ...NO_ALLOWANCES, nodes: 3, terms: 2, timeouts: 1, entries: 1, changes: 2, letters: 11 },
  settings: { preVote: false, checkQuorum: false },
  changes: [remove(2)],
  impatient: [2],
  asked: [1],
  beginnings: [{ acts: [LED, CHANGED] }],
  slowMachine: true,
  symmetric: false,
  kills: ['two changes at once'],
}

/** The same across terms: the second leader finds a change of the first in its log. */
export const inheritedChange: Model = {
  ...membership,
  name: 'inherited-change',
  about: 'a leader inherits a change that takes one out, takes another one out, and the first one stands',
  bounds: { ...membership.bounds, terms: 3 },
  changes: [remove(1)],
  impatient: [3],
  asked: [2],
  beginnings: [{ acts: [LED, CHANGED, SUCCEEDED] }],
  kills: ['a change begins before an entry of the own term is committed, whatever an earlier leader left'],
}
