/** The nouns of Raft, as plain immutable data (Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", Figure 2). */

/** Election term. Plain number: 2^53 terms outlive everything. */
export type Term = number

/** Position in the log, from 1. 0 means "before the first entry". */
export type LogIndex = number

/** A replica within its group, from 1. Never used twice; the node maps it to a node name. */
export type PeerId = number

/** What an entry is for: a leader's first entry (§8), a command of the state machine, or a change of configuration (§6). */
export type EntryKind = 'noop' | 'command' | 'configuration'

const KINDS: ReadonlySet<unknown> = new Set(Object.keys({ noop: 0, command: 0, configuration: 0 } satisfies Record<EntryKind, 0>))

export const isKind = (value: unknown): value is EntryKind => KINDS.has(value)

/** One slot of the replicated log. */
export interface Entry {
  readonly term: Term
  readonly index: LogIndex
  readonly kind: EntryKind
  /** Opaque to Raft. Never changed after creation. */
  readonly data: Uint8Array
}

/** An index and the term of the entry there. */
export interface LogPosition {
  readonly index: LogIndex
  readonly term: Term
}

/** Entries `[from, next run)` all have this term. Terms never fall along a log, so a log is a short list of runs. */
export interface TermRun {
  readonly from: LogIndex
  readonly term: Term
}

/** What must be on disk before words leave (Figure 2, "Persistent state"; commit is kept to make a restart quick). */
export interface HardState {
  readonly term: Term
  readonly vote: PeerId | null
  readonly commit: LogIndex
}

/** The five roles. `learner` receives the log and does not count (thesis 4.2.1). */
export type Role = 'follower' | 'learner' | 'preCandidate' | 'candidate' | 'leader'

/** What may be forgotten in a crash. */
export interface SoftState {
  readonly leader: PeerId | null
  readonly role: Role
}

/** Who counts. `votersOutgoing` is not empty only in a joint configuration (§6). */
export interface ConfState {
  readonly voters: readonly PeerId[]
  readonly votersOutgoing: readonly PeerId[]
  readonly learners: readonly PeerId[]
  readonly learnersNext: readonly PeerId[]
  readonly autoLeave: boolean
}

/** Bytes an entry counts for where bytes are bounded: its data and a fixed allowance for its frame. */
export const entryBytes = (entry: Entry): number => entry.data.length + 16

/** What a state machine was after an entry, and the configuration in force there: stands for everything before (§7). */
export interface Snapshot extends LogPosition {
  readonly conf: ConfState
  /** Opaque to Raft: the state itself, or where to get it. */
  readonly data: Uint8Array
  /** Bytes of the state, where the data only stands for it. Of what is sent over the wire, nobody asks. */
  readonly bytes?: number
}

/** A configuration of plain voters. */
export const votersOnly = (voters: readonly PeerId[]): ConfState => ({
  voters,
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
})
