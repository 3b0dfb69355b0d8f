/** What a disk in memory holds of one group's log, read as a restart and a leader read it. Damage that was done to it is met here. */

import { FlotillaError } from '../../base/errors.ts'
import type { Recovered } from '../../ports/store.ts'
import { type Entry, entryBytes, type LogIndex } from '../../protocol/types.ts'
import { termRuns } from '../term-runs.ts'
import type { GroupImage } from './disk.ts'

export const lastIndexOf = (group: GroupImage): LogIndex => group.truncated.index + group.entries.length

/** Where an entry is in the group's list. Throws `STORE_DAMAGED` when it is not there, or not what was written. */
function entryAt(group: GroupImage, index: LogIndex): Entry {
  const entry = group.entries[index - group.truncated.index - 1]
  if (!entry) throw new FlotillaError('STORE_DAMAGED', `entry ${index} is missing from the stored log`, { index })
  if (group.rotten.has(entry)) throw new FlotillaError('STORE_DAMAGED', `entry ${index} is not what was written`, { index })
  return entry
}

/** What a restart finds. Throws `STORE_DAMAGED`. */
export function recovered(group: GroupImage): Recovered {
  const { kind, membership, hardState, truncated, applied } = group
  if (group.rotten.has('state')) throw new FlotillaError('STORE_DAMAGED', 'the hard state is not what was written')
  const lastIndex = lastIndexOf(group)
  const runs = termRuns(truncated.index + 1, lastIndex, (index) => entryAt(group, index).term)
  return { ...membership, hardState, kind, truncated, lastIndex, runs, applied }
}

/** Entries `[lo, hi)`, cut off before their data exceeds the bound, but at least one. Throws `COMPACTED`, `STORE_DAMAGED`. */
export function entriesOf(group: GroupImage, [lo, hi]: readonly [LogIndex, LogIndex], bytesMax: number): readonly Entry[] {
  const { index: truncated } = group.truncated
  if (lo <= truncated) throw new FlotillaError('COMPACTED', `entries up to ${truncated} are cut off`, { lo, truncated })
  const entries: Entry[] = []
  let bytes = 0
  for (let index = lo; index < hi; index++) {
    const entry = entryAt(group, index)
    bytes += entryBytes(entry)
    if (bytes > bytesMax && entries.length > 0) break
    entries.push(entry)
  }
  return entries
}
