/** Writes a state into a file of its own (docs/storage.md, "Snapshot files"), a chunk at a time. Knows nothing of where the chunks come from. */

import { createHash } from 'node:crypto'
import { utf8, writeU32 } from '../../base/bytes.ts'
import { makeWholeFile, writeAll } from '../../storage/whole-file.ts'
import { decodeManifest, type ManifestChunk } from '../../wire/manifest.ts'
import { type FileOrigin, MAGIC, VERSION, type WrittenFile } from './file-format.ts'
import { hexOf } from './library.ts'

export interface FileContents {
  readonly origin: FileOrigin
  /** As it travels. */
  readonly manifest: Uint8Array
  /** A chunk as it travels. Asked for once each, in the manifest's order. Rejects when it cannot be had: then there is no file. */
  readonly chunk: (chunk: ManifestChunk) => Uint8Array | Promise<Uint8Array>
}

/**
 * Writes a state into a file: all of it is on the disk when this resolves, or none. Rejects with `CONFIG_INVALID` when the file is there already, with the
 * system's error when it cannot be written, and as `chunk` does.
 */
export async function writeSnapshotFile(path: string, { origin, manifest, chunk }: FileContents): Promise<WrittenFile> {
  const { chunks } = decodeManifest(manifest)
  const digest = createHash('sha256')
  let bytes = 0
  await makeWholeFile(path, async (file) => {
    const put = (part: Uint8Array): void => {
      digest.update(part)
      writeAll(file, part)
      bytes += part.length
    }
    const putLong = (part: Uint8Array): void => {
      put(lengthOf(part))
      put(part)
    }
    put(Uint8Array.of(...MAGIC, VERSION))
    putLong(utf8(JSON.stringify(origin)))
    putLong(manifest)
    const there = new Set<string>()
    for (const one of chunks) {
      const name = hexOf(one.hash)
      if (there.has(name)) continue
      there.add(name)
      putLong(await chunk(one))
    }
    const whole = digest.copy().digest()
    writeAll(file, whole)
    bytes += whole.length
  })
  return { bytes, hash: digest.digest('hex') }
}

function lengthOf(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  writeU32(length, 0, part.length)
  return length
}
