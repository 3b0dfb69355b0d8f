/** How damage on the disk is told, as opposed to a disk that fails: one group is damaged, its node and the other groups live on. */

import { type Details, FlotillaError } from '../../base/errors.ts'
import type { Env } from './env.ts'

/** What is stored is not what was written. */
export const damaged = (what: string, details: Details = {}, cause?: unknown): FlotillaError =>
  new FlotillaError('STORE_DAMAGED', what, details, cause)

/** Whose damage it would be, and where it is read from. */
export interface DamageOf {
  readonly env: Pick<Env, 'root' | 'damages'>
  readonly group: string
}

/** Runs a read of one group. Damage met by it names the group from here on. */
export function readingOf<T>(of: DamageOf, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    throw damageOf(of, thrown)
  }
}

/** Whether LMDB itself stumbled over what it read: its errors carry numbers. */
const isOfLmdb = (thrown: unknown): thrown is Error =>
  thrown instanceof Error && !(thrown instanceof FlotillaError) && 'code' in thrown && typeof thrown.code === 'number'

/** What was thrown while something of a group was read: damage names the group from here on, and is told. */
export function damageOf(of: DamageOf, thrown: unknown): unknown {
  const named = nameDamage(of, thrown)
  if (named instanceof FlotillaError && named.code === 'STORE_DAMAGED') of.env.damages.listener?.(named)
  return named
}

function nameDamage({ env, group }: DamageOf, thrown: unknown): unknown {
  if (isOfLmdb(thrown)) {
    env.root.resetReadTxn() // a read transaction that stumbled is of no use to the other groups
    return damaged(`group "${group}": LMDB cannot read it: ${thrown.message}`, { group }, thrown)
  }
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
