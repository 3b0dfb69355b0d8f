/** The manifests a node keeps, read once: what it can serve, and which chunks are to stay. Knows no peer and no network. */

import { FlotillaError } from '../../base/errors.ts'
import type { Spool, SpoolSide } from '../../ports/spool.ts'
import type { Manifest, ManifestChunk } from '../../wire/manifest.ts'
import type { SnapshotCraft } from './group.ts'

/** A manifest that is kept. */
export interface Holding {
  readonly id: string
  /** As it travels. */
  readonly bytes: Uint8Array
  readonly manifest: Manifest
  /** Its chunks by their hashes in hexadecimal. */
  readonly hashes: ReadonlyMap<string, ManifestChunk>
  /** Bytes of the state, uncompressed. */
  readonly stateBytes: number
}

export const hexOf = (hash: Uint8Array): string => Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('hex')

const SIDES: readonly SpoolSide[] = ['outgoing', 'incoming']

export class Library {
  readonly #spool: Spool
  readonly #craft: SnapshotCraft
  readonly #inUse: (group: string) => readonly Holding[]
  /** Null: none is kept. */
  readonly #known = new Map<string, Holding | null>()

  /** `inUse`: states that somebody still fetches, though a newer one may have taken their place. */
  constructor(spool: Spool, craft: SnapshotCraft, inUse: (group: string) => readonly Holding[] = () => []) {
    this.#spool = spool
    this.#craft = craft
    this.#inUse = inUse
  }

  /** What is kept for that side of a group. One that cannot be read any more is none. */
  holding(group: string, side: SpoolSide): Holding | null {
    const key = `${side} ${group}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const bytes = this.#spool.manifest(group, side)
    const found = bytes === undefined ? null : this.#attempt(group, bytes)
    this.#known.set(key, found)
    return found
  }

  /** The manifest of that digest, for whichever side or reason it is kept. */
  find(group: string, id: string): Holding | null {
    return this.#all(group).find((holding) => holding.id === id) ?? null
  }

  /** Whether a chunk of a group is part of anything that is kept. */
  names(group: string, hash: Uint8Array): boolean {
    const name = hexOf(hash)
    return this.#all(group).some(({ hashes }) => hashes.has(name))
  }

  /** Reads a manifest. Throws `CODEC_INVALID`, or `STORE_MISMATCH` for one of another group. */
  read(group: string, bytes: Uint8Array): Holding {
    const manifest = this.#craft.decodeManifest(bytes)
    if (manifest.group !== group) throw new FlotillaError('STORE_MISMATCH', 'a manifest of another group', { group })
    const hashes = new Map(manifest.chunks.map((chunk) => [hexOf(chunk.hash), chunk]))
    const stateBytes = manifest.chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
    return { id: this.#craft.manifestId(bytes), bytes, manifest, hashes, stateBytes }
  }

  /** Keeps a manifest in place of the one before; null: none. */
  async keep(group: string, side: SpoolSide, holding: Holding | null): Promise<void> {
    this.#known.set(`${side} ${group}`, holding)
    await this.#spool.keepManifest(group, side, holding?.bytes)
  }

  /** Drops the chunks that no manifest of the group names. */
  async sweep(group: string): Promise<void> {
    const kept = this.#all(group)
    await this.#spool.sweep(group, (hash) => kept.some(({ hashes }) => hashes.has(hexOf(hash))))
  }

  /** What is here of these chunks, in bytes of the state and in pieces. */
  share(group: string, { manifest }: Holding): { readonly bytes: number; readonly chunks: number } {
    let bytes = 0
    let chunks = 0
    for (const chunk of manifest.chunks)
      if (this.#spool.has(group, chunk.hash)) {
        bytes += chunk.bytes
        chunks++
      }
    return { bytes, chunks }
  }

  #all(group: string): Holding[] {
    return [...SIDES.flatMap((side) => this.holding(group, side) ?? []), ...this.#inUse(group)]
  }

  #attempt(group: string, bytes: Uint8Array): Holding | null {
    try {
      return this.read(group, bytes)
    } catch {
      return null // damaged: it is made or fetched again
    }
  }
}
