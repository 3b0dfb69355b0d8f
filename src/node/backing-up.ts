/** A copy of the store of a node that runs. Knows nothing of what a store is, but that not every one can be copied. */

import { resolve } from 'node:path'
import { FlotillaError } from '../base/errors.ts'
import type { NodeStore, StoreCopy } from '../ports/store.ts'
import type { Headroom } from './headroom.ts'

export interface Original {
  readonly store: NodeStore | null
  readonly headroom: Pick<Headroom, 'status'>
}

/** Copies what a node has on its disk into a new directory, and leaves the node what it keeps free. Rejects as {@link NodeStore.backUp} does. */
export async function backUp({ store, headroom }: Original, to: string): Promise<StoreCopy> {
  if (!store) throw new FlotillaError('UNAVAILABLE', 'the node has not opened its store yet')
  if (!store.backUp)
    throw new FlotillaError('CONFIG_INVALID', 'the store of this node is not in a directory: there is nothing to copy')
  return store.backUp(resolve(to), headroom.status?.reserveBytes ?? 0)
}
