/**
 * How a snapshot is fetched: what a leader offers, what the receiver asks for piece by piece, and what it tells about it. Pieces are opaque here: a
 * manifest in parts, and chunks as they are kept.
 */

import { z } from 'zod'
import { EMPTY } from '../base/bytes.ts'
import { CODES, type Code, FlotillaError, isCode } from '../base/errors.ts'
import { CHUNK_BYTES_MAX, CHUNKS_MAX, SNAPSHOT_CHUNKS_ASKED_MAX } from '../base/limits.ts'
import { type Sender, senderSchema } from './envelope.ts'
import { decodeFrame, encodeFrame } from './frame.ts'
import { MANIFEST_BYTES_MAX } from './manifest.ts'

/** Bytes of a manifest in one answer: as many as a chunk has. */
export const MANIFEST_PART_BYTES = CHUNK_BYTES_MAX

/** What a leader has for a follower that is too far behind: the data of an InstallSnapshot. */
export interface SnapshotOffer {
  /** Digest of the manifest, in hexadecimal: two states with one index are told apart by it. */
  readonly manifest: string
  /** Bytes of the manifest. */
  readonly manifestBytes: number
  readonly chunks: number
  /** Bytes of the state, uncompressed. */
  readonly bytes: number
}

/** How far a receiver is. */
export type TransferState = 'progress' | 'complete' | 'declined' | 'failed'

interface Address {
  readonly sender: Sender
  readonly group: string
  /** Founding of the group that is meant. */
  readonly epoch: string
  /** Which manifest. */
  readonly manifest: string
}

/** Part of a manifest, from an offset on. */
export interface ManifestRequest extends Address {
  readonly type: 'manifest'
  readonly from: number
}

/** Chunks that a manifest names, by their hashes in hexadecimal. The answer has the first of them, as many as fit; the first of all is one. */
export interface ChunksRequest extends Address {
  readonly type: 'chunks'
  readonly hashes: readonly string[]
}

/** News of who receives, for who offered. Not answered. */
export interface TransferReport extends Address {
  readonly type: 'report'
  readonly state: TransferState
  /** Bytes of the state that are there, uncompressed. */
  readonly bytes: number
  /** Why it was declined or failed; of progress: that what this node gave was wrong, and is asked for again. */
  readonly code?: Code | undefined
}

export type SnapshotRequest = ManifestRequest | ChunksRequest | TransferReport

const id = z.string().min(1).max(63)
const digest = z.string().regex(/^[0-9a-f]{32,64}$/)
const whole = z.int().min(0)

const offer = z.strictObject({
  manifest: digest,
  manifestBytes: z.int().min(1).max(MANIFEST_BYTES_MAX),
  chunks: whole.max(CHUNKS_MAX),
  bytes: whole.max(CHUNKS_MAX * CHUNK_BYTES_MAX),
})

const address = { sender: senderSchema, group: id, epoch: z.string().max(64), manifest: digest }

const request = z.compile(
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('manifest'), ...address, from: whole.max(MANIFEST_BYTES_MAX) }),
    z.strictObject({ type: z.literal('chunks'), ...address, hashes: z.array(digest).min(1).max(SNAPSHOT_CHUNKS_ASKED_MAX) }),
    z.strictObject({
      type: z.literal('report'),
      ...address,
      state: z.enum(['progress', 'complete', 'declined', 'failed']),
      bytes: whole,
      code: z.enum(CODES).optional(),
    }),
  ]),
)

const refusal = z.strictObject({
  ok: z.literal(false),
  code: z.string().max(64),
  message: z.string(),
  /** After how many milliseconds it may be asked again, if it is only a matter of time. */
  afterMs: whole.max(3_600_000).optional(),
})

const answer = z.compile(z.discriminatedUnion('ok', [z.strictObject({ ok: z.literal(true) }), refusal]))

export const encodeOffer = (it: SnapshotOffer): Uint8Array => encodeFrame(it)

/** Throws `CODEC_INVALID`. */
export function decodeOffer(data: Uint8Array): SnapshotOffer {
  const { header, blobs } = decodeFrame(data)
  const parsed = offer.safeParse(header)
  if (!parsed.success || blobs.length > 0) throw invalid('the offer of a snapshot is not well formed')
  return parsed.data
}

export const encodeSnapshotRequest = (it: SnapshotRequest): Uint8Array => encodeFrame(it)

/** Throws `CODEC_INVALID`. */
export function decodeSnapshotRequest(data: Uint8Array): SnapshotRequest {
  const { header, blobs } = decodeFrame(data)
  const parsed = request.safeParse(header)
  if (!parsed.success || blobs.length > 0) throw invalid('the request for a piece of a snapshot is not well formed')
  return parsed.data
}

export const encodePieces = (pieces: readonly Uint8Array[]): Uint8Array => encodeFrame({ ok: true }, pieces)
export const encodePiece = (piece: Uint8Array): Uint8Array => encodePieces([piece])

export const encodePieceRefusal = ({ code, message, details: { afterMs } }: FlotillaError): Uint8Array =>
  encodeFrame({ ok: false, code, message, ...(typeof afterMs === 'number' && { afterMs: Math.ceil(afterMs) }) })

/** The pieces, views of the data; a refusal is thrown as the FlotillaError it was. Throws `CODEC_INVALID` for anything else. */
export function decodePieces(data: Uint8Array): readonly Uint8Array[] {
  const { header, blobs } = decodeFrame(data)
  const parsed = answer.safeParse(header)
  if (!parsed.success || blobs.length > SNAPSHOT_CHUNKS_ASKED_MAX) throw invalid('the piece of a snapshot is not well formed')
  const said = parsed.data
  if (said.ok) return blobs
  const { code, message, afterMs } = said
  throw new FlotillaError(isCode(code) ? code : 'UNAVAILABLE', message, afterMs === undefined ? {} : { afterMs })
}

/** The piece, where one was asked for. Throws as {@link decodePieces} does. */
export function decodePiece(data: Uint8Array): Uint8Array {
  const [piece = EMPTY, ...more] = decodePieces(data)
  if (more.length > 0) throw invalid('one piece of a snapshot was asked for, not more')
  return piece
}

const invalid = (message: string): FlotillaError => new FlotillaError('CODEC_INVALID', message)
