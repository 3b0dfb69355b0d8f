/** What every store promises, as tests. Run once per adapter; knows only the port, and how an adapter is made to crash or fail. */

import { describe } from 'node:test'
import type { NodeStore } from '../../src/ports/store.ts'
import { storeBytesTests } from './store-bytes.ts'
import { storeFailureTests } from './store-failure.ts'
import { storeLogTests } from './store-log.ts'
import { storeMembershipTests } from './store-membership.ts'
import { storeSnapshotTests } from './store-snapshots.ts'
import { storeTableTests } from './store-table.ts'

/** One disk, on which stores are opened one after another. */
export interface StoreBench {
  /** Opens a store; of node `a` of cluster `test` when not said otherwise. */
  open(claim?: { readonly cluster?: string; readonly node?: string }): Promise<NodeStore>
  /** Ends the store that is open, saving nothing, and opens the disk again. */
  restart(store: NodeStore): Promise<NodeStore>
  /** Lets the next flush fail. */
  failNext(): void
  /** Ends everything and removes the disk. */
  dispose(): Promise<void>
}

/** Runs a test with a fresh disk. */
export type WithBench = (test: (bench: StoreBench) => Promise<void>) => () => Promise<void>

/** Declares the contract tests for one adapter. */
export function storeSuite(name: string, makeBench: () => Promise<StoreBench>): void {
  const withBench: WithBench = (test) => async () => {
    const bench = await makeBench()
    try {
      await test(bench)
    } finally {
      await bench.dispose()
    }
  }
  describe(`store contract: ${name}`, () => {
    storeLogTests(withBench)
    storeTableTests(withBench)
    storeMembershipTests(withBench)
    storeSnapshotTests(withBench)
    storeBytesTests(withBench)
    storeFailureTests(withBench)
  })
}
