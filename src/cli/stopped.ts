/** The directory of a node that does not run, opened by a command. Knows flags, and nothing of what is done with the store. */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { NodeStore } from '../ports/store.ts'
import { openLmdb } from '../storage/lmdb/open.ts'
import { checkId } from '../wire/subjects.ts'
import type { FlagTable } from './arguments.ts'
import type { Invocation } from './command.ts'
import { clusterOf } from './connection.ts'
import { asUsed, Refusal } from './failures.ts'

/** Flags of commands on a stopped node's directory. */
export const STOPPED: FlagTable = {
  dir: { value: 'DIR', help: 'directory of a node that does not run' },
  id: { value: 'NAME', help: 'name of that node' },
  cluster: { value: 'NAME', help: 'name of its cluster (FLOTILLA_CLUSTER, or demo)' },
  json: { help: 'print JSON' },
}

/** Where a stopped node's store is, and whose. */
export interface StoppedNode {
  readonly dir: string
  readonly id: string
  readonly cluster: string
}

export const stoppedNodeOf = (call: Invocation): StoppedNode => ({
  dir: resolve(call.args.needed('dir')),
  id: asUsed(() => checkId('--id', call.args.needed('id'))),
  cluster: clusterOf(call),
})

/**
 * Works with the store, and closes it whatever happens. Rejects with `NOT_FOUND` where there is none: it is never made here; with `STORE_IN_USE` while the node
 * runs, and with `STORE_MISMATCH` when it is another node's.
 */
export async function withStore<T>({ dir, id, cluster }: StoppedNode, work: (store: NodeStore) => Promise<T>): Promise<T> {
  if (!existsSync(join(dir, 'data.mdb'))) throw new Refusal('NOT_FOUND', `there is no store in ${dir}`)
  const store = await openLmdb({ dir, cluster, node: id })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
