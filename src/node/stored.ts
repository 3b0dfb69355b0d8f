/** Groups in a store that no node has open: what tools see of them. Knows no peer and no network. */

import { FlotillaError } from '../base/errors.ts'
import type { NodeStore, Recovered } from '../ports/store.ts'
import type { LogPosition } from '../protocol/types.ts'
import { NO_CONF } from './members.ts'

/** No state machine is of this kind: the store says of which it is. */
const ANY_KIND = ''

/**
 * Opens a group as whatever it is: a tool has no state machine that could say. Rejects with `UNKNOWN_GROUP` when the store has no such group, and as the
 * store does.
 */
export async function openStored(store: NodeStore, group: string): Promise<Recovered> {
  if (!store.groups().includes(group)) {
    const known = store.groups().join(', ') || 'none'
    throw new FlotillaError('UNKNOWN_GROUP', `there is no group '${group}' in this store; it has ${known}`, { group })
  }
  const bootstrap = { conf: NO_CONF, peers: {} }
  try {
    return await store.open(group, { ...bootstrap, kind: ANY_KIND })
  } catch (thrown) {
    const stored = thrown instanceof FlotillaError && thrown.code === 'STORE_MISMATCH' ? thrown.details.stored : undefined
    if (typeof stored !== 'string') throw thrown
    return store.open(group, { ...bootstrap, kind: stored })
  }
}

/** The entry up to which an opened group has saved its state. */
export function appliedPosition(store: NodeStore, group: string, { applied, truncated }: Recovered): LogPosition {
  if (applied <= truncated.index) return truncated
  const [entry] = store.reader(group).entries(applied, applied + 1, 1)
  return { index: applied, term: entry?.term ?? truncated.term }
}

/** Entries that a store takes off the disk with one write of a group. */
const CUT_PORTION = 4096

/** Cuts the log of a group off behind what is saved as applied, but for so many entries, and takes what is cut off the disk. Returns where it begins. */
export async function cutStored(store: NodeStore, group: string, keep: number): Promise<number> {
  const { applied, truncated } = await openStored(store, group)
  const index = applied - keep
  if (index <= truncated.index) return truncated.index
  const [entry] = store.reader(group).entries(index, index + 1, 1)
  const truncate = { index, term: entry?.term ?? truncated.term }
  for (let left = index - truncated.index; left > 0; left -= CUT_PORTION) await store.write([{ group, truncate }])
  return index
}
