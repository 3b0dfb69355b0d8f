/** How many rows a snapshot file holds, by reading them all. Knows nothing of what they mean, or of which families there should be. */

import type { SnapshotFile } from './file.ts'
import { contentsOf } from './import.ts'
import { Pace } from './pace.ts'
import { decodeRows } from './rows.ts'

/** The number of rows; null of a state in its state machine's own format. Rejects with `CODEC_INVALID` for what is no state, though each chunk is whole. */
export async function rowsIn({ manifest, chunk }: Pick<SnapshotFile, 'manifest' | 'chunk'>): Promise<number | null> {
  if (manifest.format === 'own') return null
  const pace = new Pace()
  const contents = contentsOf({ manifest, spool: { get: (_group, hash) => chunk(hash) } }, pace)
  let rows = 0
  for await (const _row of decodeRows(contents, null, pace)) rows++
  return rows
}
