/** How much more fits: what the disk has left, and what is empty inside the file, which never shrinks. Knows nothing of who may use it up. */

import { statfs } from 'node:fs/promises'
import type { StoreRoom } from '../../ports/store.ts'
import type { Gate } from '../gate.ts'
import { watched } from '../watchdog.ts'
import type { Bytes, Env } from './env.ts'

/** The two pages at a file's beginning that say where everything is. */
const META_PAGES = 2

/** Pages of one tree, as LMDB counts them. */
interface TreePages {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

/** What LMDB tells of a database: its own tree, and of the file as a whole. Its package gives this no type. */
interface Stats extends TreePages {
  readonly pageSize: number
  readonly lastPageNumber: number
  /** The tree of databases' names. */
  readonly root: TreePages
  /** The list of pages that are free. */
  readonly free: TreePages
}

const statsOf = (db: Bytes): Stats => db.getStats() as Stats

const pagesOf = ({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreePages): number =>
  treeBranchPageCount + treeLeafPageCount + overflowPages

/**
 * Bytes of the file that belong to no tree. Counts, kept by LMDB as it goes: nothing is read for it. Pages among them that the last transactions gave up,
 * or that a view opened before still reads, cannot be used yet.
 */
export function reusableBytes({ all, meta }: Pick<Env, 'all' | 'meta'>): number {
  const { pageSize, lastPageNumber, root, free } = statsOf(meta)
  let used = META_PAGES + pagesOf(root) + pagesOf(free)
  for (const db of all) used += pagesOf(statsOf(db))
  return Math.max(0, lastPageNumber + 1 - used) * pageSize
}

interface Premises {
  readonly env: Env
  readonly gate: Gate
  readonly watchdogMs: number
}

/**
 * Asks the disk, under the watch that every write has: `STORAGE_FAILED` when it is silent, and then the store is dead. Null when the system has no answer;
 * whether it can be written to will show.
 */
export async function lmdbRoom({ env, gate, watchdogMs }: Premises): Promise<StoreRoom | null> {
  gate.check()
  const asked = statfs(env.dir).catch(() => null)
  const found = await watched(asked, watchdogMs).catch((thrown: unknown) => {
    throw gate.fail('the store could not ask its disk', thrown)
  })
  gate.check() // closed while the disk thought about it: then LMDB must not be asked any more
  if (found === null) return null
  const { bavail, bsize } = found
  return { freeBytes: bavail * bsize, reusableBytes: reusableBytes(env) }
}
