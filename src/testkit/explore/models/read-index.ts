/** §8, thesis 6.4: reads without the log. */

import { LED, type Model, NO_ALLOWANCES } from '../model.ts'
import { replication } from './replication.ts'

/** A read sees at least what was committed when it was asked, whoever leads meanwhile. */
export const readIndex: Model = {
  ...replication,
  name: 'read-index',
  about: 'a read asked of anybody, while leaders change and commit',
  bounds: { ...NO_ALLOWANCES, nodes: 3, terms: 2, timeouts: 1, reads: 1, letters: 14 },
  settings: { preVote: false, checkQuorum: false },
  carries: new Set([
    'RequestVote',
    'RequestVoteReply',
    'AppendEntries',
    'AppendEntriesReply',
    'Heartbeat',
    'HeartbeatReply',
    'ReadIndex',
    'ReadIndexReply',
  ]),
  once: new Set(['ReadIndex']),
  beginnings: [{ acts: [LED] }],
  kills: [
    'a new leader answers reads before it has committed anything',
    'a read is answered before anybody confirmed it',
    'an answer to an earlier round confirms a read',
  ],
}
