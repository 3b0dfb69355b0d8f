/** Thesis 6.4.1: reads that ask nobody, because nobody else can have been elected yet. Here time counts. */

import { type Act, LED, type Model, NO_ALLOWANCES } from '../model.ts'
import { replication } from './replication.ts'

/** A tick passes. */
const TICK: Act = { peer: 0, stimulus: { kind: 'tick' }, reaches: [], carries: [], others: 'lost' }

/** Peer 2 has answered a round of heartbeats, and a lease begins. Nobody else has heard of it. */
const CONFIRMED: Act = {
  peer: 1,
  stimulus: { kind: 'fire', delay: 'heartbeatInterval' },
  reaches: [2],
  carries: ['Heartbeat', 'HeartbeatReply'],
  others: 'lost',
}

/** Clocks run alike, in ticks; nobody is impatient before the shortest election timeout, and everybody may be later. */
export const lease: Model = {
  ...replication,
  name: 'lease',
  about: 'a read under a lease, while the others fall silent, forget and elect somebody else',
  bounds: { ...NO_ALLOWANCES, nodes: 3, terms: 2, timeouts: 1, reads: 1, crashes: 1, letters: 7 },
  settings: { preVote: false, checkQuorum: true, leaseReads: true },
  carries: new Set(['RequestVote', 'RequestVoteReply', 'AppendEntries', 'AppendEntriesReply', 'Heartbeat', 'HeartbeatReply']),
  timers: ['electionTimeout', 'voteLease'],
  beginnings: [{ acts: [TICK, TICK, LED, TICK, TICK, CONFIRMED] }],
  ticks: { silence: 2, lease: 2 },
  kills: [
    'a lease is as old as one likes',
    'a restart breaks the silence that a lease was built on',
    'whoever hears a leader votes all the same',
  ],
}
