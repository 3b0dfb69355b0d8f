/**
 * What a snapshot file consists of (docs/storage.md, "Snapshot files").
 *
 * ```
 * bytes 0–7   FLOTSNAP
 * byte 8      version, now 1
 * then three kinds of parts, each behind its length in 4 bytes, unsigned, big endian:
 *             origin, JSON in UTF-8
 *             manifest, as it travels between nodes
 *             the chunks that the manifest names, as they travel, in its order; one that it names twice is there once
 * at the end  32 bytes: the SHA-256 of all before
 * ```
 */

import { z } from 'zod'
import { ID_PATTERN } from '../../base/limits.ts'

export const MAGIC: Uint8Array = new TextEncoder().encode('FLOTSNAP')

/** The version that this build writes and reads. */
export const VERSION = 1

/** Bytes of the hash at the end. */
export const HASH_BYTES = 32

/** Bytes of an origin: three names and a time. */
export const ORIGIN_BYTES_MAX = 4096

export const originSchema = z.strictObject({
  cluster: z.string().regex(ID_PATTERN),
  node: z.string().regex(ID_PATTERN),
  saved: z.iso.datetime(),
})

/** Where and when a file was made. The rest stands in its manifest. */
export interface FileOrigin {
  readonly cluster: string
  /** The node whose state it is. */
  readonly node: string
  /** When, ISO 8601. */
  readonly saved: string
}

/** A file that is on the disk. */
export interface WrittenFile {
  /** Its length. */
  readonly bytes: number
  /** The SHA-256 at its end, in hexadecimal: names the file. */
  readonly hash: string
}
