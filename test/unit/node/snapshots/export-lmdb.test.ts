/** Exports of a state on disk: it stands still while the group goes on, and keeps no old pages alive afterwards. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { exportState } from '../../../../src/node/snapshots/export.ts'
import type { NodeStore } from '../../../../src/ports/store.ts'
import type { TableSnapshot } from '../../../../src/ports/table.ts'
import { kv } from '../../../../src/statemachines/kv/kv.ts'
import { openLmdb } from '../../../../src/storage/lmdb/open.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { BOOTSTRAP, EPOCH, exported, GROUP, imported, rowsOf, shown } from './sample-state.ts'

const withStore = (run: (store: NodeStore) => Promise<void>) => async () => {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-export-'))
  const store = await openLmdb({ dir, cluster: 'test', node: 'a' })
  try {
    await store.open(GROUP, BOOTSTRAP)
    await run(store)
  } finally {
    await store.close()
    await rm(dir, { recursive: true })
  }
}

/** Rows of another round: all values different, none longer. */
const round = (n: number) => rowsOf(2000, 250, n)

test(
  'what is exported is the state as of the view, whatever is applied and written meanwhile',
  withStore(async (store) => {
    const table = store.table(GROUP)
    table.apply(1, round(1))
    await store.write([])
    table.apply(2, round(2).slice(0, 900)) // half of it is not saved yet
    const expected = [...round(2).slice(0, 900), ...round(1).slice(900)]
    let index = 2
    let writing = Promise.resolve()
    const breathe = async (): Promise<void> => {
      table.apply(++index, round(index).slice(index * 10, index * 10 + 500))
      await writing
      writing = store.write([])
      await nextTurn()
    }
    const spool = new MemorySpool()
    const options = { stateMachine: kv(), group: GROUP, epoch: EPOCH, term: 1, spool, breathe }
    const { manifest } = await exportState({ ...options, view: table.snapshot() })
    await writing
    assert.ok(index > 2, 'nothing was applied meanwhile')
    assert.equal(manifest.index, 2)
    assert.deepEqual(shown(await imported(manifest, spool)), shown(expected))
  }),
)

test(
  'after an export the pages of old rows are used again; a view that is kept would let the file grow',
  withStore(async (store) => {
    const table = store.table(GROUP)
    let index = 0
    const overwrite = async (rounds: number): Promise<number> => {
      for (let i = 0; i < rounds; i++) {
        table.apply(++index, round(index))
        await store.write([])
      }
      return store.bytes()
    }
    await overwrite(4)
    const settled = await overwrite(1)
    for (let i = 0; i < 4; i++) {
      await exported(table, store.spool)
      await overwrite(2)
    }
    const afterExports = store.bytes()
    assert.ok(afterExports <= 1.6 * settled, `${settled} → ${afterExports}`)
    const kept: TableSnapshot[] = []
    for (let i = 0; i < 4; i++) {
      kept.push(table.snapshot())
      await overwrite(2)
    }
    assert.ok(store.bytes() > 1.6 * afterExports, 'the control: an open view keeps pages')
    for (const view of kept) view.close()
  }),
)

test(
  'the spool of the store keeps what was exported',
  withStore(async (store) => {
    const table = store.table(GROUP)
    table.apply(1, round(1))
    const { manifest, id } = await exported(table, store.spool)
    assert.deepEqual(shown(await imported(manifest, store.spool)), shown(round(1)))
    assert.equal((await exported(table, store.spool)).id, id)
  }),
)
