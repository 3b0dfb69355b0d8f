/** A craft whose chunks are plain bytes and whose state is a list of them: for tests of how snapshots travel. */

import { sameBytes } from '../../../../src/base/bytes.ts'
import type { SnapshotCraft } from '../../../../src/node/snapshots/group.ts'
import type { TableWrite } from '../../../../src/ports/table.ts'
import { chunkHash, decodeManifest, encodeManifest, type Manifest, manifestId } from '../../../../src/wire/manifest.ts'

/** What an export finds: the state, as its chunks. */
export type Contents = () => readonly Uint8Array[]

/** So many different chunks. */
export const someChunks = (count: number, salt = 0, bytes = 1000): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array(bytes).fill(salt).map((b, at) => (at < 2 ? (i >> (8 * at)) & 255 : b)))

export interface FakeCraft extends SnapshotCraft {
  readonly exports: number
  failWith: unknown
}

export function fakeCraft(contents: Contents, own: Contents = () => []): FakeCraft {
  const craft = {
    exports: 0,
    failWith: null as unknown,
    async exportState({ view, stateMachine, group, epoch, term, spool, breathe }) {
      craft.exports++
      if (craft.failWith !== null) throw craft.failWith
      const { applied: index, membership } = view
      const chunks = contents().map((bytes) => ({ hash: chunkHash(bytes), bytes }))
      for (const chunk of chunks) {
        await breathe()
        await spool.put(group, [chunk])
      }
      const named = chunks.map(({ hash, bytes }) => ({ hash, bytes: bytes.length }))
      const manifest: Manifest = { group, epoch, kind: stateMachine.kind, format: 'own', index, term, membership, chunks: named }
      return { manifest, bytes: encodeManifest(manifest) }
    },
    async *importRows({ manifest, spool }): AsyncGenerator<TableWrite> {
      for (const { hash } of manifest.chunks) {
        const value = spool.get(manifest.group, hash)
        if (!value || !sameBytes(chunkHash(value), hash)) throw new TypeError('a chunk is missing')
        yield { family: 'default', key: hash, value }
      }
    },
    async reuseOwn({ wanted, spool }) {
      const here = own().map((bytes) => ({ hash: chunkHash(bytes), bytes }))
      const useful = here.filter((one) => wanted.chunks.some(({ hash }) => sameBytes(hash, one.hash)))
      await spool.put(wanted.group, useful)
      return useful.length
    },
    decodeManifest,
    manifestId,
    isChunk: (bytes, { hash }) => sameBytes(chunkHash(bytes), hash),
  } satisfies FakeCraft
  return craft
}
