/** How damage on the disk is told, as opposed to a disk that fails: one group is damaged, its node and the other groups live on. */

import { type Details, FlotillaError } from '../../base/errors.ts'

/** What is stored is not what was written. */
export const damaged = (what: string, details: Details = {}, cause?: unknown): FlotillaError =>
  new FlotillaError('STORE_DAMAGED', what, details, cause)

/** Runs a read of one group. Damage met by it names the group from here on. */
export function readingOf<T>(group: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    throw ofGroup(group, thrown)
  }
}

/** What was thrown while something of a group was read: damage names the group from here on. */
export function ofGroup(group: string, thrown: unknown): unknown {
  if (!(thrown instanceof FlotillaError) || thrown.code !== 'STORE_DAMAGED' || 'group' in thrown.details) return thrown
  return damaged(`group "${group}": ${thrown.message}`, { ...thrown.details, group }, thrown)
}

/** Runs a read of what belongs to no group. Damage of it is the whole store's: `STORAGE_FAILED`. */
export function readingFact<T>(read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    throw thrown instanceof FlotillaError ? new FlotillaError('STORAGE_FAILED', thrown.message, thrown.details, thrown) : thrown
  }
}
