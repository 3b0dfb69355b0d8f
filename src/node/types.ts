/** What a program sees of a node in its own process. */

import type { FlotillaError } from '../base/errors.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Answer } from '../wire/requests.ts'

/** How long a call may take, in milliseconds. Default 5000. */
export interface CallTime {
  readonly timeoutMs?: number
}

/** A running node, embedded in this process. */
export interface FlotillaNode {
  readonly id: string
  /**
   * Proposes a command to a group that this node leads; resolves once it is committed and applied, with its index and the state machine's
   * result. Rejects with `NOT_LEADER` (details name the leader), `BUSY`, `TRANSFERRING`, `UNKNOWN_GROUP`, what the state machine refuses, or
   * `TIMEOUT_UNKNOWN` when the outcome is not known in time.
   */
  propose(group: string, command: Uint8Array, options?: CallTime): Promise<Answer>
  /** Asks the state machine of a group that this node leads; sees everything acknowledged before the call (§8, thesis 6.4). */
  read(group: string, query: Uint8Array, options?: CallTime): Promise<Answer>
  /** Asks this replica's state machine as it is now, which may be behind. */
  query(group: string, query: Uint8Array): Answer
  status(): NodeStatus
  /** Hands leadership off, answers who waits, saves, and closes store and transport. */
  stop(): Promise<void>
  /** Resolves once the node is closed: with the error that ended it, or null after {@link stop}. */
  readonly closed: Promise<FlotillaError | null>
}
