/** What operators' tools ask of a node: its state, piece by piece, to show a log and to cut it off, and a copy of its store. Decides nothing of Raft; whoever may ask is up to the server's permissions. */

import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import {
  type BackedUp,
  type BackupRequest,
  type Compacted,
  decodeBackupRequest,
  decodeCompactRequest,
  decodeStateRequest,
  decodeStoredLogRequest,
  encodeBackedUp,
  encodeCompacted,
  encodePreparedState,
  encodeStoredLogPage,
  type StateRequest,
  type StoredLogPage,
  type StoredLogRequest,
} from '../wire/maintenance.ts'
import { encodeJsonRefusal } from '../wire/requests.ts'
import { encodePiece, encodePieceRefusal } from '../wire/snapshots.ts'
import type { Subjects } from '../wire/subjects.ts'
import { cutLog } from './compactor.ts'
import type { Desk } from './desk.ts'
import { pageOf } from './log-page.ts'
import { momentOf } from './moments.ts'
import type { PeerHost } from './peer-host.ts'
import type { Refusals } from './refusals.ts'
import type { Snapshotting } from './snapshotting.ts'

/** A log that is being cut is looked at so often, in milliseconds. */
const LOOK_MS = 10

export interface MaintenanceOptions {
  readonly node: string
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
  readonly refusals: Refusals
  readonly desk: Desk
  readonly wake: (host: PeerHost) => void
  readonly backUp: (request: BackupRequest) => Promise<BackedUp>
  readonly snapshots: Pick<Snapshotting, 'lend' | 'piece' | 'sending'>
}

export class Maintenance {
  readonly #options: MaintenanceOptions

  constructor(options: MaintenanceOptions) {
    this.#options = options
  }

  /** Answers from now on. */
  open(): readonly Subscription[] {
    const { node, subjects, transport, backUp } = this.#options
    return [
      transport.subscribe(subjects.node(node, 'snapshot'), (m) => {
        void this.#answer(m, () => this.#piece(decodeStateRequest(m.data)), encodePieceRefusal)
      }),
      transport.subscribe(subjects.node(node, 'compact'), (m) => {
        void this.#answer(m, async () => encodeCompacted(await this.compact(decodeCompactRequest(m.data))), encodeJsonRefusal)
      }),
      transport.subscribe(subjects.node(node, 'backup'), (m) => {
        void this.#answer(m, async () => encodeBackedUp(await backUp(decodeBackupRequest(m.data))), encodeJsonRefusal)
      }),
      transport.subscribe(subjects.node(node, 'log'), (m) => {
        void this.#answer(m, async () => encodeStoredLogPage(this.log(decodeStoredLogRequest(m.data))), encodeJsonRefusal)
      }),
    ]
  }

  /** Cuts a log off now, but for so many entries, and those that a follower needs who is being sent a state. Resolves once it begins there. */
  async compact({ group, keep, timeoutMs }: ReturnType<typeof decodeCompactRequest>): Promise<Compacted> {
    const { node, clock, desk, wake, snapshots } = this.#options
    const host = desk.hostOf(group)
    const before = host.start.index
    const index = Math.min(host.table.applied - keep, snapshots.sending(group) ?? Number.POSITIVE_INFINITY)
    if (index > before) {
      cutLog(host, index)
      wake(host)
      const end = clock.now() + timeoutMs
      while (host.start.index < index) {
        if (clock.now() > end) throw new FlotillaError('TIMEOUT', 'the log was not cut off in time', { group, index })
        await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve))
      }
    }
    return { node, group, before, truncated: host.start.index, applied: host.table.applied }
  }

  /** Entries of the log as it is here, from that one or the first that is still there. Throws `STORE_DAMAGED`. */
  log({ group, from, limit }: StoredLogRequest): StoredLogPage {
    const { node, desk, transport } = this.#options
    const { log, commit } = desk.hostOf(group).snapshot.context
    const begin = Math.max(from, log.firstIndex)
    const entries = pageOf(log, [begin, Math.min(log.lastIndex + 1, begin + limit)], transport.payloadMax)
    return { node, group, first: log.firstIndex, last: log.lastIndex, commit, entries }
  }

  async #piece(request: StateRequest): Promise<Uint8Array> {
    const { node, desk, snapshots } = this.#options
    const host = desk.hostOf(request.group)
    if (request.type !== 'prepare') return encodePiece(snapshots.piece(request))
    const least = request.fresh ? await this.#acknowledged(host, request.timeoutMs) : host.table.applied
    const { id, bytes } = await snapshots.lend(host, least)
    return encodePiece(encodePreparedState({ node, manifest: id, bytes: bytes.length }))
  }

  /** The index up to which everything is applied here that was acknowledged when this was asked, as with a linearizable read. */
  async #acknowledged(host: PeerHost, timeoutMs: number): Promise<number> {
    const { clock, desk } = this.#options
    if (!host.leads)
      throw new FlotillaError('NOT_LEADER', 'only the leader has all that is acknowledged', { leader: host.leader })
    const moment = momentOf(clock)
    const question = { moment, dueAt: moment.at + timeoutMs, freshRound: undefined }
    const { index } = await desk.wait(host, { timeoutMs, writes: false }, (ticket) => host.ask(ticket, question))
    return index
  }

  /** Whatever goes wrong is the asker's answer, never the node's end. */
  async #answer(m: Incoming, ask: () => Promise<Uint8Array>, refuse: (error: FlotillaError) => Uint8Array): Promise<void> {
    if (!m.asks) return
    const { refusals } = this.#options
    try {
      m.respond(await ask().catch((error: unknown) => refuse(refusals.counted(error))))
    } catch (error) {
      refusals.counted(error)
    }
  }
}
