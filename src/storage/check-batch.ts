/** What every store asks of a batch before it touches anything. A broken rule here is a caller's fault, not the disk's. */

import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'
import type { Facts, GroupBootstrap, GroupWrite, Membership, Tombstone } from '../ports/store.ts'
import type { Entry, LogIndex } from '../protocol/types.ts'

/** What a new group's members are, as a value of its own. */
export function membershipOf({ conf, peers, lastPeerId }: Pick<GroupBootstrap, 'conf' | 'peers' | 'lastPeerId'>): Membership {
  const highest = Math.max(0, ...Object.keys(peers).map(Number))
  return structuredClone({ conf, peers, lastPeerId: lastPeerId ?? highest })
}

/** Throws `STORE_MISMATCH` when a group was destroyed here and the bootstrap does not say that it replaces just that peer. */
export function checkTombstone(group: string, tombstone: Tombstone | undefined, { replaces }: GroupBootstrap): void {
  if (!tombstone || replaces === tombstone.peer) return
  const message = `peer ${tombstone.peer} of group "${group}" was removed, and its data destroyed`
  throw new FlotillaError('STORE_MISMATCH', message, { group, ...tombstone })
}

/** Where a group's stored log is now. */
export interface LogBounds {
  readonly truncated: LogIndex
  readonly lastIndex: LogIndex
}

/** Throws `CONFIG_INVALID` unless the text can name a group. */
export function checkGroupId(group: string): void {
  if (!ID_PATTERN.test(group)) throw new FlotillaError('CONFIG_INVALID', `"${group}" cannot name a group`, { group })
}

/** Refusal of a group that was never opened here. */
export const unknownGroup = (group: string): FlotillaError =>
  new FlotillaError('UNKNOWN_GROUP', `group "${group}" is not open in this store`, { group })

function checkEntries(group: string, entries: readonly Entry[], bounds: LogBounds): void {
  const first = entries[0]
  if (!first) return
  assert(first.index > bounds.truncated && first.index <= bounds.lastIndex + 1, 'LOG_HOLE', {
    group,
    first: first.index,
    ...bounds,
  })
  let before = first
  for (const entry of entries.slice(1)) {
    assert(entry.index === before.index + 1, 'LOG_HOLE', { group, index: entry.index, after: before.index })
    assert(entry.term >= before.term, 'LOG_TERM_FELL', { group, index: entry.index })
    before = entry
  }
}

/** Throws unless each group is open, appears once, and its entries join on to what is stored. */
export function checkBatch(batch: readonly GroupWrite[], boundsOf: (group: string) => LogBounds): void {
  const seen = new Set<string>()
  for (const write of batch) {
    assert(!seen.has(write.group), 'GROUP_TWICE_IN_BATCH', { group: write.group })
    seen.add(write.group)
    const bounds = boundsOf(write.group)
    checkCut(write, bounds)
    const { install } = write
    checkEntries(write.group, write.entries ?? [], install ? { truncated: install.index, lastIndex: install.index } : bounds)
  }
}

/** What is cut off, or replaced, lies where the log is. That it is applied is the caller's part: what is not saved yet comes with the same write. */
function checkCut({ group, truncate, install }: GroupWrite, { truncated, lastIndex }: LogBounds): void {
  assert(!truncate || !install, 'LOG_CUT_TWICE', { group })
  if (truncate) assert(truncate.index >= truncated && truncate.index <= lastIndex, 'LOG_CUT_OUTSIDE', { group, ...truncate })
  if (install) assert(install.index > truncated, 'SNAPSHOT_OLDER', { group, index: install.index, truncated })
}

/** Bounds of a remembered fact. */
export const FACT_KEY_BYTES_MAX = 200
export const FACT_VALUE_BYTES_MAX = 4096

/** Facts of a write that has none. */
export const NO_FACTS: Facts = new Map()

/** Throws `TOO_LARGE` when a fact does not fit. */
export function checkFact(key: string, value: string): void {
  const size = { key: Buffer.byteLength(key), value: Buffer.byteLength(value) }
  if (size.key > FACT_KEY_BYTES_MAX || size.value > FACT_VALUE_BYTES_MAX) {
    throw new FlotillaError(
      'TOO_LARGE',
      `a fact has at most ${FACT_KEY_BYTES_MAX} bytes of key and ${FACT_VALUE_BYTES_MAX} of value`,
      size,
    )
  }
}
