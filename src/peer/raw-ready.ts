/** A Ready for who hosts a peer with his own hands: entries instead of spans, read states with the caller's own words. Pure. */

import { type Message, waitsForDisk } from '../protocol/messages.ts'
import type { Output } from '../protocol/ready.ts'
import type { Entry, HardState, LogIndex, LogPosition, PeerId, Snapshot, SoftState, Term } from '../protocol/types.ts'
import { collect } from './collect.ts'
import type { RawReads } from './raw-reads.ts'
import type { RoleSnapshot } from './role-words.ts'

/** A message to be sent. */
export type Outgoing = Message & {
  /** Whether it promises something of the disk: then it may leave only when hard state and entries of this Ready and all before are on it. */
  readonly waitsForDisk: boolean
}

/** A read may be answered once everything up to `index` is applied (thesis 6.4). */
export interface RawReadState {
  readonly index: LogIndex
  readonly context: string
}

/** What is on disk once a Ready is written. To be given back, as it is. */
export interface Mark {
  readonly number: number
  readonly term: Term
  readonly vote: PeerId | null
  readonly last: LogPosition
}

/** What is to be done, once; see {@link RawNode.ready} for the order. */
export interface RawReady {
  /** Leader and role, if one of them changed. */
  readonly softState?: SoftState
  /** To be saved, if it changed. */
  readonly hardState?: HardState
  /** To be saved; they replace what the disk has from the first one on. */
  readonly entries: readonly Entry[]
  /** To be installed, once the entries are saved: state, configuration, and an empty log behind it, unless the log has the entry that it ends at. */
  readonly snapshot?: Snapshot
  /** To be applied, in order, once this Ready is written: its own entries may be among them. All else of them is on disk. */
  readonly committedEntries: readonly Entry[]
  readonly messages: readonly Outgoing[]
  readonly readStates: readonly RawReadState[]
  /** Whether the write must be flushed: entries, a snapshot, or a new term or vote. A commit index alone need not be. */
  readonly mustSync: boolean
  /** For {@link RawNode.persisted}. */
  readonly mark: Mark
}

interface Parts {
  readonly before: RoleSnapshot
  readonly after: RoleSnapshot
  readonly said: readonly Output[]
  /** Up to where committed entries were handed out. */
  readonly handedOut: LogIndex
  readonly bytesMax: number
  /** Those that are answered leave. */
  readonly reads: RawReads
  /** Number of the mark. */
  readonly mark: number
}

export function rawReadyOf({ before, after, said, handedOut, bytesMax, reads, mark }: Parts): RawReady {
  const { softState, hardState, entries, snapshot, messages, mustSync, reads: answered } = collect(before, after, said)
  const { term, vote, log, staged } = after.context
  const limit = staged === null ? mayApply(after, entries) : 0
  const committedEntries = handedOut < limit ? log.slice(handedOut + 1, limit + 1, bytesMax) : []
  return {
    ...(softState && { softState }),
    ...(hardState && { hardState }),
    ...(snapshot && { snapshot }),
    entries,
    committedEntries,
    messages: messages.map((message) => ({ ...message, waitsForDisk: waitsForDisk(message) })),
    readStates: answered.flatMap(({ tickets, index }) => tickets.flatMap((ticket) => readStateOf(reads, ticket, index))),
    mustSync: mustSync || snapshot !== null,
    mark: { number: mark, term, vote, last: { index: log.lastIndex, term: log.lastTerm } },
  }
}

/**
 * What is committed, as far as it is on our own disk once this Ready is: what the state machine has taken, a restart must find in the log. Entries of an
 * earlier Ready that is still being written have to wait for it.
 */
function mayApply({ context: { log, commit } }: RoleSnapshot, [first]: readonly Entry[]): LogIndex {
  const goesOn = first !== undefined && first.index <= log.durableIndex + 1
  return Math.min(commit, goesOn ? log.lastIndex : log.durableIndex)
}

/** Nothing for a ticket that is not ours, or was answered before: a reply may come twice. */
function readStateOf(reads: RawReads, ticket: number, index: LogIndex): RawReadState[] {
  const context = reads.take(ticket)
  return context === undefined ? [] : [{ index, context }]
}
