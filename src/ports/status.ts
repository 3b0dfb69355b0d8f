/** What a node says of itself: the one shape behind `flotilla status`, the inspector and NATS STATS. */

import type { LogIndex, Role, Term } from '../protocol/types.ts'

/** A follower as its leader sees it. */
export interface ProgressStatus {
  readonly node: string
  readonly state: string
  readonly match: LogIndex
  readonly next: LogIndex
  readonly inflight: number
  readonly active: boolean
}

/** A snapshot on its way to or from a node. */
export interface SnapshotStatus {
  readonly side: 'sending' | 'receiving'
  /** Where it goes to, or comes from. */
  readonly node: string
  /** The entry that it stands for, and all before it. */
  readonly index: LogIndex
  readonly percent: number
  /** Bytes of the state that have arrived, uncompressed. */
  readonly bytes: number
  readonly bytesTotal: number
  readonly bytesPerSecond: number
  readonly chunks: number
  /** State of its chart (machines/snapshot-sender.ts, machines/snapshot-receiver.ts). */
  readonly state: string
}

/** One group on one node. Nodes are given by name. */
export interface GroupStatus {
  readonly group: string
  /** Kind of its state machine. */
  readonly kind: string
  /** Mark of the group's founding; missing or empty while the node does not know it. */
  readonly founding?: string | undefined
  /** Life of the peer (machines/peer.ts): loading, running, stopping, destroying, stopped, quarantined, failed. */
  readonly life: string
  /** What is damaged, of a peer in quarantine: of such a one nothing else is known. */
  readonly damage?: string | undefined
  readonly peer: number
  readonly role: Role
  /** Path of active states of the role chart, outermost first: `['following', 'follower']`. */
  readonly states: readonly string[]
  readonly term: Term
  readonly vote: string | null
  readonly leader: string | null
  readonly commit: LogIndex
  readonly applied: LogIndex
  /** Entries up to here are cut off: the state stands for them. Never beyond `applied`. */
  readonly truncated: LogIndex
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  readonly voters: readonly string[]
  /** Those who vote beside them, and are about to leave: only in a joint configuration. */
  readonly votersOutgoing?: readonly string[] | undefined
  /** Members that receive the log and do not vote, or are about to. */
  readonly learners?: readonly string[] | undefined
  /** Only at the leader. */
  readonly progress: readonly ProgressStatus[]
  /** Snapshots on their way, if there are any. */
  readonly snapshots?: readonly SnapshotStatus[] | undefined
}

/** Room on the disk of a node's store. */
export interface RoomStatus {
  /** Bytes that the disk has left. */
  readonly freeBytes: number
  /** Bytes inside the store's own files that are used again before these grow. */
  readonly reusableBytes: number
  /** Bytes that are kept free. */
  readonly reserveBytes: number
  /** `ok`; `low`: no proposals are taken while it leads; `critical`: no entries are taken from a leader, either. */
  readonly level: 'ok' | 'low' | 'critical'
}

/** One node. */
export interface NodeStatus {
  readonly cluster: string
  readonly node: string
  readonly version: string
  readonly pid: number
  readonly store: {
    readonly uuid: string
    readonly boot: number
    readonly bytes: number
    /** Missing where no disk is the bound, or the node does not say. */
    readonly room?: RoomStatus | undefined
  }
  /** Life of the node (machines/node.ts): opening, joining, serving, draining, failed, closed. */
  readonly life: string
  readonly connected: boolean
  /** Messages dropped while there was no connection. */
  readonly dropped: number
  /** Messages refused at the edge, by error code. */
  readonly refused: Readonly<Record<string, number>>
  readonly uptimeMs: number
  /** Where its inspector page is, if it serves one. */
  readonly inspector: string | null
  readonly groups: readonly GroupStatus[]
}
