/** What a program sees of a node in its own process. */

import type { FlotillaError } from '../base/errors.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { StoreCopy } from '../ports/store.ts'
import type { FreshnessWish } from '../wire/freshness.ts'
import type { Answer, LeaderHint } from '../wire/requests.ts'

/** How long a call may take, in milliseconds. Default 5000. */
export interface CallTime {
  readonly timeoutMs?: number
}

/** How long a read may take, and how fresh it must be. */
export interface ReadTime extends CallTime, FreshnessWish {}

/** A running node, embedded in this process. */
export interface FlotillaNode {
  readonly id: string
  /**
   * Proposes a command; resolves once it is committed and applied, with its index and the state machine's result. A follower passes it on to the
   * leader, once, unless the node's option `forward` is off. Rejects with `NOT_LEADER` (details name the leader, if known), `BUSY`, `TRANSFERRING`,
   * `UNKNOWN_GROUP`, what the state machine refuses, or `TIMEOUT_UNKNOWN` when the outcome is not known in time; then it is not tried again.
   */
  propose(group: string, command: Uint8Array, options?: CallTime): Promise<Answer>
  /**
   * Asks this replica's state machine once it is as fresh as `consistency` says: by default it sees everything acknowledged before the call (§8, thesis
   * 6.4), also on a follower, which asks the leader for an index. Rejects with `NOT_LEADER` while no leader is known, `CONFIG_INVALID` for a lease read
   * on a node without `leaseReads`, `TIMEOUT`.
   */
  read(group: string, query: Uint8Array, options?: ReadTime): Promise<Answer>
  /**
   * Hands leadership to the replica on node `to`, or to the one that is furthest; resolves with who leads then. Rejects with `TARGET_INVALID` (the leader
   * itself, no voter, no replica), `NOT_LEADER`, or `TIMEOUT` when nobody took over: then the leader leads on.
   */
  transfer(group: string, to?: string | null, options?: CallTime): Promise<LeaderHint>
  /** Asks this replica's state machine as it is now, which may be behind. */
  query(group: string, query: Uint8Array): Answer
  status(): NodeStatus
  /**
   * Copies the node's store, as it is in this moment, into a directory that is not there yet; a node can be started on it, as on what `flotilla backup` makes, and for the same
   * purposes alone: see docs/storage.md. The node goes on meanwhile; nothing is written beyond what it keeps free of its disk. Rejects with `CONFIG_INVALID` when there is something
   * at that path, or the store is not in a directory; `STORAGE_FULL`; `BUSY` while another copy is made; `STORE_DAMAGED` when what was copied is damaged; `STORAGE_FAILED` when the
   * copy cannot be written: of that the node takes no harm.
   */
  backup(to: string): Promise<StoreCopy>
  /** Hands leadership off, answers who waits, saves, and closes store and transport. */
  stop(): Promise<void>
  /** Resolves once the node is closed: with the error that ended it, or null after {@link stop}. */
  readonly closed: Promise<FlotillaError | null>
}
