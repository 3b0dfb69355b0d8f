/** Reading entries that have left memory: what the pure core may ask of a disk. */

import type { Entry, LogIndex } from '../protocol/types.ts'

/** Read-only view of one group's stored log. */
export interface LogReader {
  /**
   * Entries `[lo, hi)` in order, cut off before their data exceeds `bytesMax`, but at least one if there is any.
   * Throws `STORE_DAMAGED` when an entry in the range is missing or damaged: a hole is never served as an end.
   */
  entries(lo: LogIndex, hi: LogIndex, bytesMax: number): readonly Entry[]
}
