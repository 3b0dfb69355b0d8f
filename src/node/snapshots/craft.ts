/** The craft of snapshots as the desk wants it: what is known of chunks and manifests, in one place to be handed over. */

import { decodeManifest, manifestId } from '../../wire/manifest.ts'
import { exportState, reuseOwn } from './export.ts'
import type { SnapshotCraft } from './group.ts'
import { importRows } from './import.ts'
import { isChunk } from './packing.ts'
import type { Tools } from './tools.ts'

/** States as chunks of 40 KiB on average, compressed. */
export const snapshotCraft = (tools: Tools): SnapshotCraft => ({
  exportState: (input) => exportState({ ...input, tools }),
  importRows: (input) => importRows({ ...input, tools }),
  reuseOwn: (input) => reuseOwn({ ...input, tools }),
  decodeManifest,
  manifestId,
  isChunk,
})

/** With the machine's own clock and threads. */
export const SNAPSHOT_CRAFT: SnapshotCraft = snapshotCraft({})
