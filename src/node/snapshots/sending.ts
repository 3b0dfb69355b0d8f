/** One snapshot on its way to one follower: what the chart's words do. Knows neither other followers nor the network. */

import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { InstallSnapshot } from '../../protocol/messages.ts'
import type { LogIndex } from '../../protocol/types.ts'
import { encodeOffer, type TransferReport } from '../../wire/snapshots.ts'
import type { Exports } from './exports.ts'
import { type SnapshotGroup, type SnapshotProgress, type SnapshotTiming, standingOf } from './group.ts'
import type { Holding } from './library.ts'
import { Meter, percentOf } from './meter.ts'
import { Sender, type SenderEnd } from './sender.ts'

export interface SendingOptions<H extends SnapshotGroup> {
  readonly host: H
  /** What the core would have sent. */
  readonly message: InstallSnapshot
  /** Name of the follower's node. */
  readonly node: string
  readonly timing: SnapshotTiming
  readonly clock: Clock
  readonly exports: Exports
  /** Sends a message as if the core had. */
  readonly post: (message: InstallSnapshot) => void
  readonly onState: (state: string) => void
  readonly onEnd: (end: SenderEnd, error: FlotillaError | null) => void
}

export class Sending<H extends SnapshotGroup> {
  readonly #options: SendingOptions<H>
  readonly #sender: Sender
  readonly #meter = new Meter()
  readonly #beganAt: number
  /** What the log must go on from until the export is there. */
  readonly #appliedFirst: LogIndex
  #holding: Holding | null = null
  #ended = false

  constructor(options: SendingOptions<H>) {
    this.#options = options
    const { clock, timing, host, onState } = options
    this.#beganAt = clock.now()
    this.#appliedFirst = host.table.applied
    this.#sender = new Sender({
      clock,
      timing,
      onState,
      exportState: () => this.#export(),
      offer: () => this.#offer(),
      onEnd: (end, error) => this.#end(end, error),
    })
  }

  start(): void {
    this.#sender.start()
  }

  get host(): H {
    return this.#options.host
  }

  get message(): InstallSnapshot {
    return this.#options.message
  }

  get node(): string {
    return this.#options.node
  }

  get index(): LogIndex {
    return this.#holding?.manifest.index ?? this.#appliedFirst
  }

  /** The index that the log must go on from for this follower's sake; null when it has been held back long enough. */
  get held(): LogIndex | null {
    const { clock, timing } = this.#options
    return this.#ended || clock.now() - this.#beganAt > timing.holdMs ? null : this.index
  }

  /** The state that the follower fetches, once it is exported. */
  get holding(): Holding | null {
    return this.#holding
  }

  get progress(): SnapshotProgress {
    const { message, node, clock } = this.#options
    const bytesTotal = this.#holding?.stateBytes ?? 0
    const { bytes } = this.#meter
    return {
      side: 'sending',
      peer: message.to,
      node,
      index: this.index,
      percent: this.#holding === null ? 0 : percentOf(bytes, bytesTotal),
      bytes,
      bytesTotal,
      bytesPerSecond: this.#meter.rate(clock.now()),
      chunks: this.#holding?.manifest.chunks.length ?? 0,
      state: this.#sender.state,
    }
  }

  /** Looks how the follower stands. */
  glance(): void {
    const standing = standingOf(this.host, this.message.to, this.message.term)
    if (standing === 'caughtUp') this.#sender.tell({ type: 'acknowledged' })
    if (standing === 'gone') this.#sender.tell({ type: 'revoked' })
  }

  /** A chunk of the state is lost: it is made anew and offered again, or given up with that error when that happens too often. */
  mend(error: FlotillaError): void {
    this.#sender.tell({ type: 'damaged', error })
  }

  /** The follower was given a piece. */
  served(): void {
    this.#sender.tell({ type: 'heard' })
  }

  /** The follower tells how far it is: also of another manifest, since then it is busy, not silent. */
  hear({ state, bytes, manifest, code = 'UNAVAILABLE' }: TransferReport): void {
    const isOurs = manifest === this.#holding?.id
    if (isOurs) this.#meter.reach(Math.min(bytes, this.#holding?.stateBytes ?? 0), this.#options.clock.now())
    if (state === 'progress' || !isOurs) this.#sender.tell({ type: 'heard' })
    else if (state === 'complete') this.#sender.tell({ type: 'complete' })
    else {
      const error = new FlotillaError(code, `the follower ${state === 'failed' ? 'could not have' : 'declined'} the snapshot`)
      this.#sender.tell({ type: 'declined', error })
    }
  }

  /** Ends it without a word. */
  stop(): void {
    this.#ended = true
    this.#sender.stop()
  }

  async #export(): Promise<void> {
    const { exports, host, message } = this.#options
    this.#holding = await exports.stateOf(host, message.snapshot.index)
  }

  #offer(): void {
    const { host, message, post } = this.#options
    if (this.#holding === null || standingOf(host, message.to, message.term) !== 'waiting') return
    const { id: manifest, bytes: whole, stateBytes: bytes } = this.#holding
    const { index, term, membership, chunks } = this.#holding.manifest
    const data = encodeOffer({ manifest, manifestBytes: whole.length, chunks: chunks.length, bytes })
    post({ ...message, snapshot: { index, term, conf: membership.conf, data } })
  }

  #end(end: SenderEnd, error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.onEnd(end, error === null ? null : toFlotillaError(error, 'UNAVAILABLE'))
  }
}
