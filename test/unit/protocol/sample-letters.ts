/** One peer, and one letter of each type that it would take in: what tests of plausibility spoil. */

import { Log } from '../../../src/protocol/log.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import type { RaftState } from '../../../src/protocol/state.ts'
import { type ConfState, type Entry, type Snapshot, type Term, votersOnly } from '../../../src/protocol/types.ts'

export const BYTES = Uint8Array.of(1, 2)

export const entry = (index: number, term: Term, more: object = {}): Entry => ({
  index,
  term,
  kind: 'command',
  data: BYTES,
  ...more,
})

/** Peer 1 in term 4, without a leader: entries 4..8 of terms 2 2 3 3 4, behind one of term 1; committed up to 6. */
export const PEER = {
  id: 1,
  term: 4,
  leader: null,
  commit: 6,
  conf: votersOnly([1, 2, 3]),
  staged: null,
  log: Log.from({
    truncated: { index: 3, term: 1 },
    lastIndex: 8,
    runs: [
      { from: 4, term: 2 },
      { from: 6, term: 3 },
      { from: 8, term: 4 },
    ],
    reader: { entries: () => [] },
  }),
} as unknown as RaftState

const LETTER = { from: 2, to: 1, term: 4 }
const FAVOUR = { from: 2, to: 1, term: 0 }
export const CONF: ConfState = { voters: [1, 2, 4], votersOutgoing: [1, 2, 3], learners: [5], learnersNext: [3], autoLeave: true }
export const SNAPSHOT: Snapshot = { index: 9, term: 4, conf: CONF, data: BYTES }

export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>

/** One of each type, as it should be. */
export const GOOD: { readonly [T in Message['type']]: MessageOf<T> } = {
  AppendEntries: {
    ...{ type: 'AppendEntries', ...LETTER, prevIndex: 5, prevTerm: 2, commit: 6 },
    entries: [entry(6, 3), entry(7, 3, { kind: 'noop' }), entry(8, 4, { kind: 'configuration' })],
  },
  AppendEntriesReply: { type: 'AppendEntriesReply', ...LETTER, accepted: true, index: 8, hintIndex: 0, hintTerm: 0 },
  Heartbeat: { type: 'Heartbeat', ...LETTER, commit: 6, round: 3 },
  HeartbeatReply: { type: 'HeartbeatReply', ...LETTER, round: 3 },
  PreVote: { type: 'PreVote', ...LETTER, term: 5, lastIndex: 8, lastTerm: 4, commit: 6, commitTerm: 3, priority: 2 },
  PreVoteReply: { type: 'PreVoteReply', ...LETTER, granted: true, commit: 6, commitTerm: 3 },
  RequestVote: {
    type: 'RequestVote',
    ...LETTER,
    lastIndex: 8,
    lastTerm: 4,
    commit: 6,
    commitTerm: 3,
    transfer: false,
    priority: 0,
  },
  RequestVoteReply: { type: 'RequestVoteReply', ...LETTER, granted: false, commit: 0, commitTerm: 0 },
  TimeoutNow: { type: 'TimeoutNow', ...LETTER },
  InstallSnapshot: { type: 'InstallSnapshot', ...LETTER, snapshot: SNAPSHOT },
  Propose: { type: 'Propose', ...FAVOUR, kind: 'command', data: [BYTES, BYTES] },
  ReadIndex: { type: 'ReadIndex', ...FAVOUR, tickets: [1, 2] },
  ReadIndexReply: { type: 'ReadIndexReply', ...FAVOUR, tickets: [1, 2], index: 6 },
  TransferLeader: { type: 'TransferLeader', ...FAVOUR, target: 3 },
}
