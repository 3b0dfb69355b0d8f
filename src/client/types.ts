/** What a program sees of a cluster from outside: the client's types. */

import type { Chance } from '../ports/chance.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Transport } from '../ports/transport.ts'
import type { Consistency } from '../wire/freshness.ts'
import type { Answer, LogPage } from '../wire/requests.ts'

/** How long to ask. */
export interface CallOptions {
  /** Everything, retries included, is over after so many milliseconds. Default: that of the client, 5000. */
  readonly timeoutMs?: number
}

/** What may be done when the outcome of a write is not known. */
export interface WriteOptions extends CallOptions {
  /**
   * The command may be applied twice without harm: then a write whose outcome is unknown is sent again until the deadline.
   * Without it such a write ends with `TIMEOUT_UNKNOWN`.
   */
  readonly idempotent?: boolean
}

/** How fresh a read must be. */
export interface ReadOptions extends CallOptions {
  /**
   * `linearizable` (default), `lease`, `follower`: sees every write acknowledged before the call; from the leader, from the leader without a round to
   * the others (nodes with `leaseReads`), or from any replica. `stale`: what any replica has, at once.
   */
  readonly consistency?: Consistency
  /** Of a stale read, which it implies: the answer is no further behind than so many milliseconds. */
  readonly maxStalenessMs?: number
}

/** One committed entry, as subscribers see it. */
export interface CommittedEntry {
  readonly group: string
  readonly index: number
  readonly term: number
  readonly kind: 'noop' | 'command' | 'configuration'
  /** The command, in the format of the group's state machine. */
  readonly data: Uint8Array
}

/** From where to follow what is committed, and until when. */
export interface CommittedOptions {
  /** First index wanted; without it, whatever commits from now on. */
  readonly from?: number
  readonly signal?: AbortSignal
}

/** How much of the log to ask for. */
export interface LogOptions extends CallOptions {
  /** First index wanted, from 1. */
  readonly from: number
  /** At most so many entries, up to 1000. Default 100. */
  readonly limit?: number
}

/** What every client is given, however it is connected. */
export interface ClientSettings {
  readonly cluster: string
  /** First token of all subjects. Default `flotilla`. */
  readonly prefix?: string
  /** Deadline of calls that name none, in milliseconds. Default 5000. */
  readonly timeoutMs?: number
  readonly logger?: Logger
  /** Time, for tests that have their own. Default: the machine's. */
  readonly clock?: Clock
  /** What is left to chance: pauses. Default: the system's. */
  readonly chance?: Chance
}

export interface ClientOptions extends ClientSettings {
  /** A connection of your own; it is not closed with the client. */
  readonly transport: Transport
}

/** The part of a client that typed clients are built on. */
export interface GroupCalls {
  propose(group: string, command: Uint8Array, options?: WriteOptions): Promise<Answer>
  read(group: string, query: Uint8Array, options?: ReadOptions): Promise<Answer>
}

/** A question to a group's leader, or a wish, in a format of its own. */
export interface LeaderCall<T> {
  readonly verb: 'members' | 'reconfigure' | 'transfer'
  readonly writes: boolean
  /** Whether it may be sent again though it may have been done. Default: when it writes nothing. */
  readonly repeatable?: boolean
  readonly timeoutMs?: number | undefined
  readonly encode: (timeoutMs: number) => Uint8Array
  /** Throws the refusal that came instead. */
  readonly decode: (data: Uint8Array) => T
}

/** A cluster, from outside. */
export interface ClusterCalls extends GroupCalls {
  /** Asks the group's leader, and looks for it as long as it takes. */
  askOfLeader<T>(group: string, call: LeaderCall<T>): Promise<T>
  /** Entries the group has committed, from one of its replicas. */
  log(group: string, options: LogOptions): Promise<LogPage>
  /**
   * Every committed entry once and in order: gaps are filled from the log. Ends when the signal aborts or the client closes. Troubles
   * on the way are waited out; a group that is nowhere is `UNKNOWN_GROUP`, and a cluster where nobody answers to begin with `UNAVAILABLE`.
   */
  committed(group: string, options?: CommittedOptions): AsyncIterable<CommittedEntry>
  /** What each node that answers within `waitMs` (default 300) says of itself, by name. */
  status(options?: { readonly waitMs?: number }): Promise<readonly NodeStatus[]>
  /** Ends all calls with `CLOSED`. */
  close(): Promise<void>
}
