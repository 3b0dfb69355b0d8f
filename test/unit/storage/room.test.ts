/** How much more fits into a store on disk: what the system says, and what is empty inside the file. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { NodeStore } from '../../../src/ports/store.ts'
import type { Entry } from '../../../src/protocol/types.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP } from '../../contract/store-samples.ts'

const MIB = 1024 * 1024

async function storeIn(t: TestContext): Promise<{ readonly store: NodeStore; readonly dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-room-'))
  const store = await openLmdb({ dir, cluster: 'test', node: 'a' })
  t.after(async () => {
    await store.close()
    await rm(dir, { recursive: true })
  })
  await store.open('kv', BOOTSTRAP)
  return { store, dir }
}

/** Entries of 4 KB each, some 4 MiB of them, behind `last`. */
const many = (last: number): readonly Entry[] =>
  Array.from({ length: 1000 }, (_, i) => ({ index: last + i + 1, term: 1, kind: 'command', data: new Uint8Array(4000) }))

const reusable = async (store: NodeStore): Promise<number> => (await store.room())?.reusableBytes ?? Number.NaN

test('the disk is asked, and what was never used twice is not counted', async (t) => {
  const { store, dir } = await storeIn(t)
  const { bavail, bsize } = await statfs(dir)
  const room = await store.room()
  assert(room)
  assert(Math.abs(room.freeBytes - bavail * bsize) < 1024 * MIB, 'others may have written meanwhile')
  await store.write([{ group: 'kv', entries: many(0) }])
  assert((await reusable(store)) < MIB)
})

test('what is deleted is empty inside the file, and used again before the file grows', async (t) => {
  const { store } = await storeIn(t)
  await store.write([{ group: 'kv', entries: many(0), hardState: { term: 1, vote: 1, commit: 1000 } }])
  store.table('kv').apply(1000, [])
  await store.write([])
  const used = store.bytes()
  await store.write([{ group: 'kv', truncate: { index: 1000, term: 1 } }])
  for (let commit = 1001; commit < 1005; commit++) await store.write([{ group: 'kv', hardState: { term: 1, vote: 1, commit } }])
  const empty = await reusable(store)
  assert(empty > 3 * MIB && empty < used, `${empty} of ${used} bytes are empty`)
  const before = store.bytes()
  await store.write([{ group: 'kv', entries: many(1000).slice(0, 400) }]) // half of what is empty can be counted on
  assert(store.bytes() - before < MIB, `the file grew by ${store.bytes() - before} bytes`)
  assert((await reusable(store)) < empty - MIB)
})
