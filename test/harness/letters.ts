/** Letters in short, for tests that play the other peers: from 2 to 1 unless said otherwise. */

import type {
  AppendEntries,
  AppendEntriesReply,
  Heartbeat,
  HeartbeatReply,
  InstallSnapshot,
  Known,
  PreVote,
  PreVoteReply,
  Propose,
  ReadIndex,
  ReadIndexReply,
  RequestVote,
  RequestVoteReply,
  TimeoutNow,
  TransferLeader,
} from '../../src/protocol/messages.ts'
import { type PeerId, type Snapshot, type Term, votersOnly } from '../../src/protocol/types.ts'
import { entriesOf } from './disk.ts'

/** What every letter says; a missing `from` is 2, a missing `to` is 1. */
interface Head {
  readonly term: Term
  readonly from?: PeerId
  readonly to?: PeerId
}

type Rest<M> = Partial<Omit<M, 'type' | 'term' | 'from' | 'to' | 'entries'>>

const head = ({ term, from = 2, to = 1 }: Head): { term: Term; from: PeerId; to: PeerId } => ({ term, from, to })

/** `terms` are those of the entries, the first of which follows `prevIndex`. */
export const append = (letter: Head & Rest<AppendEntries> & { readonly terms?: readonly Term[] }): AppendEntries => {
  const { prevIndex = 0, prevTerm = 0, commit = 0, terms = [] } = letter
  return { type: 'AppendEntries', ...head(letter), prevIndex, prevTerm, commit, entries: entriesOf(terms, prevIndex + 1) }
}

export const accepted = (letter: Head & { readonly index: number }): AppendEntriesReply => ({
  type: 'AppendEntriesReply',
  ...head(letter),
  accepted: true,
  index: letter.index,
  hintIndex: 0,
  hintTerm: 0,
})

export const rejected = (letter: Head & Rest<AppendEntriesReply>): AppendEntriesReply => ({
  type: 'AppendEntriesReply',
  ...head(letter),
  accepted: false,
  index: letter.index ?? 0,
  hintIndex: letter.hintIndex ?? 0,
  hintTerm: letter.hintTerm ?? 0,
})

export const heartbeat = (letter: Head & Rest<Heartbeat>): Heartbeat => ({
  type: 'Heartbeat',
  ...head(letter),
  commit: letter.commit ?? 0,
  round: letter.round ?? 1,
})

export const heartbeatReply = (letter: Head & Rest<HeartbeatReply>): HeartbeatReply => ({
  type: 'HeartbeatReply',
  ...head(letter),
  round: letter.round ?? 1,
})

/** Who speaks of votes says what it knows to be committed; here nothing, unless told otherwise. */
interface Verdict extends Known {
  readonly granted: boolean
}

const known = ({ commit = 0, commitTerm = 0 }: Known): Required<Known> => ({ commit, commitTerm })

export const preVote = (letter: Head & Rest<PreVote>): PreVote => ({
  type: 'PreVote',
  ...head(letter),
  lastIndex: letter.lastIndex ?? 0,
  lastTerm: letter.lastTerm ?? 0,
  ...known(letter),
})

export const preVoteReply = (letter: Head & Verdict): PreVoteReply => ({
  type: 'PreVoteReply',
  ...head(letter),
  granted: letter.granted,
  ...known(letter),
})

export const requestVote = (letter: Head & Rest<RequestVote>): RequestVote => ({
  type: 'RequestVote',
  ...head(letter),
  lastIndex: letter.lastIndex ?? 0,
  lastTerm: letter.lastTerm ?? 0,
  ...known(letter),
  transfer: letter.transfer ?? false,
})

export const requestVoteReply = (letter: Head & Verdict): RequestVoteReply => ({
  type: 'RequestVoteReply',
  ...head(letter),
  granted: letter.granted,
  ...known(letter),
})

export const timeoutNow = (letter: Head): TimeoutNow => ({ type: 'TimeoutNow', ...head(letter) })

/** A state up to `index`, of a group of three. */
export const snapshotAt = (index: number, term: Term, more: Partial<Snapshot> = {}): Snapshot => ({
  ...{ index, term, conf: votersOnly([1, 2, 3]), data: new Uint8Array() },
  ...more,
})

export const installSnapshot = (letter: Head & { readonly snapshot: Snapshot }): InstallSnapshot => ({
  type: 'InstallSnapshot',
  ...head(letter),
  snapshot: letter.snapshot,
})

type NoTerm = Omit<Head, 'term'>

/** What has no term carries 0. */
const untermed = (letter: NoTerm) => head({ ...letter, term: 0 })

export const proposal = (letter: NoTerm & { readonly word: string; readonly kind?: Propose['kind'] }): Propose => ({
  type: 'Propose',
  ...untermed(letter),
  kind: letter.kind ?? 'command',
  data: [new TextEncoder().encode(letter.word)],
})

export const readIndex = (letter: NoTerm & { readonly tickets: readonly number[] }): ReadIndex => ({
  type: 'ReadIndex',
  ...untermed(letter),
  tickets: letter.tickets,
})

export const readIndexReply = (
  letter: NoTerm & { readonly tickets: readonly number[]; readonly index: number },
): ReadIndexReply => ({
  type: 'ReadIndexReply',
  ...untermed(letter),
  tickets: letter.tickets,
  index: letter.index,
})

export const transferLeader = (letter: NoTerm & { readonly target: PeerId }): TransferLeader => ({
  type: 'TransferLeader',
  ...untermed(letter),
  target: letter.target,
})
