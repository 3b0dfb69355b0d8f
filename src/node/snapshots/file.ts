/** Reads a snapshot file: all of it is checked before anything of it is believed. Knows nothing of what becomes of it. */

import { createHash, type Hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sameBytes, text } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { CHUNK_BYTES_MAX } from '../../base/limits.ts'
import { decodeManifest, MANIFEST_BYTES_MAX, type Manifest, type ManifestChunk } from '../../wire/manifest.ts'
import { type FileOrigin, HASH_BYTES, MAGIC, ORIGIN_BYTES_MAX, originSchema, VERSION, type WrittenFile } from './file-format.ts'
import { hexOf } from './library.ts'

/** Bytes of a chunk as it travels: compression may make it longer, though never by much. */
const STORED_BYTES_MAX = CHUNK_BYTES_MAX + 1024

/** A file that was checked from its first byte to its last. */
export interface SnapshotFile extends WrittenFile {
  readonly origin: FileOrigin
  readonly manifest: Manifest
  /** A chunk as it travels; undefined when the manifest does not name it. */
  chunk(hash: Uint8Array): Uint8Array | undefined
  close(): void
}

export interface OpenFileOptions {
  /** Whether these bytes, as they travel, are that chunk. */
  readonly isChunk: (bytes: Uint8Array, chunk: ManifestChunk) => boolean
}

/** Where a chunk lies in the file. */
interface Place {
  readonly at: number
  readonly length: number
}

/**
 * Opens a snapshot file and reads all of it once, a chunk at a time. Rejects with `SNAPSHOT_INVALID` when it is none, is cut short, or is damaged anywhere;
 * with the system's error when it cannot be read.
 */
export async function openSnapshotFile(path: string, options: OpenFileOptions): Promise<SnapshotFile> {
  const file = openSync(path, 'r')
  try {
    const reading = new Reading(path, file)
    const origin = reading.origin()
    const manifest = reading.manifest()
    const places = await chunksOf(reading, manifest, options)
    const hash = reading.end()
    return {
      origin,
      manifest,
      hash,
      bytes: reading.size,
      chunk(wanted) {
        const place = places.get(hexOf(wanted))
        return place && readAt(file, place)
      },
      close: () => closeSync(file),
    }
  } catch (thrown) {
    closeSync(file)
    throw thrown
  }
}

async function chunksOf(
  reading: Reading,
  { chunks }: Manifest,
  { isChunk }: OpenFileOptions,
): Promise<ReadonlyMap<string, Place>> {
  const places = new Map<string, Place>()
  for (const chunk of chunks) {
    const name = hexOf(chunk.hash)
    if (places.has(name)) continue
    const bytes = reading.long(STORED_BYTES_MAX, `chunk ${places.size + 1}`)
    if (!isChunk(bytes, chunk)) throw reading.invalid(`chunk ${places.size + 1} is not what its hash says`)
    places.set(name, { at: reading.at - bytes.length, length: bytes.length })
    if (places.size % 64 === 0) await nextTurn()
  }
  return places
}

function readAt(file: number, { at, length }: Place): Uint8Array {
  const bytes = new Uint8Array(length)
  let got = 0
  while (got < length) {
    const more = readSync(file, bytes, got, length - got, at + got)
    if (more === 0) break
    got += more
  }
  return bytes.subarray(0, got)
}

/** One pass over a file, part after part, with the hash of what was passed. */
class Reading {
  readonly size: number
  at = 0
  readonly #path: string
  readonly #file: number
  readonly #digest: Hash = createHash('sha256')

  constructor(path: string, file: number) {
    this.#path = path
    this.#file = file
    this.size = fstatSync(file).size
  }

  origin(): FileOrigin {
    const start = this.#take(MAGIC.length + 1, 'the beginning')
    if (!sameBytes(start.subarray(0, MAGIC.length), MAGIC)) throw this.invalid('it does not begin as one')
    if (start[MAGIC.length] !== VERSION)
      throw this.invalid(`it has version ${start[MAGIC.length]}, and this build reads ${VERSION}: use a later build`)
    const parsed = originSchema.safeParse(jsonIn(this.long(ORIGIN_BYTES_MAX, 'the origin')))
    if (!parsed.success) throw this.invalid('its origin is not understood')
    return parsed.data
  }

  manifest(): Manifest {
    const bytes = this.long(MANIFEST_BYTES_MAX, 'the manifest')
    try {
      return decodeManifest(bytes)
    } catch (cause) {
      throw this.invalid('its manifest is not understood', cause)
    }
  }

  /** A part behind its length. */
  long(max: number, what: string): Uint8Array {
    const prefix = this.#take(4, what)
    const length = new DataView(prefix.buffer, prefix.byteOffset).getUint32(0)
    if (length > max) throw this.invalid(`${what} says it has ${length} bytes`)
    return this.#take(length, what)
  }

  /** The hash of all, once everything was read. */
  end(): string {
    const computed = this.#digest.digest()
    const stored = readAt(this.#file, { at: this.at, length: HASH_BYTES })
    if (this.at + HASH_BYTES !== this.size) throw this.invalid('it does not end where it should')
    if (!sameBytes(stored, computed)) throw this.invalid('its hash is wrong')
    return hexOf(computed)
  }

  invalid(why: string, cause?: unknown): FlotillaError {
    return new FlotillaError('SNAPSHOT_INVALID', `${this.#path} is no whole snapshot: ${why}`, { at: this.at }, cause)
  }

  #take(length: number, what: string): Uint8Array {
    if (this.at + length > this.size - HASH_BYTES) throw this.invalid(`it is cut short in ${what}`)
    const bytes = readAt(this.#file, { at: this.at, length })
    if (bytes.length !== length) throw this.invalid(`it is cut short in ${what}`)
    this.#digest.update(bytes)
    this.at += length
    return bytes
  }
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(text(bytes))
  } catch {
    return null
  }
}
