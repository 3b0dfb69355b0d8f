/** Gives pieces of snapshots to the nodes that may have them, whoever made them, and hears how far receivers are. Knows no chart. */

import { FlotillaError } from '../../base/errors.ts'
import { SNAPSHOT_ANSWER_BYTES, SNAPSHOT_PULLS_WAITING_MAX } from '../../base/limits.ts'
import { nextTurn, sleep } from '../../clock/turns.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Spool } from '../../ports/spool.ts'
import type { Incoming, Subscription, Transport } from '../../ports/transport.ts'
import type { Sender } from '../../wire/envelope.ts'
import type { ManifestChunk } from '../../wire/manifest.ts'
import {
  type ChunksRequest,
  decodeSnapshotRequest,
  encodePieceRefusal,
  encodePieces,
  MANIFEST_PART_BYTES,
  type ManifestRequest,
  type SnapshotRequest,
  type TransferReport,
} from '../../wire/snapshots.ts'
import type { Subjects } from '../../wire/subjects.ts'
import type { Acquaintance } from '../acquaintance.ts'
import { isSameFounding } from '../founding.ts'
import { memberNames } from '../members.ts'
import type { Refusals } from '../refusals.ts'
import type { SnapshotCraft, SnapshotGroup } from './group.ts'
import type { Holding, Library } from './library.ts'
import type { Throttle } from './throttle.ts'

export interface ServingOptions {
  readonly sender: Sender
  readonly transport: Transport
  readonly subjects: Subjects
  readonly clock: Clock
  readonly spool: Spool
  readonly craft: Pick<SnapshotCraft, 'isChunk'>
  readonly library: Library
  readonly throttle: Throttle
  readonly acquaintance: Pick<Acquaintance, 'judge'>
  readonly refusals: Refusals
  readonly find: (group: string) => SnapshotGroup | undefined
  /** Who asks for a piece later than in so many milliseconds is told to come again. */
  readonly patienceMs: number
  /** Whether that node is sent a snapshot of the group: our log may not tell yet that it is a member. */
  readonly isServed: (group: string, node: string) => boolean
  /** A node was given a piece of that manifest. */
  readonly onServed: (request: ManifestRequest | ChunksRequest) => void
  /** A chunk, by its hash in hexadecimal, was asked for and is damaged or not here. */
  readonly onLost: (group: string, hash: string) => void
  readonly onReport: (report: TransferReport) => void
}

type Pull = ManifestRequest | ChunksRequest

interface Waiting {
  readonly message: Incoming
  readonly pull: Pull
}

export class Serving {
  readonly #options: ServingOptions
  /** Pulls that wait for their turn: one in each turn of the event loop, so that heartbeats never wait for many. */
  #waiting: Waiting[] = []
  #running = false
  /** Of which a receiver says that it was given something wrong: its chunks are looked at before they are given. The spool has vouched for them. */
  readonly #doubted = new WeakSet<Holding>()
  /** Bytes of the last answer: the next are thought to be like it. */
  #usualBytes = SNAPSHOT_ANSWER_BYTES
  #subscription: Subscription | null = null

  constructor(options: ServingOptions) {
    this.#options = options
  }

  open(): void {
    const { transport, subjects, sender } = this.#options
    this.#subscription = transport.subscribe(subjects.snapTo(sender.node), (m) => this.#hear(m))
  }

  close(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = null
    this.#waiting = []
  }

  #hear(message: Incoming): void {
    try {
      const request = decodeSnapshotRequest(message.data)
      this.#check(request, message.subject)
      if (request.type === 'report') this.#note(request)
      else if (message.asks) this.#queue({ message, pull: request })
    } catch (error) {
      this.#refuse(message, error)
    }
  }

  /** As with Raft messages: the subject's last token is the sender, the sender is a member, and speaks from the store that we know. */
  #check({ sender, group, epoch, manifest }: SnapshotRequest, subject: string): void {
    const { sender: self, find, library, isServed, acquaintance } = this.#options
    const { node, cluster } = sender
    if (cluster !== self.cluster) throw mismatch('a request of another cluster', sender)
    if (node !== subject.slice(subject.lastIndexOf('.') + 1) || node === self.node)
      throw mismatch('a request of somebody else', sender)
    const host = find(group)
    if (!host) throw new FlotillaError('UNKNOWN_GROUP', 'no such group here', { group })
    if (!isSameFounding(epoch, host.epoch)) throw mismatch('the group was founded by others there', sender)
    const known = [host.table.membership, library.find(group, manifest)?.manifest.membership]
    const isMember = known.some((one) => one !== undefined && Object.values(memberNames(one)).includes(node))
    if (!isMember && !isServed(group, node)) throw mismatch('a request of who is no member', sender)
    if (acquaintance.judge(sender) === 'stranger') throw mismatch('a request from another store than the one we know', sender)
  }

  #note(report: TransferReport): void {
    const { library, onReport } = this.#options
    const holding = report.code === 'CODEC_INVALID' ? library.find(report.group, report.manifest) : null
    if (holding) this.#doubted.add(holding)
    onReport(report)
  }

  #queue(waiting: Waiting): void {
    const { throttle, clock, patienceMs } = this.#options
    const delay = throttle.delay(clock.now(), this.#waiting.length * this.#usualBytes)
    if (delay > patienceMs || this.#waiting.length >= SNAPSHOT_PULLS_WAITING_MAX)
      throw new FlotillaError('BUSY', 'too much of snapshots is asked for', { afterMs: Math.max(delay, patienceMs) })
    this.#waiting.push(waiting)
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    const { throttle, clock } = this.#options
    this.#running = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#serve(next)
      const delay = throttle.delay(clock.now())
      await (delay > 0 ? sleep(clock, delay) : nextTurn(clock))
    }
    this.#running = false
  }

  #serve({ message, pull }: Waiting): void {
    const { throttle, clock, onServed } = this.#options
    try {
      const pieces = pull.type === 'manifest' ? [partOf(this.#holdingOf(pull), pull)] : this.#chunksOf(pull)
      const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
      this.#usualBytes = bytes
      throttle.take(bytes, clock.now())
      message.respond(encodePieces(pieces))
      onServed(pull)
    } catch (error) {
      this.#refuse(message, error)
    }
  }

  /** What pieces are asked of. Throws `UNAVAILABLE` when it is not here: another member may have it. */
  #holdingOf({ group, manifest }: Pull): Holding {
    const holding = this.#options.library.find(group, manifest)
    if (!holding) throw new FlotillaError('UNAVAILABLE', 'no such snapshot here', { group, manifest })
    return holding
  }

  /** The first of the chunks that are asked for: as many as are here, fit into one answer and may pass now. Throws when the first is not here. */
  #chunksOf(pull: ChunksRequest): Uint8Array[] {
    const { throttle, clock } = this.#options
    const holding = this.#holdingOf(pull)
    const [first, ...others] = pull.hashes as [string, ...string[]]
    const pieces = [this.#chunkOf(holding, first)]
    let [{ length: bytes }] = pieces as [Uint8Array]
    for (const hash of others) {
      if (bytes >= SNAPSHOT_ANSWER_BYTES || throttle.delay(clock.now(), bytes) > 0) break
      const piece = holding.hashes.has(hash) ? this.#read(holding, hash) : undefined
      if (!piece) break // who asks for it first is told why
      pieces.push(piece)
      bytes += piece.length
    }
    return pieces
  }

  #chunkOf(holding: Holding, hash: string): Uint8Array {
    const { group } = holding.manifest
    if (!holding.hashes.has(hash)) throw new FlotillaError('CODEC_INVALID', 'the snapshot has no such chunk', { group, hash })
    const bytes = this.#read(holding, hash)
    if (!bytes) throw new FlotillaError('UNAVAILABLE', 'that chunk is not here', { group, hash })
    return bytes
  }

  /** A chunk that the manifest names, unless it is damaged or gone. Unpacking each would cost a tenth of a millisecond: see {@link #doubted}. */
  #read(holding: Holding, hash: string): Uint8Array | undefined {
    const { spool, craft, onLost } = this.#options
    const { group } = holding.manifest
    const chunk = holding.hashes.get(hash) as ManifestChunk
    const bytes = spool.get(group, chunk.hash)
    if (bytes && (!this.#doubted.has(holding) || craft.isChunk(bytes, chunk))) return bytes
    onLost(group, hash)
    return undefined
  }

  #refuse(message: Incoming, thrown: unknown): void {
    const error = this.#options.refusals.counted(thrown)
    try {
      if (message.asks) message.respond(encodePieceRefusal(error))
    } catch (reason) {
      this.#options.refusals.counted(reason)
    }
  }
}

function partOf({ bytes }: Holding, { group, from }: ManifestRequest): Uint8Array {
  if (from >= bytes.length) throw new FlotillaError('CODEC_INVALID', 'the manifest is not as long as that', { group, from })
  return bytes.subarray(from, from + MANIFEST_PART_BYTES)
}

const mismatch = (message: string, { node, cluster, store, boot }: Sender): FlotillaError =>
  new FlotillaError('STORE_MISMATCH', message, { node, cluster, store, boot })
