/** What one write saves of all groups: made ready at one stroke, and weighed when its turn has come. Knows nothing of how it gets to the disk. */

import type { GroupWrite, WriteScope } from '../../ports/store.ts'
import type { Gate } from '../gate.ts'
import type { OpenGroup } from './open-group.ts'
import type { Change } from './writer.ts'

/** A write before its turn. */
export interface Prepared {
  readonly changes: Change[]
  /** The groups at that time: one may be destroyed before the turn comes, and is written whole all the same. */
  readonly groups: readonly OpenGroup[]
  readonly gate: Gate
}

interface Preparing {
  readonly groups: ReadonlyMap<string, OpenGroup>
  readonly gate: Gate
}

const failing = (gate: Gate, thrown: unknown): Error => gate.fail('the store could not prepare a write', thrown)

/** All that a write saves but what has to be looked up. Throws `STORAGE_FAILED`, and then the store is dead. */
export function prepareAll({ groups, gate }: Preparing, batch: readonly GroupWrite[], scope: WriteScope): Prepared {
  const writes = new Map(batch.map((write) => [write.group, write]))
  const changes: Change[] = []
  try {
    for (const [id, group] of groups) for (const change of group.prepare(writes.get(id), scope)) changes.push(change)
  } catch (thrown) {
    throw failing(gate, thrown)
  }
  return { changes, groups: [...groups.values()], gate }
}

/** And that, too. After the write before, since its rows are what this one may replace. Rejects as {@link prepareAll} throws. */
export async function weighAll({ changes, groups, gate }: Prepared): Promise<readonly Change[]> {
  try {
    for (const group of groups) changes.push(...(await group.weigh()))
  } catch (thrown) {
    throw failing(gate, thrown)
  }
  return changes
}
