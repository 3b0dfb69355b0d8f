/** What committed entries are applied to. Pure: the same table and the same entry give the same writes and the same result, everywhere. */

import type { Entry } from '../protocol/types.ts'
import type { TableReader, TableSnapshot, TableWrite } from './table.ts'

/** The effect of one entry. */
export interface Applied {
  readonly writes: readonly TableWrite[]
  /** What the proposer is told. */
  readonly result: Uint8Array
}

/** A deterministic state machine that lives in a {@link TableReader}. */
export interface StateMachine {
  /** Names the format of its commands and tables: `kv`, `actors`, or the user's own. Stored; a group never changes kind. */
  readonly kind: string
  /** Key spaces it uses. Others are refused. */
  readonly families: readonly string[]
  /** Refuses a command before it is appended: throws a FlotillaError (`COMMAND_INVALID`, `TOO_LARGE`, …). */
  check(command: Uint8Array): void
  /**
   * What a committed command does. A FlotillaError thrown here is that entry's result on every node (nothing is written);
   * any other error stops the peer.
   */
  apply(entry: Entry, table: TableReader): Applied
  /** Answers a read. Throws a FlotillaError when the request is not understood. */
  query(request: Uint8Array, table: TableReader): Uint8Array
  /** Last tokens of the subject on which a committed command is published. Any strings: they are encoded as tokens by the node. */
  topic(command: Uint8Array): readonly string[]
  /**
   * The state as bytes of its own format, for peers that are far behind. Missing: the rows of the tables as they are. The same state gives the same
   * bytes on every node. The view is closed once the iteration ends; it is read promptly, since it keeps old pages alive.
   */
  snapshot?(view: TableSnapshot): AsyncIterable<Uint8Array>
  /** The rows that such bytes stand for, of a group that has none. Only together with `snapshot`. Throws a FlotillaError for bytes it does not understand. */
  restore?(chunks: AsyncIterable<Uint8Array>): AsyncIterable<TableWrite>
}
