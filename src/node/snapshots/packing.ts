/** Chunks as they travel: compressed, on the thread pool, a few at a time; and back, checked against what a manifest says of them. */

import { promisify } from 'node:util'
import { constants, deflateRaw, inflateRaw, inflateRawSync } from 'node:zlib'
import { sameBytes } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { Spool, SpooledChunk } from '../../ports/spool.ts'
import { chunkHash, type ManifestChunk } from '../../wire/manifest.ts'

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

/** The fastest: higher levels make chunks of ordinary rows smaller by a tenth, and take three times as long. See docs/decisions/014. */
const LEVEL = constants.Z_BEST_SPEED

/** Chunks in compression at a time. Of four threads in the pool, two stay for everybody else. */
const PARALLEL = 2

/** Bytes of compressed chunks that are kept in one go. */
const PUT_BYTES = 512 * 1024

/** The contents of a chunk as they travel. */
export const packChunk = async (contents: Uint8Array): Promise<Uint8Array> => deflate(contents, { level: LEVEL })

/**
 * The contents of a chunk from anybody. Throws `CODEC_INVALID` unless they are what the manifest says, however much they claim to hold; `details.chunk` is the
 * hash in hexadecimal.
 */
export async function unpackChunk(packed: Uint8Array, { hash, bytes }: ManifestChunk): Promise<Uint8Array> {
  let contents: Uint8Array
  try {
    contents = await inflate(packed, { maxOutputLength: bytes })
  } catch (cause) {
    throw damaged(hash, 'it cannot be unpacked', cause)
  }
  if (contents.length !== bytes) throw damaged(hash, `it holds ${contents.length} bytes, not ${bytes}`)
  if (!sameBytes(chunkHash(contents), hash)) throw damaged(hash, 'it holds something else')
  return contents
}

/** Whether these bytes, as they travel, are that chunk. At once: it takes less than a millisecond. */
export function isChunk(packed: Uint8Array, { hash, bytes }: ManifestChunk): boolean {
  try {
    const contents = inflateRawSync(packed, { maxOutputLength: bytes })
    return contents.length === bytes && sameBytes(chunkHash(contents), hash)
  } catch {
    return false
  }
}

/** Refusal of a chunk that is not what the manifest says. */
export function damaged(hash: Uint8Array, why: string, cause?: unknown): FlotillaError {
  const chunk = Buffer.from(hash).toString('hex')
  return new FlotillaError('CODEC_INVALID', `chunk ${chunk} of a snapshot is damaged: ${why}`, { chunk }, cause)
}

/** Puts chunks into a spool, compressed. Holds a few of them at a time: whoever gives more waits. */
export class Packer {
  readonly #spool: Spool
  readonly #group: string
  readonly #running = new Set<Promise<void>>()
  #packed: SpooledChunk[] = []
  #packedBytes = 0
  #failure: { readonly cause: unknown } | null = null

  constructor(spool: Spool, group: string) {
    this.#spool = spool
    this.#group = group
  }

  /** Takes a chunk. Rejects as the spool does, if not for this chunk then for one before. */
  async add(hash: Uint8Array, contents: Uint8Array): Promise<void> {
    while (this.#running.size >= PARALLEL) await Promise.race(this.#running)
    const task = this.#pack(hash, contents).finally(() => this.#running.delete(task))
    this.#running.add(task)
    if (this.#packedBytes >= PUT_BYTES) await this.#put()
    this.#check()
  }

  /** Resolves when all chunks are kept. */
  async end(): Promise<void> {
    await Promise.all(this.#running)
    await this.#put()
    this.#check()
  }

  async #pack(hash: Uint8Array, contents: Uint8Array): Promise<void> {
    try {
      const bytes = await packChunk(contents)
      this.#packed.push({ hash, bytes })
      this.#packedBytes += bytes.length
    } catch (cause) {
      this.#failure ??= { cause }
    }
  }

  async #put(): Promise<void> {
    const chunks = this.#packed
    this.#packed = []
    this.#packedBytes = 0
    if (chunks.length > 0) await this.#spool.put(this.#group, chunks)
  }

  #check(): void {
    if (this.#failure) throw this.#failure.cause
  }
}
