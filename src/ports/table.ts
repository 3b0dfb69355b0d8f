/** Ordered key spaces in which a state machine keeps what it applied. */

import type { LogIndex } from '../protocol/types.ts'
import type { Membership } from './store.ts'

/** One change. A missing value deletes the key. */
export interface TableWrite {
  readonly family: string
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** Which part of a family to read, in key order. */
export interface Range {
  /** First key, inclusive; from the start when missing. */
  readonly from?: Uint8Array
  /** End key, exclusive; to the end when missing. */
  readonly to?: Uint8Array
  /** At most so many rows. */
  readonly limit?: number
  readonly reverse?: boolean
}

/** One row. The bytes are the caller's to keep. */
export type Row = readonly [key: Uint8Array, value: Uint8Array]

/** Reads, as of one moment. */
export interface TableReader {
  get(family: string, key: Uint8Array): Uint8Array | undefined
  /** Rows as of the moment of the call, whatever is applied while they are being read. */
  range(family: string, range: Range): Iterable<Row>
}

/** A consistent view that outlives later writes. Close it soon: it keeps old pages alive. */
export interface TableSnapshot extends TableReader {
  /** The applied index the view belongs to. */
  readonly applied: LogIndex
  /** Who the members are as of that index. */
  readonly membership: Membership
  close(): void
}

/** One group's applied state: visible at once, durable with the store's next write. */
export interface Table extends TableReader {
  /** Key spaces that were ever written to. */
  readonly families: readonly string[]
  /** Last entry whose writes are visible here. */
  readonly applied: LogIndex
  /** Who the members are as of `applied`: after a crash both are what they were. */
  readonly membership: Membership
  /** Makes the writes of one entry visible, all or none, and moves `applied` to its index; with a new membership, if the entry made one. */
  apply(index: LogIndex, writes: readonly TableWrite[], membership?: Membership): void
  /** Puts other members in the place of those that are, though no entry says so: for who recovers a group that has lost its quorum. Saved with the next write. */
  reform(membership: Membership): void
  snapshot(): TableSnapshot
}
