/** What is said when a store cannot be opened because its disk is full: which file may go. Knows nothing of a store that is open. */

import { existsSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { FlotillaError } from '../../base/errors.ts'

/** Directory of the chunks, within that of the store. */
export const SPOOL = 'spool'

/** What an opening writes, and as much again: LMDB maps a table of readers, and a disk that has no page left for a mapped file ends the process. */
const OPENING_BYTES = 256 * 1024

/** As Node names them, and as LMDB's package does (ENOSPC, by its number). */
const FULL_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 28])

function isFull(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  return ('code' in thrown && FULL_CODES.has(thrown.code)) || isFull(thrown.cause)
}

function noRoom(dir: string, cause?: unknown): FlotillaError {
  const spool = join(dir, SPOOL)
  const advice = existsSync(spool)
    ? `. ${spool} may be deleted while the node is stopped: it has nothing but snapshots on their way`
    : ''
  const message = `the disk of ${dir} is full, and the store cannot be opened; free some space, then start again${advice}`
  return new FlotillaError('STORAGE_FULL', message, { dir }, cause)
}

/** Throws `STORAGE_FULL` where so little is left that opening a store could not end well. Where the system does not say, it will show. */
export function checkOpeningRoom(dir: string): void {
  let left: number
  try {
    const { bavail, bsize } = statfsSync(dir)
    left = bavail * bsize
  } catch {
    return
  }
  if (left < OPENING_BYTES) throw noRoom(dir)
}

/** What was thrown while a store was opened, as `STORAGE_FULL` if that is what it comes from. */
export const orNoRoom = (dir: string, thrown: unknown): unknown => (isFull(thrown) ? noRoom(dir, thrown) : thrown)
