/** Snapshots as the engine and the store see them: what the desk is to know of a peer, and how a state gets into its place. Knows no chart. */

import type { Clock } from '../ports/clock.ts'
import type { NodeStore } from '../ports/store.ts'
import type { TableWrite } from '../ports/table.ts'
import type { Transport } from '../ports/transport.ts'
import type { InstallSnapshot } from '../protocol/messages.ts'
import type { LogIndex, PeerId, Snapshot, Term } from '../protocol/types.ts'
import type { Sender } from '../wire/envelope.ts'
import type { Manifest } from '../wire/manifest.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Engine } from './engine.ts'
import { birthmarkIn, keepBirthmark } from './founding.ts'
import type { NodeSettings } from './options.ts'
import type { PeerHost } from './peer-host.ts'
import type { Refusals } from './refusals.ts'
import { SNAPSHOT_CRAFT } from './snapshots/craft.ts'
import { SnapshotDesk } from './snapshots/desk.ts'
import type { SnapshotGroup, SnapshotProgress, Standing } from './snapshots/group.ts'

export interface SnapshottingOptions {
  readonly settings: NodeSettings
  readonly sender: Sender
  readonly store: NodeStore
  readonly transport: Transport
  readonly subjects: Subjects
  readonly clock: Clock
  readonly acquaintance: Acquaintance
  readonly refusals: Refusals
  readonly engine: () => Engine | null
}

/** A peer, as the desk sees it. */
class View implements SnapshotGroup {
  readonly host: PeerHost

  constructor(host: PeerHost) {
    this.host = host
  }

  get group(): string {
    return this.host.group
  }

  get epoch(): string {
    return this.host.epoch
  }

  get table(): PeerHost['table'] {
    return this.host.table
  }

  get stateMachine(): PeerHost['stateMachine'] {
    return this.host.stateMachine
  }

  get truncated(): LogIndex {
    return this.host.start.index
  }

  get leader(): string | null {
    return this.host.leader
  }

  termAt(index: LogIndex): Term | undefined {
    return this.host.snapshot.context.log.termAt(index)
  }

  nodeOf(peer: PeerId): string | undefined {
    return this.host.nodeOf(peer)
  }

  standing(peer: PeerId, term: Term): Standing {
    const follower = this.host.snapshot.context.followers.get(peer)
    if (!this.host.leads || this.host.term !== term || !follower) return 'gone'
    return follower.progress.value === 'snapshot' ? 'waiting' : 'caughtUp'
  }
}

export class Snapshotting {
  readonly #options: SnapshottingOptions
  readonly #desk: SnapshotDesk<View>
  readonly #views = new WeakMap<PeerHost, View>()

  constructor(options: SnapshottingOptions) {
    this.#options = options
    const { settings, store } = options
    this.#desk = new SnapshotDesk<View>({
      ...options,
      spool: store.spool,
      logger: settings.logger,
      craft: SNAPSHOT_CRAFT,
      ...(settings.snapshotBytesPerSecond !== null && { bytesPerSecond: settings.snapshotBytesPerSecond }),
      find: (group) => this.#find(group),
      post: (view, _node, message) => options.engine()?.post(view.host, message),
      tell: (view, event) => this.#tell(view, event),
      install: (view, manifest, rows) => this.#install(view, manifest, rows),
      abandon: (view, index) => this.#tell(view, { type: 'snapshot.abandoned', index }),
    })
  }

  open(groups: Iterable<string>): void {
    this.#desk.open(groups)
  }

  /** The core of a leader wants a follower to have our state. */
  offer(host: PeerHost, message: InstallSnapshot): void {
    this.#desk.offer(this.#viewOf(host), message)
  }

  /** The core waits for a state that its leader has offered. */
  take(host: PeerHost, snapshot: Snapshot): void {
    const { leader } = host
    const view = this.#viewOf(host)
    if (leader === null) this.#tell(view, { type: 'snapshot.abandoned', index: snapshot.index })
    else this.#desk.take(view, snapshot, leader)
  }

  progress(group: string): readonly SnapshotProgress[] {
    return this.#desk.progress(group)
  }

  /** The oldest state that a live follower is fetching. */
  sending(group: string): LogIndex | null {
    return this.#desk.holds(group)
  }

  stateBytes(_group: string): number | undefined {
    return undefined
  }

  /** A group has left this node. */
  forget(group: string): void {
    this.#desk.forget(group)
  }

  close(): Promise<void> {
    return this.#desk.close()
  }

  #find(group: string): View | undefined {
    const host = this.#options.engine()?.hosts.get(group)
    return host && this.#viewOf(host)
  }

  #viewOf(host: PeerHost): View {
    const view = this.#views.get(host) ?? new View(host)
    this.#views.set(host, view)
    return view
  }

  #tell({ host }: View, event: Parameters<Engine['tell']>[1]): void {
    const engine = this.#options.engine()
    if (engine?.hosts.get(host.group) === host) engine.tell(host.group, event)
  }

  /** The rows are put beside the state, however many transactions that takes; then one makes them the state. */
  async #install({ host }: View, manifest: Manifest, rows: AsyncIterable<TableWrite>): Promise<void> {
    const { store, engine, settings } = this.#options
    const { index, term, membership, epoch } = manifest
    const state = await store.stage(host.group, rows)
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
