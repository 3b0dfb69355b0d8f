/** §7: the state instead of the log. */

import { LED, type Model, NO_ALLOWANCES } from '../model.ts'
import { replication } from './replication.ts'

/** Peer 2 has heard nothing. Logs are cut off, and who lacks what is gone is sent a snapshot, which is installed, or given up, or lost in a crash. */
export const snapshot: Model = {
  ...replication,
  name: 'snapshot',
  about: 'a log that is cut off, and snapshots that are late, lost, given up or installed',
  bounds: {
    ...NO_ALLOWANCES,
    nodes: 3,
    terms: 2,
    timeouts: 1,
    entries: 1,
    compactions: 1,
    beats: 1,
    crashes: 1,
    letters: 8,
  },
  settings: { preVote: false, checkQuorum: false },
  carries: new Set([
    'RequestVote',
    'RequestVoteReply',
    'AppendEntries',
    'AppendEntriesReply',
    'Heartbeat',
    'HeartbeatReply',
    'InstallSnapshot',
  ]),
  timers: ['electionTimeout', 'heartbeatInterval'],
  also: ['compact', 'install', 'abandon', 'report'],
  beginnings: [{ acts: [{ ...LED, reaches: [3] }] }],
  symmetric: true,
  kills: ['entries that are not applied are cut off', 'an older snapshot takes a log back'],
}
