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
export interface Grave extends Pick<TombstoneRecord, 'number' | 'peer'> {
  readonly group: string
}

/** One transaction: from now on the group is a tombstone, whatever else of it is still on the disk. */
export async function bury(env: Env, writer: Writer, { group, number, peer }: Grave): Promise<void> {
  await writer.commit([tombstoneChange(env, group, { number, peer }), { db: env.state, key: groupKey(number) }])
  env.root.resetReadTxn()
}

/** Takes everything off the disk that is stored under the number of a destroyed group. May be done again, as a crash may end it. */
export async function clearGroup(env: Env, writer: Writer, number: number): Promise<void> {
  for (;;) {
    const changes = [...clearEntries(env, number, PORTION), ...clearRows(env, number, PORTION)]
    if (changes.length === 0) return
    await writer.commit(changes)
    env.root.resetReadTxn()
  }
}
