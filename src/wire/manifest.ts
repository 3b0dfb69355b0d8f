/**
 * What a snapshot on its way consists of: whose state, as of which entry, in which chunks. The same state has the same manifest on every node.
 *
 * ```
 * byte 0      0xF7
 * byte 1      version, now 1
 * bytes 2–5   length of the header, unsigned, big endian
 * …           header, JSON in UTF-8: everything but the chunks, and how many there are
 * then, for each chunk, 16 bytes of hash and 4 bytes of length, unsigned, big endian
 * ```
 */

import { createHash, hash } from 'node:crypto'
import { z } from 'zod'
import { assert } from '../base/assert.ts'
import { text, utf8, writeU32 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { CHUNK_BYTES_MAX, CHUNKS_MAX, ID_PATTERN } from '../base/limits.ts'
import type { Membership } from '../ports/store.ts'
import { checkConf, MEMBERS_MAX } from '../protocol/confchange.ts'
import type { ConfState, LogPosition } from '../protocol/types.ts'

/** One chunk of a state's bytes. */
export interface ManifestChunk {
  /** First 16 bytes of the SHA-256 of its contents, uncompressed. */
  readonly hash: Uint8Array
  /** How many bytes these are. */
  readonly bytes: number
}

export interface Manifest extends LogPosition {
  readonly group: string
  /** Founding of the group, as nodes say it to each other: see `src/node/founding.ts`. */
  readonly epoch: string
  /** Kind of the state machine whose state it is. */
  readonly kind: string
  /** Rows of tables, or bytes in the state machine's own format. */
  readonly format: 'rows' | 'own'
  readonly membership: Membership
  readonly chunks: readonly ManifestChunk[]
}

/** Bytes of a chunk's hash: enough that no two chunks of all the states there will ever be have the same. */
export const CHUNK_HASH_BYTES = 16

const MAGIC = 0xf7
const VERSION = 1
const PREFIX_BYTES = 6
const ROW_BYTES = CHUNK_HASH_BYTES + 4

/** Bytes of a header: names of members and of those who have left, 63 characters each at most, and little else. */
const HEADER_BYTES_MAX = 128 * 1024

/** Names of peers: of the members, and of those who have left that are remembered. */
const NAMES_MAX = 1024

/** Bytes of the longest manifest. */
export const MANIFEST_BYTES_MAX = PREFIX_BYTES + HEADER_BYTES_MAX + CHUNKS_MAX * ROW_BYTES

const id = z.string().regex(ID_PATTERN)
const whole = z.int().min(0)
const peers = z.array(z.int().min(1)).max(2 * MEMBERS_MAX)
const names = z.record(z.string().regex(/^[1-9]\d{0,15}$/), id)

const headerSchema = z.strictObject({
  group: id,
  epoch: z.string().min(1).max(128),
  kind: z.string().min(1).max(128),
  format: z.enum(['rows', 'own']),
  index: whole,
  term: whole,
  membership: z.strictObject({
    conf: z
      .strictObject({ voters: peers, votersOutgoing: peers, learners: peers, learnersNext: peers, autoLeave: z.boolean() })
      .refine((conf) => checkConf(conf) === null, 'the configuration cannot be in force'),
    peers: names.refine((known) => Object.keys(known).length <= NAMES_MAX, 'too many names'),
    lastPeerId: whole,
  }),
  chunks: whole.max(CHUNKS_MAX),
})

/** The hash by which a chunk is known, of its contents before they are compressed. */
export const chunkHash = (contents: Uint8Array): Uint8Array =>
  new Uint8Array(hash('sha256', contents, 'buffer').subarray(0, CHUNK_HASH_BYTES))

/** What tells manifests apart: 32 hexadecimal digits of the SHA-256 of its bytes. */
export const manifestId = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 32)

/** A manifest as bytes, always the same for the same manifest. Throws `TOO_LARGE` for a state of too many chunks. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const { chunks } = manifest
  if (chunks.length > CHUNKS_MAX) throw tooManyChunks(manifest.group)
  const header = utf8(JSON.stringify(headerOf(manifest)))
  assert(header.length <= HEADER_BYTES_MAX, 'MANIFEST_HEADER_TOO_LONG', { group: manifest.group, bytes: header.length })
  const bytes = new Uint8Array(PREFIX_BYTES + header.length + chunks.length * ROW_BYTES)
  bytes[0] = MAGIC
  bytes[1] = VERSION
  writeU32(bytes, 2, header.length)
  bytes.set(header, PREFIX_BYTES)
  let at = PREFIX_BYTES + header.length
  for (const chunk of chunks) {
    assert(chunk.hash.length === CHUNK_HASH_BYTES, 'CHUNK_HASH_LENGTH', { bytes: chunk.hash.length })
    assert(isChunkLength(chunk.bytes), 'CHUNK_LENGTH', { bytes: chunk.bytes })
    bytes.set(chunk.hash, at)
    writeU32(bytes, at + CHUNK_HASH_BYTES, chunk.bytes)
    at += ROW_BYTES
  }
  return bytes
}

/** Refusal of a state that is larger than snapshots can be. */
export const tooManyChunks = (group: string): FlotillaError =>
  new FlotillaError(
    'TOO_LARGE',
    `the state of group "${group}" is larger than ${CHUNKS_MAX} chunks; no snapshot of it can be made`,
    {
      group,
      chunksMax: CHUNKS_MAX,
    },
  )

/** Field by field, so that how the manifest was made does not show. */
function headerOf({ group, epoch, kind, format, index, term, membership, chunks }: Manifest): z.infer<typeof headerSchema> {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = membership.conf
  const conf = {
    voters: sorted(voters),
    votersOutgoing: sorted(votersOutgoing),
    learners: sorted(learners),
    learnersNext: sorted(learnersNext),
    autoLeave,
  }
  const known = Object.fromEntries(
    sorted(Object.keys(membership.peers).map(Number)).map((peer) => [peer, membership.peers[peer] as string]),
  )
  const members = { conf, peers: known, lastPeerId: membership.lastPeerId }
  return { group, epoch, kind, format, index, term, membership: members, chunks: chunks.length }
}

const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)

const isChunkLength = (bytes: number): boolean => bytes > 0 && bytes <= CHUNK_BYTES_MAX

/** A manifest from bytes of anybody; its hashes are views of them. Throws `CODEC_INVALID` for what is none. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== MAGIC) throw invalid('this is not a manifest', { bytes: bytes.length })
  if (bytes[1] !== VERSION) throw invalid(`manifest version ${bytes[1]} is not understood; this build knows ${VERSION}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headerBytes = view.getUint32(2)
  const start = PREFIX_BYTES + headerBytes
  if (headerBytes > HEADER_BYTES_MAX || start > bytes.length)
    throw invalid('the header does not fit its manifest', { headerBytes })
  const { chunks: count, ...header } = parseHeader(bytes.subarray(PREFIX_BYTES, start))
  if (bytes.length - start !== count * ROW_BYTES)
    throw invalid('the chunks do not fit their manifest', { bytes: bytes.length, count })
  const chunks: ManifestChunk[] = []
  for (let at = start; at < bytes.length; at += ROW_BYTES) {
    const length = view.getUint32(at + CHUNK_HASH_BYTES)
    if (!isChunkLength(length)) throw invalid(`no chunk has ${length} bytes`, { chunk: chunks.length })
    chunks.push({ hash: bytes.subarray(at, at + CHUNK_HASH_BYTES), bytes: length })
  }
  return { ...header, chunks }
}

function parseHeader(bytes: Uint8Array): z.infer<typeof headerSchema> & { readonly membership: { readonly conf: ConfState } } {
  try {
    return headerSchema.parse(JSON.parse(text(bytes)))
  } catch (error) {
    throw new FlotillaError('CODEC_INVALID', 'the header of a manifest is not understood', { bytes: bytes.length }, error)
  }
}

const invalid = (message: string, details: Record<string, unknown> = {}): FlotillaError =>
  new FlotillaError('CODEC_INVALID', message, details)
