/** The state of a group in a stopped node's store, as a snapshot file. Knows no peer and no network. */

import { FlotillaError } from '../../base/errors.ts'
import { DISK_RESERVE_BYTES } from '../../base/limits.ts'
import type { StateMachine } from '../../ports/state-machine.ts'
import type { NodeStore, StoreRoom } from '../../ports/store.ts'
import { epochOf, membersDigest, recallBirthmark, recallFounders } from '../founding.ts'
import { appliedPosition, openStored } from '../stored.ts'
import { boundedSpool, type SpoolSpace } from './bounded-spool.ts'
import type { Exported } from './export.ts'
import { exportState, sweepSpool } from './export.ts'
import type { WrittenFile } from './file-format.ts'
import { writeSnapshotFile } from './file-writer.ts'

/** Disk that is left alone: while nobody writes to the store a small part of its reserve will do. */
const LEFT_BYTES = DISK_RESERVE_BYTES / 8

/** A file, and what is in it. */
export type SavedSnapshot = WrittenFile & Pick<Exported, 'manifest'>

/**
 * Saves what a group's state machine has applied, as far as that is on the disk: entries behind it are in the log alone. Rejects with `UNKNOWN_GROUP`, with
 * `UNAVAILABLE` when nothing is applied yet, and as store and file do.
 */
export async function saveStored(store: NodeStore, group: string, path: string): Promise<SavedSnapshot> {
  const recovered = await openStored(store, group)
  const { index, term } = appliedPosition(store, group, recovered)
  if (index === 0) throw new FlotillaError('UNAVAILABLE', `nothing is applied in group '${group}' yet`, { group })
  const spool = boundedSpool(store.spool, spaceOf(await store.room()))
  const table = store.table(group)
  const epoch = epochOf(recallFounders(store, group) ?? membersDigest(recovered.peers), recallBirthmark(store, group, recovered))
  const stateMachine = rowsOf(recovered.kind, table.families)
  const { manifest, bytes } = await exportState({ view: table.snapshot(), stateMachine, group, epoch, term, spool })
  try {
    const { cluster, node } = store.identity
    const written = await writeSnapshotFile(path, {
      origin: { cluster, node, saved: new Date().toISOString() },
      manifest: bytes,
      chunk({ hash }) {
        const chunk = spool.get(group, hash)
        if (chunk === undefined) throw new FlotillaError('STORAGE_FAILED', 'a chunk of the snapshot is gone', { group })
        return chunk
      },
    })
    return { ...written, manifest }
  } finally {
    await spool.keepManifest(group, 'outgoing', undefined)
    await sweepSpool(spool, group)
  }
}

/** What a disk had left when we began, less what we took since, and what a node needs to start. */
function spaceOf(room: StoreRoom | null): SpoolSpace {
  let left = room === null ? Number.POSITIVE_INFINITY : room.freeBytes - LEFT_BYTES
  return {
    fitsBeside: (bytes) => bytes <= left,
    took: (bytes) => {
      left -= bytes
    },
  }
}

/** Stands for a state machine whose program is not here: its rows are rows, whatever they mean. */
export function rowsOf(kind: string, families: readonly string[]): StateMachine {
  const absent = (): never => {
    throw new FlotillaError('CONFIG_INVALID', `the program of state machine '${kind}' is not here`)
  }
  return { kind, families, check: absent, apply: absent, query: absent, topic: () => [] }
}
