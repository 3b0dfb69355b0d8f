/** Promises kept a second time: which copy counts, what a crash may leave, and what tells of a state that is too old. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { DATA_FILE } from '../../../src/storage/lmdb/precheck.ts'
import { checkPromise, readSlots, SLOTS_FILE, Slots } from '../../../src/storage/lmdb/slots.ts'
import { BOOTSTRAP, code, entries } from '../../contract/store-samples.ts'

const CLAIM = { cluster: 'test', node: 'a' }
const PAGE = 4096
let dir = ''

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-slots-'))
})
afterEach(() => rm(dir, { recursive: true }))

const path = (): string => join(dir, SLOTS_FILE)
const promise = (group: string, term: number, vote: number | null = null) => ({ group, term, vote })
const termAndVote = (group: string): unknown[] => {
  const found = readSlots(dir, 'uuid').get(group)
  return [found?.term, found?.vote]
}

/** Writes promises into the slots, one flush each. */
async function write(...promises: ReturnType<typeof promise>[]): Promise<void> {
  const slots = await Slots.open(dir, 'uuid')
  for (const one of promises) await slots.write([one])
  await slots.close()
}

test('the newest promise of each group is found again, of many groups in many openings', async () => {
  for (let round = 1; round <= 5; round++) {
    const slots = await Slots.open(dir, 'uuid')
    await slots.write(Array.from({ length: 70 }, (_, i) => promise(`g${i}`, round * 10 + i, round % 2 ? i + 1 : null)))
    assert.equal(slots.differs(promise('g3', round * 10 + 3, round % 2 ? 4 : null)), false)
    assert.ok(
      slots.differs(promise('g3', round * 10 + 3, 9)) && slots.differs(promise('g3', 1)) && slots.differs(promise('new', 0)),
    )
    await slots.close()
  }
  for (let i = 0; i < 70; i++) assert.deepEqual(termAndVote(`g${i}`), [50 + i, i + 1])
  assert.equal(readFileSync(path()).length <= 3 * 2 * PAGE, true) // 32 groups in each pair of pages, however often they are written
})

test('a write torn in the middle leaves the promise before it, whichever of the two slots it was in', async () => {
  for (const parity of [0, 1]) {
    await write(promise('kv', 5, 1), promise('kv', 6, 2))
    const before = readFileSync(path())
    await write(...(parity === 0 ? [promise('kv', 7, 3)] : [promise('kv', 7, 3), promise('kv', 8, 1)]))
    const after = readFileSync(path())
    const at = [0, PAGE].find((page) => !after.subarray(page, page + 128).equals(before.subarray(page, page + 128))) as number
    const newest = parity === 0 ? at : [0, PAGE].find((page) => after.readUIntBE(page + 10, 6) === 8)
    after.copyWithin((newest as number) + 64, PAGE - 64, PAGE)
    after.fill(0xee, (newest as number) + 10, (newest as number) + 64)
    writeFileSync(path(), after)
    assert.deepEqual(termAndVote('kv'), parity === 0 ? [6, 2] : [7, 3])
    await rm(path())
  }
})

test('slots of another store are none', async () => {
  await write(promise('kv', 5, 1))
  assert.equal(readSlots(dir, 'other').size, 0)
})

test('what is stored may be newer than what was promised, and never older', () => {
  const of = (term: number, vote: number | null) => ({ term, vote })
  for (const stored of [of(5, 1), of(6, null), of(6, 2)]) checkPromise('kv', stored, of(5, 1))
  checkPromise('kv', of(5, 2), of(5, null))
  for (const stored of [of(4, 1), of(5, 2), of(5, null)])
    assert.throws(() => checkPromise('kv', stored, of(5, 1)), code('STORE_DAMAGED'))
  assert.throws(() => checkPromise('kv', of(0, null), undefined), code('STORE_DAMAGED'))
})

/** Opens the store, does something with the group, and closes it. */
async function withStore<T>(work: (store: Awaited<ReturnType<typeof openLmdb>>) => Promise<T>): Promise<T> {
  const store = await openLmdb({ dir, ...CLAIM })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

test('a database put back to an earlier day is damage of the group that has voted since; others go on', async () => {
  const vote = (group: string, term: number) =>
    withStore(async (store) => {
      await store.open(group, BOOTSTRAP)
      await store.write([{ group, hardState: { term, vote: 1, commit: 0 }, entries: entries(1, term) }])
    })
  await vote('kv', 3)
  await vote('other', 3)
  const earlier = readFileSync(join(dir, DATA_FILE))
  await vote('kv', 4)
  writeFileSync(join(dir, DATA_FILE), earlier)
  await withStore(async (store) => {
    await assert.rejects(
      store.open('kv', BOOTSTRAP),
      /"kv": its hard state \(term 3, vote 1\) is older than what it promised \(term 4/,
    )
    assert.equal((await store.open('other', BOOTSTRAP)).hardState.term, 3)
  })
})

test('a group whose record is gone is damaged, not new; one that was destroyed begins anew', async () => {
  await withStore((store) => store.open('first', BOOTSTRAP))
  const without = readFileSync(join(dir, DATA_FILE))
  await withStore(async (store) => {
    await store.open('kv', BOOTSTRAP)
    await store.write([{ group: 'kv', hardState: { term: 2, vote: 1, commit: 0 } }])
  })
  const withIt = readFileSync(join(dir, DATA_FILE))
  writeFileSync(join(dir, DATA_FILE), without)
  await withStore((store) => assert.rejects(store.open('kv', BOOTSTRAP), /"kv": its record is missing/))
  writeFileSync(join(dir, DATA_FILE), withIt)
  await withStore(async (store) => {
    await store.destroy('kv', { peer: 1 })
    assert.equal((await store.open('kv', { ...BOOTSTRAP, replaces: 1 })).hardState.term, 0)
  })
  await withStore(async (store) => assert.equal((await store.open('kv', { ...BOOTSTRAP, replaces: 1 })).hardState.term, 0))
})

test('without the slots every group is damaged', async () => {
  await withStore((store) => store.open('kv', BOOTSTRAP))
  await rm(path())
  await withStore((store) => assert.rejects(store.open('kv', BOOTSTRAP), /"kv": what it promised is not in hardstate/))
})
