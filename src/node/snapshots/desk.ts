/** Snapshots on their way, out and in: the one door to them. Decides who waits and who goes; the charts decide when. Knows no engine. */

import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import { SNAPSHOT_RECEIVERS_MAX, SNAPSHOT_SENDERS_MAX } from '../../base/limits.ts'
import { systemChance } from '../../chance/system.ts'
import { nextTurn, soon } from '../../clock/turns.ts'
import type { Cancel } from '../../ports/clock.ts'
import type { InstallSnapshot } from '../../protocol/messages.ts'
import type { LogIndex, Snapshot } from '../../protocol/types.ts'
import { decodeOffer, type SnapshotOffer, type TransferReport } from '../../wire/snapshots.ts'
import { COPIES, noRoom } from './bounded-spool.ts'
import { Cleaning } from './cleaning.ts'
import type { SnapshotDeskOptions } from './desk-options.ts'
import { Exchange } from './exchange.ts'
import { Exports } from './exports.ts'
import {
  SNAPSHOT_TIMING,
  type SnapshotGroup,
  type SnapshotNews,
  type SnapshotProgress,
  type SnapshotTiming,
  standingOf,
} from './group.ts'
import { type Holding, Library } from './library.ts'
import { Loans } from './loans.ts'
import { Mending } from './mending.ts'
import type { ReceiverEnd } from './receiver.ts'
import { Receiving } from './receiving.ts'
import type { SenderEnd } from './sender.ts'
import { Sending } from './sending.ts'
import { Serving } from './serving.ts'
import { Throttle } from './throttle.ts'

export class SnapshotDesk<H extends SnapshotGroup> {
  readonly #options: SnapshotDeskOptions<H>
  readonly #timing: SnapshotTiming
  readonly #library: Library
  readonly #loans: Loans
  readonly #exports: Exports
  readonly #exchange: Exchange
  readonly #serving: Serving
  readonly #cleaning: Cleaning
  readonly #throttleIn: Throttle
  /** By group and follower. */
  readonly #sendings = new Map<string, Sending<H>>()
  /** By group. */
  readonly #receivings = new Map<string, Receiving<H>>()
  /** Failures that are kept from the leader for a while. */
  readonly #resting = new Set<Cancel>()
  #ticking: Cancel | null = null
  #closed = false

  constructor(options: SnapshotDeskOptions<H>) {
    this.#options = options
    this.#timing = { ...SNAPSHOT_TIMING, ...options.timing }
    const { spool, craft, clock, bytesPerSecond = Number.POSITIVE_INFINITY } = options
    const { pullTimeoutMs, keepMs } = this.#timing
    this.#throttleIn = new Throttle(bytesPerSecond)
    this.#loans = new Loans(clock, keepMs)
    const sent = (group: string): Holding[] => this.#sendingsOf(group).flatMap(({ holding }) => holding ?? [])
    this.#library = new Library(spool, craft, (group) => [...this.#loans.of(group), ...sent(group)])
    this.#exports = new Exports({ ...options, library: this.#library, loans: this.#loans, breathe: () => nextTurn(clock) })
    this.#exchange = new Exchange({ ...options, pullTimeoutMs })
    const mending = new Mending({ ...options, offered: (group) => this.#sendingsOf(group) })
    this.#serving = new Serving({
      ...options,
      library: this.#library,
      throttle: new Throttle(bytesPerSecond),
      patienceMs: pullTimeoutMs / 4,
      isServed: (group, node) => this.#sendingTo(group, node) !== undefined,
      onServed: ({ group, sender }) => this.#sendingTo(group, sender.node)?.served(),
      onLost: (group, hash) => mending.lost(group, hash),
      onReport: (report) => this.#hear(report),
    })
    const isBusy = (group: string): boolean =>
      this.#receivings.has(group) || this.#exports.isRunning(group) || this.#sendingsOf(group).length > 0
    this.#cleaning = new Cleaning({ ...options, library: this.#library, loans: this.#loans, timing: this.#timing, isBusy })
  }

  /** Pieces are served from now on, also of what an earlier run kept of these groups. */
  open(groups: Iterable<string> = []): void {
    this.#serving.open()
    for (const group of groups) this.#cleaning.later(group)
  }

  /** The core wants a follower to have the state in place of the log. Its message names only the least index. */
  offer(host: H, message: InstallSnapshot): void {
    const node = host.nodeOf(message.to)
    if (this.#closed || node === undefined) return
    const key = keyOf(host.group, message.to)
    const before = this.#sendings.get(key)
    if (before?.message.term === message.term && before.host === host && before.index >= message.snapshot.index) return
    before?.stop()
    this.#sendings.delete(key)
    if (this.#sendings.size >= SNAPSHOT_SENDERS_MAX) {
      this.#rest(host, message)
      return
    }
    const sending: Sending<H> = new Sending({
      host,
      message,
      node,
      timing: this.#timing,
      clock: this.#options.clock,
      exports: this.#exports,
      post: (offer) => this.#options.post(host, node, offer),
      onState: (state) => this.#news(host, { side: 'sending', node, index: sending.index, state }),
      onEnd: (end, error) => this.#sent(sending, end, error),
    })
    this.#sendings.set(key, sending)
    sending.start()
    this.#tick()
  }

  /** The core has staged a snapshot that this node offered: it is to be fetched and installed, or abandoned. */
  take(host: H, snapshot: Snapshot, source: string): void {
    if (this.#closed) return
    const { group } = host
    let offer: SnapshotOffer | null = null
    try {
      offer = decodeOffer(snapshot.data)
      const before = this.#receivings.get(group)
      if (before?.host === host && before.offer.manifest === offer.manifest && before.index === snapshot.index) {
        before.offeredBy(source)
        return
      }
      if (before?.host === host && before.index > snapshot.index)
        throw new FlotillaError('UNAVAILABLE', 'a newer snapshot is being received', { group, index: snapshot.index })
      before?.drop()
      this.#receivings.delete(group)
      if (this.#receivings.size >= SNAPSHOT_RECEIVERS_MAX)
        throw new FlotillaError('BUSY', 'enough snapshots are being received', { group, max: SNAPSHOT_RECEIVERS_MAX })
      const bytes = COPIES * offer.bytes
      if (this.#options.fits?.(bytes) === false) throw noRoom(group, bytes)
      this.#receive({ host, snapshot, offer, source })
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'CODEC_INVALID')
      this.#options.logger.warn({ group, index: snapshot.index, source, code: error.code }, error.message)
      const { epoch } = host
      if (offer) this.#exchange.report(source, { group, epoch, ...offer }, { state: 'declined', bytes: 0, error })
      soon(this.#options.clock, () => {
        if (!this.#closed) this.#options.abandon(host, snapshot.index) // not while its Ready is still being carried out
      })
    }
  }

  /** A state of at least that index, for somebody who is no member: it can be fetched for a while. Rejects as an export does. */
  async lend(host: H, least: LogIndex): Promise<Holding> {
    const holding = await this.#exports.copyOf(host, least)
    this.#loans.lend(host.group, holding)
    this.#cleaning.later(host.group)
    return holding
  }

  /** A manifest that was lent, or is kept for another reason. Who asks for it wants it a while longer. */
  lent(group: string, manifest: string): Holding | null {
    this.#cleaning.later(group)
    return this.#loans.find(group, manifest) ?? this.#library.find(group, manifest)
  }

  /** What is on its way of a group, for status. */
  progress(group: string): SnapshotProgress[] {
    const receiving = this.#receivings.get(group)
    return [...this.#sendingsOf(group), ...(receiving ? [receiving] : [])].map((one) => one.progress)
  }

  /** The least index that the group's log must go on from for the sake of followers that are on their way to it; null: any will do. */
  holds(group: string): LogIndex | null {
    const held = this.#sendingsOf(group).flatMap((one) => one.held ?? [])
    return held.length === 0 ? null : Math.min(...held)
  }

  /** A group has left this node: nothing of it is on its way any more, and nothing of it is kept. */
  forget(group: string): void {
    this.#stop((one) => one === group)
    this.#loans.drop(group)
    this.#cleaning.now(group)
  }

  /** The disk runs low: what nobody fetches right now is thrown away. */
  makeRoom(): void {
    this.#cleaning.early()
  }

  /** Ends everything, without a word. Resolves once no state is being read any more. */
  async close(): Promise<void> {
    this.#closed = true
    this.#serving.close()
    this.#cleaning.close()
    this.#ticking?.()
    for (const cancel of this.#resting) cancel()
    this.#stop(() => true)
    await this.#exports.close()
  }

  #stop(isMeant: (group: string) => boolean): void {
    for (const [key, sending] of this.#sendings)
      if (isMeant(sending.host.group)) {
        sending.stop()
        this.#sendings.delete(key)
      }
    for (const [group, receiving] of this.#receivings)
      if (isMeant(group)) {
        this.#receivings.delete(group)
        receiving.drop()
      }
  }

  #receive(taken: Pick<Receiving<H>, 'host' | 'offer'> & { readonly snapshot: Snapshot; readonly source: string }): void {
    const { host, source, snapshot } = taken
    const { sender, clock, chance = systemChance, spool, craft, install } = this.#options
    const receiving: Receiving<H> = new Receiving({
      ...taken,
      self: sender.node,
      timing: this.#timing,
      clock,
      spool,
      craft,
      install,
      library: this.#library,
      throttle: this.#throttleIn,
      exchange: this.#exchange,
      chance,
      breathe: () => nextTurn(clock),
      onState: (state) => this.#news(host, { side: 'receiving', node: source, index: snapshot.index, state }),
      onEnd: (end, error) => this.#received(receiving, end, error),
    })
    this.#receivings.set(host.group, receiving)
    receiving.start()
    this.#tick()
  }

  #sent(sending: Sending<H>, end: SenderEnd, error: FlotillaError | null): void {
    const { host, message, node, index } = sending
    const { group } = host
    if (this.#sendings.get(keyOf(group, message.to)) === sending) this.#sendings.delete(keyOf(group, message.to))
    this.#cleaning.later(group)
    const { logger } = this.#options
    if (end === 'done') {
      logger.info({ group, to: node, index }, 'a follower has the snapshot')
      this.#options.tell(host, { type: 'snapshot.reported', peer: message.to, outcome: 'finished' })
      return
    }
    logger.warn({ group, to: node, index, code: error?.code, reason: error?.message }, 'a follower did not get the snapshot')
    this.#rest(host, message)
  }

  /** The leader would begin again as soon as it heard of the failure, so it hears of it later. */
  #rest(host: H, { to: peer, term }: InstallSnapshot): void {
    const cancel = this.#options.clock.after(this.#timing.restMs, () => {
      this.#resting.delete(cancel)
      if (standingOf(host, peer, term) === 'waiting')
        this.#options.tell(host, { type: 'snapshot.reported', peer, outcome: 'failed' })
    })
    this.#resting.add(cancel)
  }

  #received(receiving: Receiving<H>, end: ReceiverEnd, error: FlotillaError | null): void {
    const { host, index } = receiving
    const { group } = host
    if (this.#receivings.get(group) === receiving) this.#receivings.delete(group)
    this.#cleaning.later(group)
    const { logger, abandon } = this.#options
    if (end === 'done') logger.info({ group, index }, 'a snapshot is installed')
    if (end !== 'failed') return
    logger.warn({ group, index, code: error?.code, reason: error?.message }, 'a snapshot could not be had')
    abandon(host, index)
  }

  #hear(report: TransferReport): void {
    const { group, sender, state, code } = report
    const sending = this.#sendingTo(group, sender.node)
    if (sending && state === 'failed' && code === 'CODEC_INVALID') this.#exports.distrust(group).catch(() => {}) // a disk that cannot be written is noticed by who writes
    sending?.hear(report)
  }

  #news(host: H, news: Omit<SnapshotNews, 'group'>): void {
    this.#options.logger.debug({ group: host.group, ...news }, 'a snapshot on its way')
    this.#options.onNews?.({ group: host.group, ...news })
  }

  #tick(): void {
    this.#ticking ??= this.#options.clock.after(this.#timing.reportMs, () => {
      this.#ticking = null
      for (const sending of [...this.#sendings.values()]) sending.glance()
      for (const receiving of this.#receivings.values()) receiving.report()
      if (!this.#closed && this.#sendings.size + this.#receivings.size > 0) this.#tick()
    })
  }

  #sendingsOf(group: string): Sending<H>[] {
    return [...this.#sendings.values()].filter(({ host }) => host.group === group)
  }

  #sendingTo(group: string, node: string): Sending<H> | undefined {
    return this.#sendingsOf(group).find((one) => one.node === node)
  }
}

const keyOf = (group: string, peer: number): string => `${group} ${peer}`
