/** What the transfer of snapshots asks of a group, of those who make and read chunks, and of whoever installs. Interfaces and settings only. */

import type { Spool } from '../../ports/spool.ts'
import type { StateMachine } from '../../ports/state-machine.ts'
import type { SnapshotStatus } from '../../ports/status.ts'
import type { Table, TableSnapshot, TableWrite } from '../../ports/table.ts'
import type { LogIndex, LogPosition, PeerId, Term } from '../../protocol/types.ts'
import type { Manifest, ManifestChunk } from '../../wire/manifest.ts'

/** A group that this node holds, as far as snapshots are concerned: what src/node/peer-host.ts says of itself. */
export interface SnapshotGroup {
  readonly group: string
  /** Its founding, as nodes say it to each other. */
  readonly epoch: string
  readonly table: Pick<Table, 'applied' | 'membership' | 'snapshot'>
  readonly stateMachine: StateMachine
  /** The entry that the log begins behind. */
  readonly start: LogPosition
  /** Name of the node that leads, if anybody is known to. */
  readonly leader: string | null
  readonly leads: boolean
  readonly term: Term
  nodeOf(peer: PeerId): string | undefined
  readonly snapshot: {
    readonly context: {
      readonly log: { termAt(index: LogIndex): Term | undefined }
      readonly followers: ReadonlyMap<PeerId, { readonly progress: { readonly value: unknown } }>
    }
  }
}

/** How a follower stands to a snapshot that is sent to it. `gone`: we do not lead in that term any more, or it is no follower any more. */
export type Standing = 'waiting' | 'caughtUp' | 'gone'

/** How a follower stands, as its leader of that term sees it (machines/progress.ts). */
export function standingOf({ leads, term, snapshot }: SnapshotGroup, to: PeerId, ofTerm: Term): Standing {
  const follower = snapshot.context.followers.get(to)
  if (!leads || term !== ofTerm || !follower) return 'gone'
  return follower.progress.value === 'snapshot' ? 'waiting' : 'caughtUp'
}

/** What an export gives. */
export interface ExportedState {
  readonly manifest: Manifest
  /** The manifest as it travels. */
  readonly bytes: Uint8Array
}

/** A state to be exported. */
export interface ExportInput {
  /** Closed as soon as it is read, also on an error. */
  readonly view: TableSnapshot
  readonly stateMachine: StateMachine
  readonly group: string
  /** Founding of the group. */
  readonly epoch: string
  /** Term of the entry at the view's index. */
  readonly term: Term
  readonly spool: Spool
  /** Chunks that stay, whether or not a manifest in the spool names them. */
  readonly isKept: (hash: Uint8Array) => boolean
  /** Lets the event loop have a turn; asked for every few milliseconds. */
  readonly breathe: () => Promise<void>
}

/** Our own state, and the snapshot of another that is wanted. */
export interface ReuseInput extends Pick<ExportInput, 'view' | 'stateMachine' | 'spool' | 'breathe'> {
  readonly wanted: Manifest
}

/** Those who know what a chunk and a manifest say. */
export interface SnapshotCraft {
  exportState(input: ExportInput): Promise<ExportedState>
  importRows(input: {
    readonly manifest: Manifest
    readonly spool: Spool
    readonly stateMachine: StateMachine
  }): AsyncIterable<TableWrite>
  /** Puts into the spool what our own state has of a manifest's chunks. Returns how many. */
  reuseOwn(input: ReuseInput): Promise<number>
  /** Throws `CODEC_INVALID`. */
  decodeManifest(bytes: Uint8Array): Manifest
  /** Digest of a manifest's bytes, in hexadecimal. */
  manifestId(bytes: Uint8Array): string
  /** Whether these bytes, as they travel, are that chunk. */
  isChunk(bytes: Uint8Array, chunk: ManifestChunk): boolean
}

/** How patient and how busy a node is with snapshots. Times in milliseconds. */
export interface SnapshotTiming {
  /** An export that takes longer is given up. */
  readonly exportTimeoutMs: number
  /** An offer that is not taken up is made again. */
  readonly offerTimeoutMs: number
  /** A receiver that is not heard of gets the offer again: it may have restarted. */
  readonly silenceTimeoutMs: number
  /** How often an offer is made again before the leader is told that it failed. */
  readonly repeatsMax: number
  /** How long a failure is kept from the leader, who would begin again at once. */
  readonly restMs: number
  /** The log is held back no longer than this for one follower. */
  readonly holdMs: number
  /** One request for a piece. */
  readonly pullTimeoutMs: number
  /** Answers that come within so much more than the quickest one are prompt: more may be asked for at a time. Heartbeats may wait as long behind them. */
  readonly promptMs: number
  /** A whole manifest. */
  readonly fetchTimeoutMs: number
  /** First pause of a receiver whose sources are silent; each further one is twice as long, up to the largest. */
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  /** Attempts without anything new after which a receiver gives up. */
  readonly failuresMax: number
  /** How often a receiver tells how far it is, and a sender looks how its follower stands. */
  readonly reportMs: number
  /** How long what nobody fetches any more is kept. */
  readonly keepMs: number
}

/** Together: a receiver outlives the restart of its source, and a follower that restarts is offered again within a few seconds. */
export const SNAPSHOT_TIMING: SnapshotTiming = {
  exportTimeoutMs: 600_000,
  offerTimeoutMs: 3000,
  silenceTimeoutMs: 5000,
  repeatsMax: 5,
  restMs: 1000,
  holdMs: 900_000,
  pullTimeoutMs: 3000,
  promptMs: 100,
  fetchTimeoutMs: 60_000,
  backoffMsMin: 100,
  backoffMsMax: 5000,
  failuresMax: 10,
  reportMs: 500,
  keepMs: 600_000,
}

/** How far a snapshot is on its way, as status tells it. */
export interface SnapshotProgress extends SnapshotStatus {
  /** Of a snapshot that is sent: to whom. */
  readonly peer: PeerId | null
}

/** Something happened to a snapshot on its way. */
export interface SnapshotNews {
  readonly group: string
  readonly side: 'sending' | 'receiving'
  readonly node: string
  readonly index: LogIndex
  /** The state that its chart has entered. */
  readonly state: string
}
