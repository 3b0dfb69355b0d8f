/** The store of a node: the program's own, or the one in a directory. The only room of the node that knows which store that is. */

import { FlotillaError } from '../base/errors.ts'
import type { NodeStore } from '../ports/store.ts'
import { openLmdb } from '../storage/lmdb/open.ts'
import type { NodeOptions, NodeSettings } from './options.ts'

/** Rejects with `CONFIG_INVALID` when there is neither, and as the store does. */
export async function openStore({ store, dir }: NodeOptions, settings: NodeSettings): Promise<NodeStore> {
  if (store) return store
  if (dir === undefined) throw new FlotillaError('CONFIG_INVALID', 'dir: a node needs a directory for its store')
  const { cluster, id: node, watchdogMs, logger } = settings
  return openLmdb({ dir, cluster, node, logger, ...(watchdogMs !== null && { watchdogMs }) })
}
