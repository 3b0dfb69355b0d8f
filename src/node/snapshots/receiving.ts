/** One snapshot on its way in: what the chart's words do. Knows one group, and how to ask; nothing of subjects. */

import { type FlotillaError, toFlotillaError } from '../../base/errors.ts'
import type { Chance } from '../../ports/chance.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Spool } from '../../ports/spool.ts'
import type { TableWrite } from '../../ports/table.ts'
import type { LogIndex, Snapshot } from '../../protocol/types.ts'
import type { Manifest } from '../../wire/manifest.ts'
import type { SnapshotOffer, TransferState } from '../../wire/snapshots.ts'
import { memberNames } from '../members.ts'
import type { Exchange, Topic } from './exchange.ts'
import type { SnapshotCraft, SnapshotGroup, SnapshotProgress, SnapshotTiming } from './group.ts'
import type { Holding, Library } from './library.ts'
import { Meter, percentOf } from './meter.ts'
import { Puller } from './puller.ts'
import { Receiver, type ReceiverEnd } from './receiver.ts'
import { whyNotOffered } from './suitability.ts'
import type { Throttle } from './throttle.ts'

export interface ReceivingOptions<H extends SnapshotGroup> {
  readonly host: H
  readonly snapshot: Snapshot
  readonly offer: SnapshotOffer
  /** Name of the node that offered it. */
  readonly source: string
  /** Our own name. */
  readonly self: string
  readonly timing: SnapshotTiming
  readonly clock: Clock
  readonly chance: Chance
  readonly spool: Spool
  readonly craft: SnapshotCraft
  readonly library: Library
  readonly throttle: Throttle
  readonly exchange: Exchange
  readonly breathe: () => Promise<void>
  readonly install: (host: H, manifest: Manifest, rows: AsyncIterable<TableWrite>) => Promise<void>
  readonly onState: (state: string) => void
  readonly onEnd: (end: ReceiverEnd, error: FlotillaError | null) => void
}

export class Receiving<H extends SnapshotGroup> {
  readonly #options: ReceivingOptions<H>
  readonly #receiver: Receiver
  readonly #puller: Puller
  readonly #meter = new Meter()
  #holding: Holding | null = null
  #source: string
  #reused = false
  #ended = false

  constructor(options: ReceivingOptions<H>) {
    this.#options = options
    this.#source = options.source
    const { host, offer, timing, clock, chance, onState, exchange } = options
    this.#puller = new Puller({
      ...options,
      group: host.group,
      promptMs: timing.promptMs,
      sources: () => this.#sources(),
      ask: (node, wish) => exchange.ask(node, this.#topic, wish),
      onPiece: (bytes) => this.#progress(bytes),
      onDamage: (node, error) => exchange.report(node, this.#topic, { state: 'progress', bytes: this.#meter.bytes, error }),
    })
    this.#receiver = new Receiver({
      timing,
      clock,
      chance,
      onState,
      onEnd: (end, error) => this.#end(end, error),
      mayHelp: () => !this.#isSuperseded,
      work: {
        decide: async () => this.#decide(offer),
        fetchManifest: () => this.#fetchManifest(),
        pull: () => this.#pull(),
        verify: () => this.#puller.verify(this.#held),
        install: () => this.#install(),
      },
    })
  }

  start(): void {
    this.#receiver.start()
  }

  get host(): H {
    return this.#options.host
  }

  get offer(): SnapshotOffer {
    return this.#options.offer
  }

  get index(): LogIndex {
    return this.#options.snapshot.index
  }

  get progress(): SnapshotProgress {
    const { offer, clock } = this.#options
    const { bytes } = this.#meter
    return {
      side: 'receiving',
      peer: null,
      node: this.#source,
      index: this.index,
      percent: percentOf(bytes, offer.bytes),
      bytes,
      bytesTotal: offer.bytes,
      bytesPerSecond: this.#meter.rate(clock.now()),
      chunks: offer.chunks,
      state: this.#receiver.state,
    }
  }

  /** The same is offered again, perhaps by another node. */
  offeredBy(source: string): void {
    this.#source = source
  }

  /** Tells who offered it, and who leads now, how far it is. */
  report(): void {
    const state = this.#receiver.state === 'installing' ? 'complete' : 'progress'
    if (!this.#ended) this.#tell(state)
  }

  /** Another takes its place, or the node stops. */
  drop(): void {
    this.#puller.drop()
    this.#receiver.tell({ type: 'dropped' })
  }

  get #topic(): Topic {
    const { group, epoch } = this.#options.host
    return { group, epoch, manifest: this.#options.offer.manifest }
  }

  get #held(): Holding {
    if (this.#holding === null) throw new TypeError('there is no manifest yet')
    return this.#holding
  }

  /**
   * Whether somebody leads who has not offered this. When nobody has it any more either, waiting for who did would keep us from what the new leader has for
   * us, be it entries: none are taken while a state is awaited, and the group may need our acknowledgement of them.
   */
  get #isSuperseded(): boolean {
    const { leader } = this.#options.host
    return leader !== null && leader !== this.#source && leader !== this.#options.self
  }

  /** Who offered it, who leads, then every other member that may hold the same. */
  #sources(): string[] {
    const { host, self } = this.#options
    const members = [this.#holding?.manifest.membership, host.table.membership].flatMap((one) =>
      one === undefined ? [] : Object.values(memberNames(one)),
    )
    const names = new Set([this.#source, ...(host.leader === null ? [] : [host.leader]), ...members])
    names.delete(self)
    return [...names]
  }

  /** Whether we hold that very manifest. By its digest: of one index there can be two states. */
  #decide({ manifest }: SnapshotOffer): boolean {
    const { library, host } = this.#options
    const kept = library.holding(host.group, 'incoming')
    if (kept?.id !== manifest) return false
    this.#take(kept)
    return true
  }

  async #fetchManifest(): Promise<void> {
    const { library, host } = this.#options
    const holding = library.find(host.group, this.#options.offer.manifest) ?? (await this.#puller.fetchManifest())
    this.#take(holding)
    await library.keep(host.group, 'incoming', holding) // the chunks of the one before stay, as far as this one names them
    await library.sweep(host.group)
  }

  #take(holding: Holding): void {
    const { host, snapshot, library, clock } = this.#options
    const why = whyNotOffered(holding.manifest, snapshot, host)
    if (why !== null) throw why
    this.#holding = holding
    this.#meter.reach(library.share(host.group, holding).bytes, clock.now())
  }

  async #pull(): Promise<void> {
    await this.#reuse()
    await this.#puller.pull(this.#held)
  }

  /** What our own state has need not be fetched. */
  async #reuse(): Promise<void> {
    const { host, craft, spool, breathe, library, clock } = this.#options
    if (this.#reused || host.table.applied === 0) return
    const { group, table, stateMachine } = host
    const { manifest: wanted } = this.#held
    if (wanted.chunks.every(({ hash }) => spool.has(group, hash))) return
    const view = table.snapshot()
    try {
      const breatheWhileWanted = async (): Promise<void> => {
        this.#checkWanted()
        await breathe()
      }
      await craft.reuseOwn({ view, stateMachine, wanted, spool, breathe: breatheWhileWanted })
    } finally {
      view.close()
    }
    this.#reused = true
    this.#meter.reach(library.share(group, this.#held).bytes, clock.now())
  }

  async #install(): Promise<void> {
    const { host, craft, spool, install } = this.#options
    const { manifest } = this.#held
    this.#tell('complete')
    const rows = craft.importRows({ manifest, spool, stateMachine: host.stateMachine })
    await install(host, manifest, this.#whileWanted(rows))
  }

  /** The rows, until another snapshot takes this one's place. */
  async *#whileWanted(rows: AsyncIterable<TableWrite>): AsyncGenerator<TableWrite, void, undefined> {
    for await (const row of rows) {
      this.#checkWanted()
      yield row
    }
    this.#checkWanted()
  }

  #checkWanted(): void {
    if (this.#ended) throw toFlotillaError(new Error('the snapshot is not wanted any more'), 'CLOSED')
  }

  #progress(bytes: number): void {
    this.#meter.reach(this.#meter.bytes + bytes, this.#options.clock.now())
    this.#receiver.tell({ type: 'progressed' })
  }

  #tell(state: TransferState, error?: unknown): void {
    const { host, exchange, self } = this.#options
    const { bytes } = this.#meter
    for (const node of new Set([this.#source, host.leader]))
      if (node !== null && node !== self) exchange.report(node, this.#topic, { state, bytes, error })
  }

  #end(end: ReceiverEnd, thrown: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#puller.drop()
    const error = thrown === null ? null : toFlotillaError(thrown, 'UNAVAILABLE')
    if (end === 'failed') this.#tell('failed', error)
    this.#options.onEnd(end, error)
  }
}
