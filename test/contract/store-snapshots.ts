/** Contract of a store: a log can be cut off, and a staged state takes the place of everything, in one transaction. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../src/base/bytes.ts'
import type { Membership, NodeStore } from '../../src/ports/store.ts'
import type { TableWrite } from '../../src/ports/table.ts'
import { votersOnly } from '../../src/protocol/types.ts'
import { BOOTSTRAP, code, entries, invariant, put, read, shown } from './store-samples.ts'
import type { WithBench } from './store-suite.ts'

const TWO: Membership = { conf: votersOnly([1, 4]), peers: { 1: 'a', 2: 'b', 3: 'c', 4: 'd' }, lastPeerId: 4 }

async function* rowsOf(...rows: readonly TableWrite[]): AsyncGenerator<TableWrite> {
  yield* rows
}

/** Five entries, all applied, each a row of its own. */
async function filled(store: NodeStore): Promise<void> {
  await store.open('kv', BOOTSTRAP)
  await store.write([{ group: 'kv', hardState: { term: 2, vote: 1, commit: 5 }, entries: entries(1, 1, 1, 1, 2, 2) }])
  for (let i = 1; i <= 5; i++) store.table('kv').apply(i, [put(`k${i}`, `${i}`)])
}

const logOf = (store: NodeStore, lo: number, hi: number): number[] =>
  store
    .reader('kv')
    .entries(lo, hi, 1e6)
    .map(({ index }) => index)

function cutTests(withBench: WithBench): void {
  test(
    'a log that is cut off begins behind the cut, for readers and after a restart',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      await store.write([{ group: 'kv', truncate: { index: 3, term: 1 } }])
      assert.deepEqual(logOf(store, 4, 6), [4, 5])
      assert.throws(() => store.reader('kv').entries(3, 6, 1e6), code('COMPACTED'))
      await store.write([{ group: 'kv', entries: entries(6, 2, 3) }])
      const again = await bench.restart(store)
      const { truncated, lastIndex, runs, applied } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([truncated, lastIndex, applied], [{ index: 3, term: 1 }, 7, 5])
      assert.deepEqual(runs, [
        { from: 4, term: 2 },
        { from: 7, term: 3 },
      ])
      assert.deepEqual(logOf(again, 4, 8), [4, 5, 6, 7])
    }),
  )

  test(
    'a log may be cut off to its end, and goes on from there',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      await store.write([{ group: 'kv', truncate: { index: 5, term: 2 } }])
      const again = await bench.restart(store)
      const { truncated, lastIndex, runs } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([truncated, lastIndex, runs], [{ index: 5, term: 2 }, 5, []])
      await again.write([{ group: 'kv', entries: entries(6, 3) }])
      assert.deepEqual(logOf(again, 6, 7), [6])
    }),
  )

  test(
    'a log of many entries is taken off the disk bit by bit, while it goes on, and stays what it is',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      const many = 10_000
      await store.write([{ group: 'kv', entries: entries(1, ...Array.from({ length: many }, () => 1)) }])
      store.table('kv').apply(many, [put('k', 'v')])
      await store.write([{ group: 'kv', truncate: { index: many - 10, term: 1 } }])
      await store.write([{ group: 'kv', entries: entries(many + 1, 1) }])
      const again = await bench.restart(store)
      const { truncated, lastIndex } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([truncated.index, lastIndex], [many - 10, many + 1])
      await again.write([{ group: 'kv', entries: entries(many + 2, 1) }])
      await again.write([{ group: 'kv', entries: entries(many + 3, 1) }])
      assert.equal(logOf(again, many - 9, many + 4).length, 13)
    }),
  )

  test(
    'what is not applied, or not there, is not cut off',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      await store.write([{ group: 'kv', truncate: { index: 3, term: 1 } }])
      await assert.rejects(store.write([{ group: 'kv', truncate: { index: 9, term: 2 } }]), invariant('LOG_CUT_OUTSIDE'))
      await assert.rejects(store.write([{ group: 'kv', truncate: { index: 2, term: 1 } }]), invariant('LOG_CUT_OUTSIDE'))
    }),
  )
}

function installTests(withBench: WithBench): void {
  test(
    'a staged state changes nothing until it is installed, and then everything at once',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      await store.write([])
      const table = store.table('kv')
      const before = table.snapshot()
      const state = await store.stage('kv', rowsOf(put('new', 'n'), put('k1', 'other'), put('x', 'y', 'own')))
      assert.deepEqual(shown(table.range('default', {})), ['k1=1', 'k2=2', 'k3=3', 'k4=4', 'k5=5'])
      table.apply(6, [put('lost', 'with the old state')])
      await store.write([{ group: 'kv', install: { state, membership: TWO, index: 20, term: 3 } }])
      assert.deepEqual(shown(table.range('default', {})), ['k1=other', 'new=n'])
      assert.deepEqual([read(table, 'x', 'own'), table.applied, table.membership], ['y', 20, TWO])
      assert.deepEqual(shown(before.range('default', {})).length, 5) // who looked at the old state still does
      assert.deepEqual([read(before, 'k1'), before.applied], ['1', 5])
      before.close()
      table.apply(21, [put('k1', 'newer')])
      await store.write([{ group: 'kv', entries: entries(21, 3) }])
      const again = await bench.restart(store)
      const { truncated, lastIndex, hardState, applied, conf, lastPeerId } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([truncated, lastIndex, applied], [{ index: 20, term: 3 }, 21, 21])
      assert.deepEqual([hardState, conf, lastPeerId], [{ term: 2, vote: 1, commit: 20 }, TWO.conf, 4])
      assert.deepEqual(shown(again.table('kv').range('default', {})), ['k1=newer', 'new=n'])
      assert.deepEqual(shown(again.table('kv').range('own', {})), ['x=y'])
    }),
  )

  test(
    'of the log that a state replaces nothing is left, also when nothing follows',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      const state = await store.stage('kv', rowsOf(put('a', 'b')))
      await store.write([{ group: 'kv', install: { state, membership: TWO, index: 20, term: 3 } }])
      const again = await bench.restart(store)
      const { truncated, lastIndex, runs } = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([truncated, lastIndex, runs], [{ index: 20, term: 3 }, 20, []])
    }),
  )

  test(
    'a state is installed together with the hard state and the entries that follow it',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      const state = await store.stage('kv', rowsOf(put('a', 'b')))
      const install = { state, membership: TWO, index: 20, term: 3 }
      const hardState = { term: 4, vote: null, commit: 22 }
      await store.write([{ group: 'kv', hardState, install, entries: entries(21, 3, 4) }])
      const again = await bench.restart(store)
      const recovered = await again.open('kv', BOOTSTRAP)
      assert.deepEqual([recovered.hardState, recovered.lastIndex, recovered.applied], [hardState, 22, 20])
      assert.deepEqual(logOf(again, 21, 23), [21, 22])
    }),
  )

  test(
    'a crash forgets what was staged, and a state that is given up or cannot be read leaves nothing',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      await store.write([])
      await store.unstage(await store.stage('kv', rowsOf(put('given', 'up'))))
      async function* broken(): AsyncGenerator<TableWrite> {
        yield put('half', 'a state')
        throw new Error('the rest is missing')
      }
      await assert.rejects(store.stage('kv', broken()), /the rest is missing/)
      await store.stage('kv', rowsOf(put('never', 'installed')))
      const again = await bench.restart(store)
      await again.open('kv', BOOTSTRAP)
      await again.open('other', BOOTSTRAP) // would lie where something was left
      assert.deepEqual(shown(again.table('other').range('default', {})), [])
      assert.equal(shown(again.table('kv').range('default', {})).length, 5)
    }),
  )

  test(
    'states of many bytes are installed one after another, and the disk holds no more than what is needed',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      async function* large(round: number): AsyncGenerator<TableWrite> {
        for (let i = 0; i < 3000; i++) yield { family: 'default', key: utf8(`${i}`), value: new Uint8Array(1000).fill(round) }
      }
      const sizes: number[] = []
      for (let round = 1; round <= 6; round++) {
        const state = await store.stage('kv', large(round))
        assert.ok(state.bytes > 3_000_000)
        await store.write([{ group: 'kv', install: { state, membership: TWO, index: 10 * round, term: 3 } }])
        await store.unstage(await store.stage('kv', rowsOf())) // behind the clearing of what was replaced
        sizes.push(store.bytes())
      }
      assert.ok((sizes[5] as number) < 1.5 * (sizes[1] as number), sizes.join(' '))
      assert.equal(store.table('kv').get('default', utf8('7'))?.[0], 6)
    }),
  )

  test(
    'an older state is refused, and so is one that was installed already',
    withBench(async (bench) => {
      const store = await bench.open()
      await filled(store)
      await store.write([{ group: 'kv', truncate: { index: 5, term: 2 } }])
      const state = await store.stage('kv', rowsOf(put('a', 'b')))
      const install = { state, membership: TWO, index: 5, term: 2 }
      await assert.rejects(store.write([{ group: 'kv', install }]), invariant('SNAPSHOT_OLDER'))
      await store.write([{ group: 'kv', install: { ...install, index: 6 } }])
      await assert.rejects(store.unstage(state), invariant('STATE_NOT_STAGED'))
    }),
  )
}

/** Logs that are cut off, states that take the place of everything. */
export function storeSnapshotTests(withBench: WithBench): void {
  cutTests(withBench)
  installTests(withBench)
}
