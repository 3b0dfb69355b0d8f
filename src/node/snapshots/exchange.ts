/** How nodes speak of snapshots: asks others for pieces, tells them news, and says who asks. Knows no chart. */

import { FlotillaError } from '../../base/errors.ts'
import type { Transport } from '../../ports/transport.ts'
import type { Sender } from '../../wire/envelope.ts'
import { decodePieces, encodeSnapshotRequest, type TransferState } from '../../wire/snapshots.ts'
import type { Subjects } from '../../wire/subjects.ts'
import type { Wish } from './puller.ts'

export interface ExchangeOptions {
  /** Who we are. */
  readonly sender: Sender
  readonly transport: Transport
  readonly subjects: Subjects
  readonly pullTimeoutMs: number
}

/** Which snapshot is spoken of. */
export interface Topic {
  readonly group: string
  readonly epoch: string
  /** Digest of its manifest. */
  readonly manifest: string
}

/** What a receiver tells of it. */
export interface Telling {
  readonly state: TransferState
  readonly bytes: number
  readonly error?: unknown
}

export class Exchange {
  readonly #options: ExchangeOptions

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** A part of the manifest, or the first of the chunks asked for, from that node. Rejects as a request does, and with the node's refusal. */
  async ask(node: string, topic: Topic, wish: Wish): Promise<readonly Uint8Array[]> {
    const { sender, transport, subjects, pullTimeoutMs: timeoutMs } = this.#options
    const request = encodeSnapshotRequest({ ...wish, ...addressOf(sender, topic) })
    const { data } = await transport.request(subjects.snap(node, sender.node), request, { timeoutMs })
    return decodePieces(new Uint8Array(data)) // the transport's buffer need not stay
  }

  /** Tells a node how far a snapshot is. It may be lost. */
  report(node: string, topic: Topic, { state, bytes, error }: Telling): void {
    const { sender, transport, subjects } = this.#options
    const code = error instanceof FlotillaError ? { code: error.code } : {}
    transport.publish(
      subjects.snap(node, sender.node),
      encodeSnapshotRequest({ type: 'report', ...addressOf(sender, topic), state, bytes, ...code }),
    )
  }
}

const addressOf = (sender: Sender, { group, epoch, manifest }: Topic) => ({ sender, group, epoch, manifest })
