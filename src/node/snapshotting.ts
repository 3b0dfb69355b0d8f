/** Snapshots as the engine and the store see them: what the desk is to know of a peer, and how a state gets into its place. Knows no chart. */

import { utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Spool } from '../ports/spool.ts'
import type { NodeStore } from '../ports/store.ts'
import type { TableWrite } from '../ports/table.ts'
import type { Transport } from '../ports/transport.ts'
import type { InstallSnapshot } from '../protocol/messages.ts'
import type { LogIndex, Snapshot } from '../protocol/types.ts'
import type { Sender } from '../wire/envelope.ts'
import type { StateRequest } from '../wire/maintenance.ts'
import type { Manifest } from '../wire/manifest.ts'
import { MANIFEST_PART_BYTES } from '../wire/snapshots.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Engine } from './engine.ts'
import { birthmarkIn, keepBirthmark } from './founding.ts'
import type { Headroom } from './headroom.ts'
import type { NodeSettings } from './options.ts'
import type { PeerHost } from './peer-host.ts'
import type { Refusals } from './refusals.ts'
import { boundedSpool, noRoom } from './snapshots/bounded-spool.ts'
import { snapshotCraft } from './snapshots/craft.ts'
import { SnapshotDesk } from './snapshots/desk.ts'
import { SNAPSHOT_TIMING, type SnapshotProgress, type SnapshotTiming } from './snapshots/group.ts'
import type { Holding } from './snapshots/library.ts'
import { inline, offloaded } from './snapshots/packing.ts'

/** The election timeout that the timing of snapshots is made for. */
const USUAL_ELECTION_MS = 1000

export interface SnapshottingOptions {
  readonly settings: NodeSettings
  readonly sender: Sender
  readonly store: NodeStore
  readonly transport: Transport
  readonly subjects: Subjects
  readonly clock: Clock
  readonly acquaintance: Acquaintance
  readonly refusals: Refusals
  readonly headroom: Pick<Headroom, 'fits' | 'fitsBeside' | 'took' | 'level' | 'whenTight'>
  readonly engine: () => Engine | null
}

/** What is waited for on the way to another node takes as much longer as its elections do. */
function timingOf(electionTimeoutMs: number): Partial<SnapshotTiming> {
  const scaled = (ms: number): number => Math.ceil((ms * electionTimeoutMs) / USUAL_ELECTION_MS)
  const { offerTimeoutMs, silenceTimeoutMs, promptMs, restMs, backoffMsMin, backoffMsMax, reportMs } = SNAPSHOT_TIMING
  return {
    offerTimeoutMs: scaled(offerTimeoutMs),
    silenceTimeoutMs: scaled(silenceTimeoutMs),
    promptMs: scaled(promptMs),
    restMs: scaled(restMs),
    backoffMsMin: scaled(backoffMsMin),
    backoffMsMax: scaled(backoffMsMax),
    reportMs: scaled(reportMs),
  }
}

export class Snapshotting {
  readonly #options: SnapshottingOptions
  readonly #desk: SnapshotDesk<PeerHost>
  readonly #spool: Spool

  constructor(options: SnapshottingOptions) {
    this.#options = options
    const { settings, headroom } = options
    this.#spool = boundedSpool(options.store.spool, headroom)
    this.#desk = new SnapshotDesk<PeerHost>({
      ...options,
      spool: this.#spool,
      logger: settings.logger,
      craft: snapshotCraft({ clock: options.clock, compressor: settings.offload ? offloaded : inline }),
      chance: settings.chance,
      timing: timingOf(settings.electionTimeoutMs),
      ...(settings.snapshotBytesPerSecond !== null && { bytesPerSecond: settings.snapshotBytesPerSecond }),
      fits: (bytes) => headroom.fits(bytes),
      fitsBeside: (bytes) => headroom.fitsBeside(bytes),
      find: (group) => options.engine()?.hosts.get(group),
      post: (host, _node, message) => options.engine()?.post(host, message),
      tell: (host, event) => this.#tell(host, event),
      install: (host, manifest, rows) => this.#install(host, manifest, rows),
      abandon: (host, index) => this.#tell(host, { type: 'snapshot.abandoned', index }),
      onNews: (news) => options.transport.publish(options.subjects.event('snapshots'), utf8(JSON.stringify(news))),
    })
    headroom.whenTight(() => this.#desk.makeRoom())
  }

  open(groups: Iterable<string>): void {
    this.#desk.open(groups)
  }

  /** The core of a leader wants a follower to have our state. */
  offer(host: PeerHost, message: InstallSnapshot): void {
    this.#desk.offer(host, message)
  }

  /** The core waits for a state that its leader has offered. */
  take(host: PeerHost, snapshot: Snapshot): void {
    const { leader } = host
    if (leader === null) this.#tell(host, { type: 'snapshot.abandoned', index: snapshot.index })
    else this.#desk.take(host, snapshot, leader)
  }

  /** A state of at least that index, made ready to be fetched by an operator. */
  lend(host: PeerHost, least: LogIndex): Promise<Holding> {
    return this.#desk.lend(host, least)
  }

  /** A piece of a state that was lent. Throws `UNAVAILABLE` when it is not kept any more. */
  piece(request: Exclude<StateRequest, { readonly type: 'prepare' }>): Uint8Array {
    const { group, manifest } = request
    const holding = this.#desk.lent(group, manifest)
    if (!holding) throw new FlotillaError('UNAVAILABLE', 'that state is not kept any more: ask for another', { group })
    if (request.type === 'manifest') return holding.bytes.subarray(request.from, request.from + MANIFEST_PART_BYTES)
    const chunk = holding.hashes.has(request.hash)
      ? this.#spool.get(group, new Uint8Array(Buffer.from(request.hash, 'hex')))
      : undefined
    if (!chunk) throw new FlotillaError('UNAVAILABLE', 'that chunk is not here', { group })
    return chunk
  }

  progress(group: string): readonly SnapshotProgress[] {
    return this.#desk.progress(group)
  }

  /** The oldest state that a live follower is fetching. */
  sending(group: string): LogIndex | null {
    return this.#desk.holds(group)
  }

  /** A group has left this node. */
  forget(group: string): void {
    this.#desk.forget(group)
  }

  close(): Promise<void> {
    return this.#desk.close()
  }

  /** The rows, until the disk is full but for the reserve: hard states need that, and what was staged can be given up. */
  async *#whileRoom(group: string, rows: AsyncIterable<TableWrite>): AsyncGenerator<TableWrite, void, undefined> {
    const { headroom } = this.#options
    let bytes = 0
    for await (const row of rows) {
      const size = row.key.length + (row.value?.length ?? 0)
      bytes += size
      headroom.took(size)
      if (headroom.level === 'critical') throw noRoom(group, bytes)
      yield row
    }
  }

  #tell(host: PeerHost, event: Parameters<Engine['tell']>[1]): void {
    const engine = this.#options.engine()
    if (engine?.hosts.get(host.group) === host) engine.tell(host.group, event)
  }

  /** The rows are put beside the state, however many transactions that takes; then one makes them the state. */
  async #install(host: PeerHost, manifest: Manifest, rows: AsyncIterable<TableWrite>): Promise<void> {
    const { store, engine, settings } = this.#options
    const { index, term, membership, epoch } = manifest
    const state = await store.stage(host.group, this.#whileRoom(host.group, rows))
    const installed = await engine()?.install(host, { state, membership, index, term })
    if (installed !== true) {
      await store.unstage(state)
      return
    }
    const mark = birthmarkIn(epoch)
    if (host.birthmark === '' && mark !== '')
      keepBirthmark(store, host.group, { mark: host.adopt(mark), logger: settings.logger })
  }
}
