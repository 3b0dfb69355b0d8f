/** Taking a destroyed group off the disk: the tombstone at one stroke, what it covers a portion at a time. Knows nothing of why. */

import type { Env } from './env.ts'
import { type TombstoneRecord, tombstoneChange } from './group-record.ts'
import { groupKey } from './keys.ts'
import { clearEntries } from './log.ts'
import { clearRows } from './shelf.ts'
import type { Writer } from './writer.ts'

/** Deletions in one transaction: a group may hold more than fits the memory of one. */
const PORTION = 10_000

/** A group that is to be gone, and what is to be left of it. */
export interface Grave extends Pick<TombstoneRecord, 'peer'> {
  readonly group: string
  /** Under which something of it may be stored. */
  readonly numbers: readonly number[]
}

/** One transaction: from now on the group is a tombstone, whatever else of it is still on the disk. */
export async function bury(env: Env, writer: Writer, { group, numbers, peer }: Grave): Promise<void> {
  const states = numbers.map((number) => ({ db: env.state, key: groupKey(number) }))
  await writer.commit([tombstoneChange(env, group, { number: Math.max(...numbers), peer }), ...states])
  env.root.resetReadTxn()
}

/**
 * Takes the first things that are stored under a number, which no group has, off the disk. False when there were none. May be done again, as a crash
 * may end it.
 */
export async function clearPortion(env: Env, writer: Writer, number: number): Promise<boolean> {
  const changes = [...clearEntries(env, number, PORTION), ...clearRows(env, number, PORTION)]
  if (changes.length === 0) return false
  await writer.commit(changes)
  env.root.resetReadTxn()
  return true
}

/** Numbers under which something is stored though no group has them: of states that were never installed, or have been replaced. */
export function strayNumbers(env: Env, known: ReadonlySet<number>): readonly number[] {
  const strays = new Set<number>()
  for (const db of [env.log, env.data]) {
    for (let next = 0; ; ) {
      const [key] = db.getKeys({ start: groupKey(next), limit: 1 })
      if (key === undefined) break
      const number = Buffer.from(key).readUInt32BE()
      if (!known.has(number)) strays.add(number)
      next = number + 1
    }
  }
  return [...strays]
}
