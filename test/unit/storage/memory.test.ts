/** What is particular to the store in memory: crashes in the middle of a write, and a flush that takes its time. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpooledChunk } from '../../../src/ports/spool.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { MemorySpool } from '../../../src/storage/memory/spool.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { chunks, held } from '../../contract/spool-suite.ts'
import { BOOTSTRAP, code, entries, put, read } from '../../contract/store-samples.ts'

const CLAIM = { cluster: 'test', node: 'a' }

test('a crash in the middle of a write leaves nothing of it, and the old store answers no more', async () => {
  let flushed = (): void => {}
  let slow = false
  const disk = new MemoryDisk({
    sync: () =>
      new Promise((resolve) => {
        flushed = resolve
        if (!slow) resolve()
      }),
  })
  const store = memoryStore(CLAIM, disk)
  await store.open('kv', BOOTSTRAP)
  slow = true
  store.table('kv').apply(1, [put('a', '1')])
  const under = store.write([{ group: 'kv', entries: entries(1, 1) }])
  await new Promise(setImmediate)
  disk.crash()
  slow = false
  flushed()
  await assert.rejects(under, code('STORE_CLOSED'))
  assert.throws(() => store.table('kv'), code('STORE_CLOSED'))
  const again = memoryStore(CLAIM, disk)
  await store.close() // of the dead one: it must not free the disk
  assert.throws(() => memoryStore(CLAIM, disk), code('STORE_IN_USE'))
  const found = await again.open('kv', BOOTSTRAP)
  assert.deepEqual([found.lastIndex, found.applied, again.identity.boot], [0, 0, 2])
  assert.equal(read(again.table('kv'), 'a'), undefined)
})

test('a chunk that rots in the spool is there until it is asked for; then it is dropped, and can be put again', async () => {
  const spool = new MemorySpool()
  const [first, second] = chunks(2) as [SpooledChunk, SpooledChunk]
  assert.equal(spool.rot('kv'), false)
  await spool.put('kv', [first, second])
  assert.equal(spool.rot('kv'), true)
  assert.deepEqual(held(spool, 'kv', [first, second]), [0, 1])
  assert.equal(spool.get('kv', first.hash), undefined)
  assert.deepEqual(held(spool, 'kv', [first, second]), [1])
  assert.equal(spool.bytes(), second.bytes.length)
  await spool.put('kv', [first])
  assert.deepEqual(spool.get('kv', first.hash), first.bytes)
})

test('a false chunk in the spool is given out as if it were right, until it is dropped', async () => {
  const spool = new MemorySpool()
  const [first, second] = chunks(2) as [SpooledChunk, SpooledChunk]
  assert.equal(spool.falsify('kv'), false)
  const put: string[] = []
  spool.onPut = (group) => put.push(group)
  await spool.put('kv', [first, second])
  await spool.put('kv', [first])
  assert.deepEqual(put, ['kv'])
  assert.equal(spool.falsify('kv'), true)
  const given = spool.get('kv', first.hash)
  assert.equal(given?.length, first.bytes.length)
  assert.notDeepEqual(given, first.bytes)
  assert.deepEqual(spool.get('kv', second.hash), second.bytes)
  assert.equal(spool.rot('kv'), true)
  assert.equal(spool.get('kv', second.hash), undefined)
  assert.equal(spool.falsify('kv'), false)
  await spool.sweep('kv', () => false)
  await spool.put('kv', [first])
  assert.deepEqual(spool.get('kv', first.hash), first.bytes)
})
