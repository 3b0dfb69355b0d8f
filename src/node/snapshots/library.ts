/** The manifests a node keeps, read once: what it can serve, and which chunks are to stay. Knows no peer and no network. */

import { FlotillaError } from '../../base/errors.ts'
import type { Spool, SpoolSide } from '../../ports/spool.ts'
import type { Manifest } from '../../wire/manifest.ts'
import type { SnapshotCraft } from './group.ts'

/** A manifest that is kept. */
export interface Holding {
  readonly id: string
  /** As it travels. */
  readonly bytes: Uint8Array
  readonly manifest: Manifest
  /** Its chunks by their hashes in hexadecimal. */
  readonly hashes: ReadonlySet<string>
  /** Bytes of the state, uncompressed. */
  readonly stateBytes: number
}

export const hexOf = (hash: Uint8Array): string => Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('hex')

const SIDES: readonly SpoolSide[] = ['outgoing', 'incoming']

export class Library {
  readonly #spool: Spool
  readonly #craft: SnapshotCraft
  /** Null: none is kept. */
  readonly #known = new Map<string, Holding | null>()

  constructor(spool: Spool, craft: SnapshotCraft) {
    this.#spool = spool
    this.#craft = craft
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

  /** The manifest of that digest, for whichever side it is kept. */
  find(group: string, id: string): Holding | null {
    for (const side of SIDES) {
      const holding = this.holding(group, side)
      if (holding?.id === id) return holding
    }
    return null
  }

  /** Reads a manifest. Throws `CODEC_INVALID`, or `STORE_MISMATCH` for one of another group. */
  read(group: string, bytes: Uint8Array): Holding {
    const manifest = this.#craft.decodeManifest(bytes)
    if (manifest.group !== group) throw new FlotillaError('STORE_MISMATCH', 'a manifest of another group', { group })
    const hashes = new Set(manifest.chunks.map(({ hash }) => hexOf(hash)))
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
    await this.#spool.sweep(group, (hash) => SIDES.some((side) => this.holding(group, side)?.hashes.has(hexOf(hash)) === true))
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

  #attempt(group: string, bytes: Uint8Array): Holding | null {
    try {
      return this.read(group, bytes)
    } catch {
      return null // damaged: it is made or fetched again
    }
  }
}
