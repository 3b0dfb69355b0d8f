/** What a completed write changes on a disk in memory. Knows nothing of when. */

import type { GroupWrite, Installation } from '../../ports/store.ts'
import { type Entry, entryBytes } from '../../protocol/types.ts'
import type { Unsaved } from '../overlay-table.ts'
import type { GroupImage } from './disk.ts'
import { saveRows } from './shelf.ts'
import type { StagedRows } from './staging.ts'

/** Puts one group's write on the disk. */
export function saveWrite(group: GroupImage, write: GroupWrite): void {
  if (write.hardState) {
    group.hardState = { ...write.hardState }
    group.rotten.delete('state')
  }
  if (write.truncate && write.truncate.index > group.truncated.index) {
    group.logBytes -= weigh(group.entries.slice(0, write.truncate.index - group.truncated.index))
    group.entries = group.entries.slice(write.truncate.index - group.truncated.index)
    group.truncated = { ...write.truncate }
  }
  const first = write.entries?.[0]
  if (!first) return
  group.logBytes += weigh(write.entries ?? []) - weigh(group.entries.slice(first.index - group.truncated.index - 1))
  group.entries.length = first.index - group.truncated.index - 1
  for (const entry of write.entries ?? []) group.entries.push(entry)
}

const weigh = (entries: readonly Entry[]): number => entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0)

export function saveUnsaved(group: GroupImage, unsaved: Unsaved): void {
  saveRows(group, unsaved.cells)
  group.applied = unsaved.applied
  if (unsaved.families) group.families = unsaved.families
  if (unsaved.membership) group.membership = unsaved.membership
}

/** A state takes the place of everything a group holds. */
export function replaceState(group: GroupImage, { index, term, membership }: Installation, { families, rows }: StagedRows): void {
  group.truncated = { index, term }
  group.entries = []
  group.logBytes = 0
  group.applied = index
  group.membership = structuredClone(membership)
  group.families = families
  group.rows = rows
  group.hardState = { ...group.hardState, commit: Math.max(group.hardState.commit, index) }
}
