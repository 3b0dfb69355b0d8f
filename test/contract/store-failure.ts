/** Contract of a store: what it does once something went wrong, and after its close. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../src/base/bytes.ts'
import { BOOTSTRAP, code, entries, put, read } from './store-samples.ts'
import type { WithBench } from './store-suite.ts'

function failureTests(withBench: WithBench): void {
  test(
    'after a failed write the store refuses everything, and nothing of that write is there',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      const [table, reader] = [store.table('kv'), store.reader('kv')]
      table.apply(1, [put('a', '1')])
      await store.write([{ group: 'kv', entries: entries(1, 1), hardState: { term: 1, vote: 1, commit: 1 } }])
      const snapshot = table.snapshot()
      bench.failNext()
      table.apply(2, [put('a', '2')])
      const failing = store.write([{ group: 'kv', entries: entries(1, 2, 2), hardState: { term: 2, vote: 2, commit: 2 } }])
      const waiting = store.remember('late', 'x')
      waiting.catch(() => {})
      await assert.rejects(failing, code('STORAGE_FAILED'))
      await assert.rejects(waiting, code('STORAGE_FAILED'))
      await assert.rejects(store.write([]), code('STORAGE_FAILED'))
      await assert.rejects(store.open('kv', BOOTSTRAP), code('STORAGE_FAILED'))
      await assert.rejects(store.remember('k', 'v'), code('STORAGE_FAILED'))
      await assert.rejects(store.room(), code('STORAGE_FAILED'))
      assert.throws(() => store.recall('k'), code('STORAGE_FAILED'))
      assert.throws(() => store.groups(), code('STORAGE_FAILED'))
      assert.throws(() => table.get('default', utf8('a')), code('STORAGE_FAILED'))
      assert.throws(() => table.range('default', {}), code('STORAGE_FAILED'))
      assert.throws(() => table.apply(3, []), code('STORAGE_FAILED'))
      assert.throws(() => reader.entries(1, 2, 100), code('STORAGE_FAILED'))
      assert.throws(() => snapshot.get('default', utf8('a')), code('STORAGE_FAILED'))
      snapshot.close()
      assert.ok(store.bytes() > 0 && store.identity.boot === 1)

      const again = await bench.restart(store)
      const found = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([found.hardState, found.lastIndex, found.applied], [{ term: 1, vote: 1, commit: 1 }, 1, 1])
      assert.equal(read(again.table('kv'), 'a'), '1')
      assert.equal(again.recall('late'), undefined)
    }),
  )

  test(
    'a group that could not be made durable is not there',
    withBench(async (bench) => {
      const store = await bench.open()
      bench.failNext()
      await assert.rejects(store.open('kv', BOOTSTRAP), code('STORAGE_FAILED'))
      assert.deepEqual((await bench.restart(store)).groups(), [])
    }),
  )
}

function closeTests(withBench: WithBench): void {
  test(
    'a closed store refuses everything, and may be closed again',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      const [table, reader] = [store.table('kv'), store.reader('kv')]
      await store.close()
      await store.close()
      await assert.rejects(store.write([]), code('STORE_CLOSED'))
      await assert.rejects(store.open('kv', BOOTSTRAP), code('STORE_CLOSED'))
      await assert.rejects(store.remember('k', 'v'), code('STORE_CLOSED'))
      await assert.rejects(store.room(), code('STORE_CLOSED'))
      assert.throws(() => store.table('kv'), code('STORE_CLOSED'))
      assert.throws(() => table.get('default', utf8('a')), code('STORE_CLOSED'))
      assert.throws(() => reader.entries(1, 2, 100), code('STORE_CLOSED'))
    }),
  )

  test(
    'what was asked for before the close is on disk after it',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      store.table('kv').apply(1, [put('a', '1')])
      const [written, remembered] = [store.write([{ group: 'kv', entries: entries(1, 1) }]), store.remember('k', 'v')]
      await store.close()
      await Promise.all([written, remembered])
      const again = await bench.open()
      assert.equal((await again.open('kv', BOOTSTRAP)).lastIndex, 1)
      assert.deepEqual([read(again.table('kv'), 'a'), again.recall('k')], ['1', 'v'])
    }),
  )
}

/** Declares them. */
export function storeFailureTests(withBench: WithBench): void {
  failureTests(withBench)
  closeTests(withBench)
}
