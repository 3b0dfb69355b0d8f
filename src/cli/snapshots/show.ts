/** What is in a snapshot file, once every byte of it has been checked. */

import { memberNames } from '../../node/members.ts'
import { openSnapshotFile, type SnapshotFile } from '../../node/snapshots/file.ts'
import { isChunk } from '../../node/snapshots/packing.ts'
import { rowsIn } from '../../node/snapshots/row-count.ts'
import type { Invocation } from '../command.ts'
import { DONE } from '../failures.ts'
import { lineOf } from '../values.ts'

/** Opens a snapshot file, works with it, and closes it whatever happens. Rejects with `SNAPSHOT_INVALID`. */
export async function withFile<T>(path: string, work: (file: SnapshotFile) => Promise<T>): Promise<T> {
  const file = await openSnapshotFile(path, { isChunk })
  try {
    return await work(file)
  } finally {
    file.close()
  }
}

/** `flotilla snapshot status FILE`. */
export const showFile = ({ args, terminal }: Invocation, path: string): Promise<number> =>
  withFile(path, async (file) => {
    const facts = factsOf(file, await rowsIn(file))
    await terminal.out.write(args.has('json') ? `${JSON.stringify({ path, ...facts })}\n` : listed(facts))
    return DONE
  })

function factsOf({ origin, manifest, bytes, hash }: SnapshotFile, rows: number | null) {
  const { group, kind, format, index, term, epoch, membership, chunks } = manifest
  const stateBytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  const members = Object.values(memberNames(membership)).sort()
  return {
    ...origin,
    group,
    kind,
    format,
    index,
    term,
    epoch,
    members,
    chunks: chunks.length,
    ...(rows !== null && { rows }),
    stateBytes,
    bytes,
    hash,
  }
}

/** A fact a line. */
const listed = (facts: ReturnType<typeof factsOf>): string =>
  Object.entries(facts)
    .map(([name, fact]) => `${(TITLES[name] ?? name).padEnd(12)}${lineOf(Buffer.from(String(fact)))}\n`)
    .join('')

const TITLES: Readonly<Record<string, string>> = { epoch: 'founding', stateBytes: 'state bytes', bytes: 'file bytes' }
