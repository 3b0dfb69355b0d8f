/** A spool that a test can look over the shoulder of, and lie with. */

import type { Spool, SpooledChunk } from '../../../../src/ports/spool.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'

export interface HookedSpool extends Spool {
  /** Called when chunks are kept. */
  onPut: (() => void) | null
  /** Chunks are kept once this has resolved. */
  until: Promise<unknown> | null
  /** What is given out in place of a chunk. */
  give: ((bytes: Uint8Array) => Uint8Array | undefined) | null
}

export function hookedSpool(): HookedSpool {
  const inner = new MemorySpool()
  const spool: HookedSpool = {
    onPut: null,
    until: null,
    give: null,
    manifest: (group, side) => inner.manifest(group, side),
    keepManifest: (group, side, manifest) => inner.keepManifest(group, side, manifest),
    has: (group, hash) => inner.has(group, hash),
    get(group, hash) {
      const bytes = inner.get(group, hash)
      return bytes && spool.give ? spool.give(bytes) : bytes
    },
    async put(group, chunks: readonly SpooledChunk[]) {
      await spool.until
      await inner.put(group, chunks)
      if (chunks.length > 0) spool.onPut?.()
    },
    sweep: (group, isKept) => inner.sweep(group, isKept),
    bytes: () => inner.bytes(),
  }
  return spool
}
