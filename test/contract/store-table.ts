/** Contract of a store: applied state, its ranges and snapshots, and that it never disagrees with its applied index. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../src/base/bytes.ts'
import { KEY_BYTES_MAX } from '../../src/base/limits.ts'
import type { NodeStore } from '../../src/ports/store.ts'
import type { Range, Table } from '../../src/ports/table.ts'
import { storeModelTests } from './store-model.ts'
import { BOOTSTRAP, code, entries, invariant, put, read, shown } from './store-samples.ts'
import type { StoreBench, WithBench } from './store-suite.ts'

async function kv(bench: StoreBench): Promise<{ store: NodeStore; table: Table }> {
  const store = await bench.open()
  await store.open('kv', BOOTSTRAP)
  return { store, table: store.table('kv') }
}

function visibilityTests(withBench: WithBench): void {
  test(
    'what is applied is visible at once, and gone after a crash without a write',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(1, [put('a', '1')])
      await store.write([])
      assert.equal(store.unsavedBytes, 0)
      table.apply(2, [put('a', '2'), put('b', '2')])
      assert.ok(store.unsavedBytes > 0)
      assert.deepEqual([read(table, 'a'), read(table, 'b'), table.applied], ['2', '2', 2])
      const again = await bench.restart(store)
      assert.equal((await again.open('kv', BOOTSTRAP)).applied, 1)
      const old = again.table('kv')
      assert.deepEqual([read(old, 'a'), read(old, 'b'), old.applied], ['1', undefined, 1])
    }),
  )

  test(
    'a write saves what all groups applied, with their applied index and families',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      await store.open('other', BOOTSTRAP)
      table.apply(7, [put('k', 'v'), put('k', 'w', 'lock'), put('gone', 'x'), put('gone')])
      store.table('other').apply(3, [put('k', 'o')])
      await store.write([{ group: 'kv', entries: entries(1, 1) }])
      const again = await bench.restart(store)
      assert.equal((await again.open('kv', BOOTSTRAP)).applied, 7)
      assert.equal((await again.open('other', BOOTSTRAP)).applied, 3)
      assert.deepEqual([read(again.table('kv'), 'k'), read(again.table('kv'), 'k', 'lock')], ['v', 'w'])
      assert.deepEqual([read(again.table('kv'), 'gone'), read(again.table('other'), 'k')], [undefined, 'o'])
      assert.equal(read(again.table('other'), 'k', 'lock'), undefined)
    }),
  )

  test(
    'a write of the batch alone saves the log, and leaves what is applied for later',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(1, [put('a', '1')])
      await store.write([{ group: 'kv', entries: entries(1, 1) }], 'batch')
      assert.ok(store.unsavedBytes > 0)
      assert.deepEqual([read(table, 'a'), table.applied], ['1', 1])
      const again = await bench.restart(store)
      const { lastIndex, applied } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([lastIndex, applied, read(again.table('kv'), 'a')], [1, 0, undefined])
    }),
  )

  test(
    'an applied index is saved without any rows',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(4, [])
      await store.write([])
      assert.equal((await (await bench.restart(store)).open('kv', BOOTSTRAP)).applied, 4)
    }),
  )
}

function writingTests(withBench: WithBench): void {
  test(
    'reads see everything at each moment of a write',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      for (let round = 1; round <= 20; round++) {
        table.apply(2 * round - 1, [put('key', `${round}`), put(`row${round}`, 'x')])
        let settled = false
        const under = store.write([]).then(() => {
          settled = true
        })
        table.apply(2 * round, [put('late', `${round}`)])
        while (!settled) {
          assert.deepEqual([read(table, 'key'), read(table, 'late'), read(table, `row${round}`)], [`${round}`, `${round}`, 'x'])
          assert.equal(shown(table.range('default', {})).length, round + 2)
          await new Promise<void>((next) => (round % 2 ? setImmediate(next) : queueMicrotask(next)))
          if (round % 2 === 0) await new Promise(setImmediate)
        }
        await under
        assert.deepEqual([read(table, 'key'), read(table, 'late')], [`${round}`, `${round}`])
      }
    }),
  )
}

function boundsTests(withBench: WithBench): void {
  test(
    'bytes handed out are the caller’s',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      const spoil = (): void => {
        table.get('default', utf8('k'))?.fill(0)
        for (const [key, value] of table.range('default', {})) [key.fill(0), value.fill(0)]
      }
      table.apply(1, [put('k', 'v')])
      spoil()
      assert.equal(read(table, 'k'), 'v')
      await store.write([])
      spoil()
      assert.equal(read(table, 'k'), 'v')
    }),
  )

  test(
    'apply refuses an index that falls and a key that is too long, and then changes nothing',
    withBench(async (bench) => {
      const { table } = await kv(bench)
      table.apply(5, [put('a', '1')])
      assert.throws(() => table.apply(5, [put('a', '2')]), invariant('APPLIED_FELL'))
      assert.throws(() => table.apply(6, [put('a', '2'), put('x'.repeat(KEY_BYTES_MAX + 1), '')]), code('TOO_LARGE'))
      assert.deepEqual([read(table, 'a'), table.applied], ['1', 5])
      table.apply(6, [put('x'.repeat(KEY_BYTES_MAX), 'long'), put('', 'empty key'), put('empty', '')])
      assert.deepEqual([read(table, 'x'.repeat(KEY_BYTES_MAX)), read(table, ''), read(table, 'empty')], ['long', 'empty key', ''])
    }),
  )
}

function momentTests(withBench: WithBench): void {
  test(
    'a write saves what was applied at its call, not what is applied while it is under way',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(1, [put('a', '1')])
      const under = store.write([])
      table.apply(2, [put('a', '2')])
      assert.equal(read(table, 'a'), '2')
      await under
      assert.equal(read(table, 'a'), '2')
      const again = await bench.restart(store)
      assert.equal((await again.open('kv', BOOTSTRAP)).applied, 1)
      assert.equal(read(again.table('kv'), 'a'), '1')
    }),
  )
}

function rangeTests(withBench: WithBench): void {
  test(
    'a range merges saved, leaving and fresh rows, both ways, with bounds and limit',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(1, [put('a', '1'), put('b', '1'), put('c', '1'), put('d', '1'), put('z', '1', 'zz'), put('a', '1', 'aa')])
      await store.write([])
      table.apply(2, [put('b', '2'), put('c'), put('e', '2')])
      const under = store.write([])
      table.apply(3, [put('c', '3'), put('d'), put('f', '3')])
      const check = (): void => {
        const rows = (range: Range): string => shown(table.range('default', range)).join(' ')
        assert.equal(rows({}), 'a=1 b=2 c=3 e=2 f=3')
        assert.equal(rows({ reverse: true }), 'f=3 e=2 c=3 b=2 a=1')
        assert.equal(rows({ from: utf8('b'), to: utf8('e') }), 'b=2 c=3')
        assert.equal(rows({ from: utf8('b'), to: utf8('e'), reverse: true }), 'c=3 b=2')
        assert.equal(rows({ from: utf8('bb'), limit: 2 }), 'c=3 e=2')
        assert.equal(rows({ to: utf8('ee'), reverse: true, limit: 2 }), 'e=2 c=3')
        assert.equal(rows({ from: utf8('e'), to: utf8('b') }) + rows({ limit: 0 }), '')
        assert.deepEqual([shown(table.range('none', {})), shown(table.range('zz', { reverse: true }))], [[], ['z=1']])
      }
      check()
      await under
      check()
      await store.write([])
      check()
    }),
  )

  test(
    'a range shows its rows as of the call, whatever is applied and written while it is read',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(1, [put('a', '1'), put('b', '1')])
      await store.write([])
      table.apply(2, [put('c', '2')])
      const early = table.range('default', {})
      const rows = table.range('default', { reverse: true })[Symbol.iterator]()
      assert.equal(shown([rows.next().value])[0], 'c=2')
      table.apply(3, [put('a', '3'), put('b'), put('bb', '3')])
      await store.write([])
      table.apply(4, [put('c')])
      await store.write([])
      assert.deepEqual(shown({ [Symbol.iterator]: () => rows }), ['b=1', 'a=1'])
      assert.deepEqual(shown(early), ['a=1', 'b=1', 'c=2'])
      assert.deepEqual(shown(table.range('default', {})), ['a=3', 'bb=3'])
    }),
  )
}

function snapshotTests(withBench: WithBench): void {
  test(
    'a snapshot stays as it was, and answers no more once it or its store is closed',
    withBench(async (bench) => {
      const { store, table } = await kv(bench)
      table.apply(1, [put('a', '1'), put('b', '1')])
      await store.write([])
      table.apply(2, [put('b', '2')])
      const snapshot = table.snapshot()
      const kept = table.snapshot()
      for (let index = 3; index < 9; index++) {
        table.apply(index, [put('a'), put('b', `${index}`), put(`c${index}`, 'x'.repeat(5000))])
        await store.write([])
      }
      assert.equal(snapshot.applied, 2)
      assert.deepEqual([read(snapshot, 'a'), read(snapshot, 'b'), read(snapshot, 'c3')], ['1', '2', undefined])
      assert.deepEqual(shown(snapshot.range('default', {})), ['a=1', 'b=2'])
      assert.deepEqual(shown(snapshot.range('default', { reverse: true, limit: 1 })), ['b=2'])
      snapshot.close()
      snapshot.close()
      assert.throws(() => snapshot.get('default', utf8('a')), code('CLOSED'))
      assert.equal(read(kept, 'a'), '1')
      const rows = kept.range('default', {})[Symbol.iterator]()
      rows.next()
      await store.close()
      assert.throws(() => read(kept, 'a'), code('STORE_CLOSED'))
      kept.close()
    }),
  )
}

/** Declares them. */
export function storeTableTests(withBench: WithBench): void {
  visibilityTests(withBench)
  writingTests(withBench)
  boundsTests(withBench)
  momentTests(withBench)
  rangeTests(withBench)
  snapshotTests(withBench)
  storeModelTests(withBench)
}
