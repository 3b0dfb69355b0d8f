/** Contract of a store: how many bytes the rows of each group have is known, exactly, whatever happened to them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../src/base/bytes.ts'
import type { NodeStore } from '../../src/ports/store.ts'
import type { TableWrite } from '../../src/ports/table.ts'
import { BOOTSTRAP, put } from './store-samples.ts'
import type { WithBench } from './store-suite.ts'

const GROUPS = ['large', 'small', 'empty'] as const

async function openAll(store: NodeStore): Promise<NodeStore> {
  for (const group of GROUPS) await store.open(group, BOOTSTRAP)
  return store
}

const bytesOf = (store: NodeStore): number[] => GROUPS.map((group) => store.stateBytes(group))

async function* rowsOf(...rows: readonly TableWrite[]): AsyncGenerator<TableWrite> {
  yield* rows
}

/** What a test does next: the group's next entry with these rows, or a write of all, or another opening. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      group: fc.constantFrom('large', 'small'),
      rows: fc.array(
        fc.record({
          family: fc.constantFrom('default', 'other'),
          key: fc.constantFrom('', 'a', 'bb', 'ccc', 'dddd'),
          size: fc.option(fc.constantFrom(0, 1, 7, 3000), { nil: undefined }),
        }),
        { maxLength: 4 },
      ),
    }),
  },
  { weight: 3, arbitrary: fc.constant('write' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
)

type Sizes = Map<string, Map<string, number>>

const sumsOf = (sizes: Sizes): number[] =>
  GROUPS.map((group) => [...(sizes.get(group)?.values() ?? [])].reduce((sum, bytes) => sum + bytes, 0))

export function storeBytesTests(withBench: WithBench): void {
  test(
    'the bytes of a group’s rows are its own, however large the others are, also after a restart',
    withBench(async (bench) => {
      const store = await openAll(await bench.open())
      const rows = Array.from({ length: 1000 }, (_, i) => put(`key ${1000 + i}`, 'x'.repeat(100)))
      store.table('large').apply(1, rows)
      store.table('small').apply(1, [put('k', 'value')])
      assert.deepEqual(bytesOf(store), [0, 0, 0], 'what is not saved does not count')
      await store.write([])
      assert.deepEqual(bytesOf(store), [108_000, 6, 0])
      assert.deepEqual(bytesOf(await openAll(await bench.restart(store))), [108_000, 6, 0])
    }),
  )

  test(
    'they stay right through any history of rows that come, grow, shrink and go',
    withBench(async (bench) => {
      let store = await openAll(await bench.open())
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          for (const group of GROUPS) if (!store.groups().includes(group)) await store.open(group, BOOTSTRAP)
          store = await play(store, steps, bench.restart)
        }),
        { numRuns: 15 },
      )
    }),
  )

  test(
    'an installed state brings its own, also when rows of it come twice or in no order',
    withBench(async (bench) => {
      const store = await openAll(await bench.open())
      store.table('small').apply(1, [put('old', 'row')])
      await store.write([{ group: 'small', hardState: { term: 1, vote: 1, commit: 1 } }])
      const state = await store.stage(
        'small',
        rowsOf(put('b', 'first'), put('b', '22'), put('a', '1'), put('b', '4444', 'other')),
      )
      assert.deepEqual([state.bytes, store.stateBytes('small')], [10, 6])
      const membership = { conf: BOOTSTRAP.conf, peers: BOOTSTRAP.peers, lastPeerId: 3 }
      await store.write([{ group: 'small', install: { state, membership, index: 9, term: 1 } }])
      assert.equal(store.stateBytes('small'), 10)
      store.table('small').apply(10, [put('a'), put('b', '333')])
      await store.write([])
      assert.equal(store.stateBytes('small'), 9)
      assert.equal((await openAll(await bench.restart(store))).stateBytes('small'), 9)
    }),
  )
}

/** Does all of that, and looks after each write; then everything goes. Returns the store that is open at the end. */
async function play(
  first: NodeStore,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  restart: (store: NodeStore) => Promise<NodeStore>,
): Promise<NodeStore> {
  let store = first
  let saved: Sizes = new Map()
  let now: Sizes = new Map()
  for (const one of [...steps, 'write'] as const) {
    if (one === 'restart') {
      store = await openAll(await restart(store))
      now = structuredClone(saved)
    } else if (one === 'write') {
      await store.write([])
      saved = structuredClone(now)
    } else applyRows(store, now, one)
    assert.deepEqual(bytesOf(store), sumsOf(saved))
  }
  for (const group of ['large', 'small']) {
    const gone = [...(now.get(group)?.keys() ?? [])].map((name) => {
      const [family = '', key = ''] = name.split('/')
      return put(key, undefined, family)
    })
    store.table(group).apply(store.table(group).applied + 1, gone)
  }
  await store.write([])
  assert.deepEqual(bytesOf(store), [0, 0, 0])
  return store
}

function applyRows(
  store: NodeStore,
  sizes: Sizes,
  {
    group,
    rows,
  }: { readonly group: string; readonly rows: readonly { family: string; key: string; size: number | undefined }[] },
): void {
  const of = sizes.get(group) ?? new Map<string, number>()
  sizes.set(group, of)
  const writes = rows.map(({ family, key, size }) => put(key, size === undefined ? undefined : 'v'.repeat(size), family))
  store.table(group).apply(store.table(group).applied + 1, writes)
  for (const { family, key, size } of rows) {
    const name = `${family}/${key}`
    if (size === undefined) of.delete(name)
    else of.set(name, utf8(key).length + size)
  }
}
