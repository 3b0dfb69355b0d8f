/** A spool that leaves the disk its reserve: chunks that do not fit beside it are refused before they are written. Knows no disk. */

import { FlotillaError } from '../../base/errors.ts'
import type { Spool } from '../../ports/spool.ts'

/** What is known of the disk that chunks are kept on. */
export interface SpoolSpace {
  /** Whether so many bytes more leave it what everything else needs. */
  fitsBeside(bytes: number): boolean
  /** So many bytes are on their way to it. */
  took(bytes: number): void
}

/** LMDB writes a chunk on whole pages, and some more of its tree. */
const PAGES_FACTOR = 1.25

/** A state that is received is on the disk as chunks, and as rows beside those that it replaces. */
export const COPIES = 2

/** The same spool, whose `put` rejects with `STORAGE_FULL` where there is no space: `details.bytes` is what was kept by then, and could not be more. */
export const boundedSpool = (spool: Spool, space: SpoolSpace): Spool => ({
  manifest: (group, side) => spool.manifest(group, side),
  keepManifest: (group, side, manifest) => spool.keepManifest(group, side, manifest),
  has: (group, hash) => spool.has(group, hash),
  get: (group, hash) => spool.get(group, hash),
  async put(group, chunks) {
    const bytes = Math.ceil(PAGES_FACTOR * chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0))
    if (!space.fitsBeside(bytes)) throw noRoom(group, spool.bytes() + bytes)
    space.took(bytes)
    await spool.put(group, chunks)
  },
  sweep: (group, isKept) => spool.sweep(group, isKept),
  bytes: () => spool.bytes(),
})

/** Refusal of chunks that would fill the disk. */
export const noRoom = (group: string, bytes: number): FlotillaError =>
  new FlotillaError('STORAGE_FULL', 'the disk has no room for a snapshot', { group, bytes })
