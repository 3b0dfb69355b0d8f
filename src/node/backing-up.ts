/** A copy of the store of a node that runs, where its program or its operators want it. Knows nothing of what a store is, but that not every one can be copied. */

import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FlotillaError } from '../base/errors.ts'
import type { NodeStore, StoreCopy } from '../ports/store.ts'
import type { BackedUp, BackupRequest } from '../wire/maintenance.ts'
import type { Headroom } from './headroom.ts'
import type { FlotillaNode } from './types.ts'

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

/** A copy that somebody asks for from elsewhere: only where the node's own settings have a place for it. */
export async function backUpInto(
  backups: string | null,
  node: Pick<FlotillaNode, 'id' | 'backup'>,
  { name }: BackupRequest,
): Promise<BackedUp> {
  if (backups === null) {
    const message = `node '${node.id}' has no directory for backups: start it with --backups DIR (option disk.backups)`
    throw new FlotillaError('CONFIG_INVALID', message, { node: node.id })
  }
  mkdirSync(backups, { recursive: true })
  const path = join(resolve(backups), name)
  return { node: node.id, path, ...(await node.backup(path)) }
}
