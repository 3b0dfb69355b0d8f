/** Chunks of snapshots in memory, with the same promises as those on disk: for tests and simulation. A crash is what its owner makes of it. */

import { copyBytes } from '../../base/bytes.ts'
import { SPOOL_BYTES_MAX } from '../../base/limits.ts'
import type { Spool, SpooledChunk, SpoolSide } from '../../ports/spool.ts'
import { hashName, spoolFull } from '../spool-bounds.ts'

/** How much it keeps. */
export interface MemorySpoolOptions {
  /** Bytes of chunks at most. */
  readonly bytesMax?: number
}

/** A {@link Spool} in memory. What outlives a crash in a test holds it: the disk. */
export class MemorySpool implements Spool {
  readonly #bytesMax: number
  readonly #manifests = new Map<string, Uint8Array>()
  /** Chunks of each group, by their hash in hexadecimal. */
  readonly #groups = new Map<string, Map<string, SpooledChunk>>()
  /** What is not what was put. Only met when it is read. */
  readonly #rotten = new WeakSet<SpooledChunk>()
  /** What is not what was put either, and is given out as if it were: it went wrong before the seal was on it. */
  readonly #false = new WeakSet<SpooledChunk>()
  /** Told, after each time that chunks were put, of which group they are. */
  onPut: ((group: string) => void) | null = null
  #bytes = 0

  constructor({ bytesMax = SPOOL_BYTES_MAX }: MemorySpoolOptions = {}) {
    this.#bytesMax = bytesMax
  }

  manifest(group: string, side: SpoolSide): Uint8Array | undefined {
    const manifest = this.#manifests.get(`${group}/${side}`)
    return manifest && copyBytes(manifest)
  }

  async keepManifest(group: string, side: SpoolSide, manifest: Uint8Array | undefined): Promise<void> {
    if (manifest) this.#manifests.set(`${group}/${side}`, copyBytes(manifest))
    else this.#manifests.delete(`${group}/${side}`)
  }

  has(group: string, hash: Uint8Array): boolean {
    return this.#groups.get(group)?.has(hashName(hash)) ?? false
  }

  get(group: string, hash: Uint8Array): Uint8Array | undefined {
    const chunk = this.#groups.get(group)?.get(hashName(hash))
    if (chunk && this.#rotten.has(chunk)) this.#drop(group, chunk)
    else if (chunk) return this.#false.has(chunk) ? bent(chunk.bytes) : copyBytes(chunk.bytes)
    return undefined
  }

  async put(group: string, chunks: readonly SpooledChunk[]): Promise<void> {
    const fresh = new Map<string, SpooledChunk>()
    let more = 0
    for (const { hash, bytes } of chunks) {
      const name = hashName(hash)
      if (this.has(group, hash) || fresh.has(name)) continue
      fresh.set(name, { hash: copyBytes(hash), bytes: copyBytes(bytes) })
      more += bytes.length
    }
    if (this.#bytes + more > this.#bytesMax) throw spoolFull(this.#bytes, this.#bytesMax)
    const kept = this.#groups.get(group) ?? new Map<string, SpooledChunk>()
    for (const [name, chunk] of fresh) kept.set(name, chunk)
    this.#groups.set(group, kept)
    this.#bytes += more
    if (fresh.size > 0) this.onPut?.(group)
  }

  async sweep(group: string, isKept: (hash: Uint8Array) => boolean): Promise<void> {
    for (const chunk of this.#groups.get(group)?.values() ?? []) if (!isKept(chunk.hash)) this.#drop(group, chunk)
  }

  /** The first sound chunk of a group rots. False: there is none. */
  rot(group: string): boolean {
    const chunk = this.#sound(group)
    if (chunk) this.#rotten.add(chunk)
    return chunk !== undefined
  }

  /** The first sound chunk of a group becomes another one, and nobody notices who does not know its hash. False: there is none. */
  falsify(group: string): boolean {
    const chunk = this.#sound(group)
    if (chunk) this.#false.add(chunk)
    return chunk !== undefined
  }

  bytes(): number {
    return this.#bytes
  }

  #sound(group: string): SpooledChunk | undefined {
    const chunks = [...(this.#groups.get(group)?.values() ?? [])]
    return chunks.find((chunk) => chunk.bytes.length > 0 && !this.#rotten.has(chunk) && !this.#false.has(chunk))
  }

  #drop(group: string, { hash, bytes }: SpooledChunk): void {
    const chunks = this.#groups.get(group)
    if (chunks?.delete(hashName(hash))) this.#bytes -= bytes.length
    if (chunks?.size === 0) this.#groups.delete(group)
  }
}

/** These bytes, but for one in their midst: a compressed chunk can be unpacked all the same, most of the time. */
function bent(bytes: Uint8Array): Uint8Array {
  const copy = copyBytes(bytes)
  const at = bytes.length >> 1
  copy[at] = (bytes[at] ?? 0) ^ 1
  return copy
}
