/**
 * The durable side of one node: the log, hard state and applied state of all its groups, one transaction per turn.
 * Knows nothing of roles, terms' meaning, or the network.
 */

import type { FlotillaError } from '../base/errors.ts'
import type { ConfState, Entry, HardState, LogIndex, LogPosition, PeerId, TermRun } from '../protocol/types.ts'
import type { LogReader } from './log-reader.ts'
import type { Spool } from './spool.ts'
import type { Table, TableWrite } from './table.ts'

/** Who this store is. The uuid is drawn once, when the store is made; the boot count rises by one at each open. */
export interface StoreIdentity {
  readonly uuid: string
  readonly boot: number
  /** Drawn at each open: two copies of one directory that have come to the same count are told apart by it. */
  readonly run: string
  readonly cluster: string
  readonly node: string
}

/** Who the members of a group are, as of some applied entry. Part of the applied state, and saved together with it. */
export interface Membership {
  readonly conf: ConfState
  /**
   * Node name of each peer id that is known, members and others: an id is never given twice, so a name once known stays true. Who is a member
   * stands in `conf` alone.
   */
  readonly peers: Readonly<Record<PeerId, string>>
  /** Highest id that was ever given. */
  readonly lastPeerId: PeerId
}

/** What a group starts from when it does not exist yet. */
export interface GroupBootstrap {
  readonly conf: ConfState
  /** Node name of each peer id. */
  readonly peers: Readonly<Record<PeerId, string>>
  /** Highest id that was ever given. Default: the highest in `peers`. */
  readonly lastPeerId?: PeerId
  /** What kind of state machine the entries are for; a stored group is refused to another kind. */
  readonly kind: string
  /** The removed peer whose place this one may take: a destroyed group is made again only by who names its tombstone. */
  readonly replaces?: PeerId
}

/** What is left of a group that was destroyed here: this peer was removed, and must not come back. */
export interface Tombstone {
  readonly peer: PeerId
}

/** What a restart finds. */
export interface Recovered extends Membership {
  readonly hardState: HardState
  readonly kind: string
  /** The entry just before the first one stored; index 0, term 0 when nothing was ever cut off. */
  readonly truncated: LogPosition
  readonly lastIndex: LogIndex
  /** Terms of `(truncated.index, lastIndex]`. */
  readonly runs: readonly TermRun[]
  /** Last entry whose effects are in the tables, from the same transaction as those effects. */
  readonly applied: LogIndex
}

/** A state that is on disk and belongs to no group yet: the rows of a snapshot. Of this store, and of this boot. */
export interface StagedState {
  readonly group: string
  /** Bytes of the keys and values of its rows. */
  readonly bytes: number
}

/** A state that takes the place of all a group holds: log, rows, members. */
export interface Installation extends LogPosition {
  readonly state: StagedState
  readonly membership: Membership
}

/** What one group wants on disk. */
export interface GroupWrite {
  readonly group: string
  readonly hardState?: HardState
  /** Replaces the log from `entries[0].index` on: whatever was stored from there is gone, also beyond the last of these. */
  readonly entries?: readonly Entry[]
  /**
   * Cuts the log off: entries up to here are needed no more. Only what is saved as applied may go. The log begins behind it from this write on; the
   * disk is freed a portion at a time, with this and later writes.
   */
  readonly truncate?: LogPosition
  /** Takes the place of everything, in this one transaction: the log is empty behind it, and the tables are what was staged. Not together with `truncate`. */
  readonly install?: Installation
}

/** What is left for a store to grow into. */
export interface StoreRoom {
  /** Bytes that its disk has left. */
  readonly freeBytes: number
  /** Bytes inside its own files that hold nothing any more: written to again, piecemeal, and sooner or later. */
  readonly reusableBytes: number
}

/** A copy of an open store, in a directory of its own. */
export interface StoreCopy {
  readonly bytes: number
  /** Records in it, all of which were read. */
  readonly records: number
}

/** How much a write saves: the batch and all that the tables hold, or the batch alone. */
export type WriteScope = 'all' | 'batch'

/** Small facts of the node itself: what `recall` gives back. An empty value stands for none. */
export type Facts = ReadonlyMap<string, string>

/** What the keys of facts begin with that a copy of the store does not take along: they are true of what goes on, and a copy is for beginning from it. */
export const HERE = 'here:'

/** One node's store. One writer; a second process that opens the same directory gets `STORE_IN_USE`. */
export interface NodeStore {
  readonly identity: StoreIdentity
  /** Ids of the groups in the store, destroyed ones left out. */
  groups(): readonly string[]
  /**
   * Makes a group durable if it is not there yet, and returns what the store holds. Rejects with `STORE_MISMATCH` for another kind, and for a group
   * that was destroyed here, unless the bootstrap replaces just that peer; with `STORE_DAMAGED` when what is stored of it is not what was written,
   * or older than what it promised. The other groups are none the worse for it; reads, too, throw it when they meet damage.
   */
  open(group: string, bootstrap: GroupBootstrap): Promise<Recovered>
  /** Stored entries of an opened group. */
  reader(group: string): LogReader
  /** Applied state of an opened group. */
  table(group: string): Table
  /**
   * One durable transaction: the batch, and, unless the scope is `batch`, everything the tables of all groups hold unsaved at the time of
   * the call. What the tables hold is in the log already: who leaves it out saves work, and has more to apply again after a crash.
   * Facts as of `remember` go along. Resolves when all of it is on disk; rejects with `STORAGE_FAILED` when not, and from then on the store refuses everything.
   * Calls do not overlap: the next one may be made once the last has settled. Throws `TOO_LARGE` for a fact that does not fit.
   */
  write(batch: readonly GroupWrite[], scope?: WriteScope, facts?: Facts): Promise<void>
  /**
   * Puts the rows of a snapshot on the disk, in as many transactions as they need, beside what the group holds: nothing of the group changes until
   * {@link GroupWrite.install} names them. A crash forgets them. Rejects as `rows` does, or with `STORAGE_FAILED`.
   */
  stage(group: string, rows: AsyncIterable<TableWrite>): Promise<StagedState>
  /** Gives up a staged state: its rows are cleared away. */
  unstage(state: StagedState): Promise<void>
  /** Where snapshots on their way are kept. */
  readonly spool: Spool
  /**
   * Destroys a group, one that is damaged and cannot be opened, too: from the call on nothing of it can be read or written. Resolves once the tombstone is durable and its log, state and
   * rows are gone; what a crash leaves of these is cleared when the store is opened next.
   */
  destroy(group: string, tombstone: Tombstone): Promise<void>
  /** What is left of a destroyed group. */
  tombstone(group: string): Tombstone | undefined
  /** Bytes of applied state in memory that the next `write` of everything will save. */
  readonly unsavedBytes: number
  /** Bytes of keys and values of the rows of an opened group, as the last write has left them. Known without looking at them. */
  stateBytes(group: string): number
  /** Bytes of the store on disk. */
  bytes(): number
  /**
   * What is left on the disk; null where no disk is known to be the bound. Rejects with `STORAGE_FAILED` once the store has failed, and when the disk
   * does not answer, which is a failure, too.
   */
  room(): Promise<StoreRoom | null>
  /**
   * Makes a copy of the store as it is in this moment, in a directory that is not there yet, while it goes on; complete, or not there. On the store's own disk so many bytes
   * are left free. Missing where there is nothing on a disk. Rejects with `CONFIG_INVALID` when there is something at that path, `STORAGE_FULL`, `BUSY` while another
   * is made, `STORE_DAMAGED` when what was copied is, `STORAGE_FAILED` when it cannot be written, which is no failure of the store.
   */
  backUp?(to: string, spareBytes: number): Promise<StoreCopy>
  /** Small durable facts of the node itself (known peers' identities), saved at once, before the promise resolves. */
  remember(key: string, value: string): Promise<void>
  /** A fact given to `remember`, of this or an earlier boot. */
  recall(key: string): string | undefined
  /** Tells of damage each time it is met, whoever met it: the group named is not to be used any more. */
  watchDamage(listener: (damage: FlotillaError) => void): void
  close(): Promise<void>
}
