/** Contract of a store: identity, groups, hard state and log. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Entry, votersOnly } from '../../src/protocol/types.ts'
import { BOOTSTRAP, code, entries, entry, invariant, put, read } from './store-samples.ts'
import type { WithBench } from './store-suite.ts'

const ALL = Number.MAX_SAFE_INTEGER

function identityTests(withBench: WithBench): void {
  test(
    'the uuid stays, and the boot count rises by one at each open',
    withBench(async (bench) => {
      const first = await bench.open()
      assert.deepEqual({ ...first.identity, uuid: '', run: '' }, { uuid: '', run: '', boot: 1, cluster: 'test', node: 'a' })
      const second = await bench.restart(first)
      assert.equal(second.identity.boot, 2)
      assert.equal(second.identity.uuid, first.identity.uuid)
      assert.notEqual(second.identity.run, first.identity.run)
      assert.match(second.identity.uuid, /^[0-9a-f-]{36}$/)
    }),
  )

  test(
    'a disk of another cluster or node is refused, and stays usable by its own',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.close()
      await assert.rejects(bench.open({ cluster: 'other' }), code('STORE_MISMATCH'))
      await assert.rejects(bench.open({ node: 'b' }), code('STORE_MISMATCH'))
      assert.equal((await bench.open()).identity.boot, 2)
    }),
  )

  test(
    'a store that is open is refused to a second one, naming the process',
    withBench(async (bench) => {
      const store = await bench.open()
      await assert.rejects(
        bench.open(),
        (thrown: Error) => code('STORE_IN_USE')(thrown) && thrown.message.includes(String(process.pid)),
      )
      await store.close()
      assert.equal((await bench.open()).identity.boot, 2)
    }),
  )

  test(
    'a remembered fact is there after a restart, the last value of it',
    withBench(async (bench) => {
      const store = await bench.open()
      assert.equal(store.recall('peer.b'), undefined)
      await store.remember('peer.b', 'one')
      await store.remember('peer.b', 'zwei ü')
      assert.equal(store.recall('peer.b'), 'zwei ü')
      const again = await bench.restart(store)
      assert.equal(again.recall('peer.b'), 'zwei ü')
      await assert.rejects(again.remember('k', 'x'.repeat(5000)), code('TOO_LARGE'))
    }),
  )

  test(
    'facts go along with a write, alone or with others, and with its scope',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      await store.write([], 'batch', new Map([['alone', 'one']]))
      await store.write([{ group: 'kv', entries: entries(1, 1) }], 'batch', new Map([['along', 'two']]))
      await store.write([], 'all', new Map([['alone', 'three']]))
      assert.deepEqual([store.recall('alone'), store.recall('along')], ['three', 'two'])
      await assert.rejects(store.write([], 'all', new Map([['k', 'x'.repeat(5000)]])), code('TOO_LARGE'))
      await store.write([], 'all')
      const again = await bench.restart(store)
      assert.deepEqual([again.recall('alone'), again.recall('along'), again.recall('k')], ['three', 'two', undefined])
    }),
  )
}

function groupTests(withBench: WithBench): void {
  test(
    'a new group starts from its bootstrap, an old one from what is stored',
    withBench(async (bench) => {
      const store = await bench.open()
      const fresh = await store.open('kv', BOOTSTRAP)
      assert.deepEqual(fresh, {
        hardState: { term: 0, vote: null, commit: 0 },
        conf: BOOTSTRAP.conf,
        peers: BOOTSTRAP.peers,
        lastPeerId: 3,
        kind: 'kv',
        truncated: { index: 0, term: 0 },
        lastIndex: 0,
        runs: [],
        applied: 0,
      })
      const again = await bench.restart(store)
      assert.deepEqual(again.groups(), ['kv'])
      const stored = await again.open('kv', { conf: votersOnly([9]), peers: { 9: 'z' }, kind: 'kv' })
      assert.deepEqual(stored, fresh)
    }),
  )

  test(
    'a group is refused to another kind, and to a name that is none',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      await assert.rejects(store.open('kv', { ...BOOTSTRAP, kind: 'actors' }), code('STORE_MISMATCH'))
      await assert.rejects(store.open('no/such', BOOTSTRAP), code('CONFIG_INVALID'))
      const again = await bench.restart(store)
      await assert.rejects(again.open('kv', { ...BOOTSTRAP, kind: 'actors' }), code('STORE_MISMATCH'))
      assert.equal((await again.open('kv', BOOTSTRAP)).kind, 'kv')
    }),
  )

  test(
    'a group that is not open is unknown to read and write',
    withBench(async (bench) => {
      const store = await bench.open()
      assert.throws(() => store.reader('kv'), code('UNKNOWN_GROUP'))
      assert.throws(() => store.table('kv'), code('UNKNOWN_GROUP'))
      await assert.rejects(store.write([{ group: 'kv' }]), code('UNKNOWN_GROUP'))
      await store.open('kv', BOOTSTRAP)
      await store.write([{ group: 'kv' }])
    }),
  )
}

function logTests(withBench: WithBench): void {
  test(
    'hard state and entries of every kind survive a restart',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      const log: Entry[] = [
        { term: 1, index: 1, kind: 'noop', data: new Uint8Array(0) },
        { term: 1, index: 2, kind: 'command', data: Uint8Array.from([0, 255, 128]) },
        { term: 4, index: 3, kind: 'configuration', data: new Uint8Array(100_000).fill(7) },
      ]
      await store.write([{ group: 'kv', hardState: { term: 4, vote: 3, commit: 2 }, entries: log }])
      const again = await bench.restart(store)
      const found = await again.open('kv', BOOTSTRAP)
      assert.deepEqual(found.hardState, { term: 4, vote: 3, commit: 2 })
      assert.equal(found.lastIndex, 3)
      assert.deepEqual(found.runs, [
        { from: 1, term: 1 },
        { from: 3, term: 4 },
      ])
      assert.deepEqual(again.reader('kv').entries(1, 4, ALL), log)
    }),
  )

  test(
    'a write without hard state keeps the one stored',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      await store.write([{ group: 'kv', hardState: { term: 2, vote: null, commit: 0 } }])
      await store.write([{ group: 'kv', entries: entries(1, 2) }])
      const found = await (await bench.restart(store)).open('kv', BOOTSTRAP)
      assert.deepEqual([found.hardState, found.lastIndex], [{ term: 2, vote: null, commit: 0 }, 1])
    }),
  )

  test(
    'entries that overwrite also remove what was stored beyond them',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      await store.open('other', BOOTSTRAP)
      await store.write([
        { group: 'kv', entries: entries(1, 1, 1, 1, 2, 2, 2) },
        { group: 'other', entries: entries(1, 5, 5) },
      ])
      await store.write([{ group: 'kv', entries: entries(3, 3) }])
      assert.throws(() => store.reader('kv').entries(4, 5, ALL), code('STORE_DAMAGED'))
      const again = await bench.restart(store)
      const found = await again.open('kv', BOOTSTRAP)
      assert.equal(found.lastIndex, 3)
      assert.deepEqual(found.runs, [
        { from: 1, term: 1 },
        { from: 3, term: 3 },
      ])
      assert.deepEqual(again.reader('kv').entries(1, 4, ALL), [...entries(1, 1, 1), entry(3, 3)])
      assert.equal((await again.open('other', BOOTSTRAP)).lastIndex, 2)
    }),
  )
}

function readTests(withBench: WithBench): void {
  test(
    'runs of terms are found whatever their lengths',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      const lengths = [1, 1, 7, 64, 2, 33, 1, 128]
      const terms = lengths.flatMap((length, i) => Array<number>(length).fill(2 * i + 1))
      await store.write([{ group: 'kv', entries: entries(1, ...terms) }])
      const expected = terms.flatMap((term, i) => (term === terms[i - 1] ? [] : [{ from: i + 1, term }]))
      assert.deepEqual((await (await bench.restart(store)).open('kv', BOOTSTRAP)).runs, expected)
    }),
  )

  test(
    'reads stop before the bytes are too many, but never before the first entry',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      await store.write([{ group: 'kv', entries: [1, 2, 3, 4].map((index) => entry(index, 1, 'x'.repeat(84))) }]) // 100 bytes each with their frame
      const reader = store.reader('kv')
      const indexes = (lo: number, hi: number, bytesMax: number): number[] => reader.entries(lo, hi, bytesMax).map((e) => e.index)
      assert.deepEqual(indexes(1, 5, 300), [1, 2, 3])
      assert.deepEqual(indexes(1, 5, 299), [1, 2])
      assert.deepEqual(indexes(2, 5, 1), [2])
      assert.deepEqual(indexes(3, 3, 100), [])
      assert.throws(() => reader.entries(3, 7, ALL), code('STORE_DAMAGED'))
      assert.throws(() => reader.entries(0, 2, ALL), code('COMPACTED'))
    }),
  )
}

function batchTests(withBench: WithBench): void {
  test(
    'a batch with a hole, a falling term or a group twice is a broken invariant, and changes nothing',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      store.table('kv').apply(1, [put('k', 'v')])
      const wrong = (list: readonly Entry[]): Promise<void> => store.write([{ group: 'kv', entries: list }])
      await assert.rejects(wrong(entries(2, 1)), invariant('LOG_HOLE'))
      await assert.rejects(wrong([entry(1, 1), entry(3, 1)]), invariant('LOG_HOLE'))
      await assert.rejects(wrong([entry(1, 2), entry(2, 1)]), invariant('LOG_TERM_FELL'))
      await assert.rejects(store.write([{ group: 'kv' }, { group: 'kv' }]), invariant('GROUP_TWICE_IN_BATCH'))
      await store.write([{ group: 'kv', entries: entries(1, 1) }])
      assert.equal(read(store.table('kv'), 'k'), 'v')
    }),
  )

  test(
    'writes do not overlap, and a write under way is not read from the log',
    withBench(async (bench) => {
      const store = await bench.open()
      await store.open('kv', BOOTSTRAP)
      await store.write([{ group: 'kv', entries: entries(1, 1, 1) }])
      const under = store.write([{ group: 'kv', entries: entries(2, 2) }])
      assert.equal(store.reader('kv').entries(2, 3, ALL)[0]?.term, 1)
      await assert.rejects(store.write([]), invariant('WRITES_OVERLAP'))
      await under
      assert.equal(store.reader('kv').entries(2, 3, ALL)[0]?.term, 2)
    }),
  )
}

/** Declares them. */
export function storeLogTests(withBench: WithBench): void {
  identityTests(withBench)
  groupTests(withBench)
  logTests(withBench)
  readTests(withBench)
  batchTests(withBench)
}
