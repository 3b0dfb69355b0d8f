/**
 * A second `flotilla node` on one directory ends before the program is loaded and NATS is waited for: it is looked at who has the directory, and nothing else. Knows
 * no command; what is wrong with the other words is said by who reads them all.
 */

import { realpathSync } from 'node:fs'
import { checkOwner } from '../storage/lmdb/lock.ts'

/** The directory that a node is to have, as far as these words say so plainly. */
function directoryIn(words: readonly string[]): string | null {
  if (words[0] !== 'node' || words.includes('--help')) return null
  const at = words.findIndex((word) => word === '--dir' || word.startsWith('--dir='))
  return (words[at] === '--dir' ? words[at + 1] : words[at]?.slice('--dir='.length)) ?? null
}

/** Throws `STORE_IN_USE` when these words would start a node on a directory that a live process has. The true lock is taken later, by the store. */
export function checkSecond(words: readonly string[]): void {
  const dir = directoryIn(words)
  if (dir === null) return
  let real: string
  try {
    real = realpathSync(dir)
  } catch {
    return // not there yet
  }
  checkOwner(real)
}
