/** Chunks as they travel: compressed, a few at a time; and back, at once, checked against what a manifest says of them. */

import { promisify } from 'node:util'
import { constants, deflateRaw, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib'
import { sameBytes } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type { Spool, SpooledChunk } from '../../ports/spool.ts'
import { chunkHash, type ManifestChunk } from '../../wire/manifest.ts'

const deflate = promisify(deflateRaw)

/** The fastest: higher levels make chunks of ordinary rows smaller by a tenth, and take three times as long. See docs/decisions/014. */
const LEVEL = constants.Z_BEST_SPEED

/** The largest: with it a chunk is one block, and one that hardly shrinks takes a quarter less time. */
const MEM_LEVEL = constants.Z_MAX_MEMLEVEL

/** Beyond its own length a chunk that does not shrink takes a few bytes. */
const SPARE_BYTES = 1024

/** Chunks in compression at a time. Of four threads in the pool, two stay for everybody else. */
const PARALLEL = 2

/** Bytes of compressed chunks that are kept in one go. */
const PUT_BYTES = 512 * 1024

/** Where chunks are compressed. Both give the same bytes. */
export interface Compressor {
  pack(contents: Uint8Array): Promise<Uint8Array>
}

const asOneBlock = ({ length }: Uint8Array): ZlibOptions => ({
  level: LEVEL,
  memLevel: MEM_LEVEL,
  chunkSize: length + SPARE_BYTES,
})

/** On the thread pool, while others have their turn. */
export const offloaded: Compressor = { pack: (contents) => deflate(contents, asOneBlock(contents)) }

/** At once, in the turn of the event loop that asks for it: in a simulation no thread may decide what comes first. */
export const inline: Compressor = { pack: async (contents) => deflateRawSync(contents, asOneBlock(contents)) }

/** The contents of a chunk as they travel. */
export const packChunk = async (contents: Uint8Array, compressor: Compressor = offloaded): Promise<Uint8Array> =>
  compressor.pack(contents)

/**
 * The contents of a chunk from anybody. Throws `CODEC_INVALID` unless they are what the manifest says, however much they claim to hold; `details.chunk` is the
 * hash in hexadecimal. At once: it takes a tenth of a millisecond, as much as handing it to another thread would.
 */
export function unpackChunk(packed: Uint8Array, { hash, bytes }: ManifestChunk): Uint8Array {
  let contents: Uint8Array
  try {
    contents = inflateRawSync(packed, inOneGo(bytes))
  } catch (cause) {
    throw damaged(hash, 'it cannot be unpacked', cause)
  }
  if (contents.length !== bytes) throw damaged(hash, `it holds ${contents.length} bytes, not ${bytes}`)
  if (!sameBytes(chunkHash(contents), hash)) throw damaged(hash, 'it holds something else')
  return contents
}

/** Into one buffer, and no more than so many bytes. A byte of room tells zlib that it is done; it wants 64 at least. */
const inOneGo = (bytes: number): ZlibOptions => ({ maxOutputLength: bytes, chunkSize: Math.max(bytes + 1, 64) })

/** Whether these bytes, as they travel, are that chunk. */
export function isChunk(packed: Uint8Array, chunk: ManifestChunk): boolean {
  try {
    unpackChunk(packed, chunk)
    return true
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
  readonly #compressor: Compressor | undefined
  readonly #running = new Set<Promise<void>>()
  #packed: SpooledChunk[] = []
  #packedBytes = 0
  #failure: { readonly cause: unknown } | null = null

  constructor(spool: Spool, group: string, compressor?: Compressor) {
    this.#spool = spool
    this.#group = group
    this.#compressor = compressor
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
      const bytes = await packChunk(contents, this.#compressor)
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
