/** States of any size for the benchmarks of storage: made row by row, half of it compressible, and put into a store. Knows nothing of transfers. */

import { randomFillSync } from 'node:crypto'
import { getHeapStatistics } from 'node:v8'
import { keepFounding, membersDigest } from '../../src/node/founding.ts'
import type { Membership, NodeStore } from '../../src/ports/store.ts'
import type { TableWrite } from '../../src/ports/table.ts'
import { votersOnly } from '../../src/protocol/types.ts'
import { GROUP } from './orders.ts'

const ROW_BYTES = 1024

export const ALONE: Membership = { conf: votersOnly([1]), peers: { 1: 'a' }, lastPeerId: 1 }

/** Rows of 1 KiB up to so many bytes; half of each is chance, half is zeros. */
export async function* rowsOf(bytes: number): AsyncGenerator<TableWrite> {
  for (let i = 0; i * ROW_BYTES < bytes; i++) {
    const value = new Uint8Array(ROW_BYTES)
    randomFillSync(value, 0, ROW_BYTES / 2)
    yield { family: 'default', key: Buffer.from(`row-${String(i).padStart(10, '0')}`), value }
  }
}

/** Puts such a state into a new group, as the first ten entries left it. */
export async function fill(store: NodeStore, bytes: number): Promise<void> {
  await keepFounding(store, GROUP, { founders: membersDigest(ALONE.peers), mark: '0b'.repeat(16) })
  await store.open(GROUP, { ...ALONE, kind: 'kv' })
  const state = await store.stage(GROUP, rowsOf(bytes))
  const hardState = { term: 1, vote: 1, commit: 10 }
  await store.write([{ group: GROUP, hardState, install: { state, membership: ALONE, index: 10, term: 1 } }])
}

/** Bytes of heap and buffers of this process, as far as they are in use: without the pages of files that are mapped, which the system may take back. */
export function memoryInUse(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics() // cheaper than process.memoryUsage, which asks the system, too
  return heap + external
}
