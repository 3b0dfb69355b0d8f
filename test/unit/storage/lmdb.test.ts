/** What is particular to the store on LMDB: damage, formats, a disk that hangs, and directories that cannot be used. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { type Env, openEnv } from '../../../src/storage/lmdb/env.ts'
import { dataKey, FORMAT_KEY, groupKey, groupRecordKey, IDENTITY_KEY, logKey } from '../../../src/storage/lmdb/keys.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { seal, unseal } from '../../../src/storage/lmdb/seal.ts'
import { verifyStore } from '../../../src/storage/lmdb/verify.ts'
import type { Change, Commit } from '../../../src/storage/lmdb/writer.ts'
import { BOOTSTRAP, code, entries, put, read } from '../../contract/store-samples.ts'

const CLAIM = { cluster: 'test', node: 'a' }
const ALL = Number.MAX_SAFE_INTEGER
let dir = ''

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-lmdb-'))
})
afterEach(() => rm(dir, { recursive: true }))

/** A store with ten entries, one row and a fact, closed again. */
async function filled(): Promise<void> {
  const store = await openLmdb({ dir, ...CLAIM })
  await store.open('kv', BOOTSTRAP)
  store.table('kv').apply(9, [put('k', 'value')])
  await store.write([
    { group: 'kv', entries: entries(1, ...Array<number>(10).fill(1)), hardState: { term: 1, vote: 1, commit: 9 } },
  ])
  await store.remember('fact', 'x')
  await store.close()
}

/** Changes the environment behind the store's back. */
async function tamper(change: (env: Env) => void): Promise<void> {
  const env = openEnv(dir)
  change(env)
  await env.root.close()
}

/** What a check of everything finds. */
const damagesIn = async (path: string): Promise<string[]> => (await verifyStore(path)).flatMap(({ damages }) => damages)

/** Turns the last byte of a value. */
function turnLast(value: Uint8Array | undefined): Buffer {
  assert.ok(value)
  const turned = Buffer.from(value)
  turned[turned.length - 1] = (turned.at(-1) as number) ^ 1
  return turned
}

test('a missing entry is met as damage, not as the end of the log', async () => {
  await filled()
  await tamper((env) => env.log.removeSync(logKey(0, 5)))
  const store = await openLmdb({ dir, ...CLAIM })
  await store.open('kv', BOOTSTRAP) // its search for terms steps over the hole
  const reader = store.reader('kv')
  assert.throws(() => reader.entries(1, 11, ALL), code('STORE_DAMAGED'))
  assert.throws(() => reader.entries(4, 11, 60), code('STORE_DAMAGED')) // also where the bytes would end the read behind it
  assert.throws(() => reader.entries(5, 6, ALL), code('STORE_DAMAGED'))
  assert.equal(reader.entries(1, 5, ALL).length, 4)
  await store.close()
})

test('a log that lost its end, or an entry the search for terms meets, is refused', async () => {
  await filled()
  for (const lost of [8, 10]) {
    await tamper((env) => env.log.removeSync(logKey(0, lost)))
    const store = await openLmdb({ dir, ...CLAIM })
    await assert.rejects(store.open('kv', BOOTSTRAP), code('STORE_DAMAGED'))
    assert.throws(() => store.reader('kv'), code('UNKNOWN_GROUP'))
    await store.close()
  }
})

test('a log that goes on behind its recorded end is refused', async () => {
  await filled()
  await tamper((env) => env.log.putSync(logKey(0, 11), utf8('stray')))
  const store = await openLmdb({ dir, ...CLAIM })
  await assert.rejects(store.open('kv', BOOTSTRAP), /ends at 11, not at 10/)
  await store.close()
})

test('a damaged entry, or one in another’s place, is met as damage', async () => {
  await filled()
  await tamper((env) => {
    env.log.putSync(logKey(0, 3), turnLast(env.log.get(logKey(0, 3))))
    env.log.putSync(logKey(0, 7), env.log.get(logKey(0, 6)) as Uint8Array)
  })
  const store = await openLmdb({ dir, ...CLAIM })
  await store.open('kv', BOOTSTRAP)
  const reader = store.reader('kv')
  assert.throws(() => reader.entries(3, 4, ALL), code('STORE_DAMAGED'))
  assert.throws(() => reader.entries(7, 8, ALL), code('STORE_DAMAGED'))
  assert.equal(reader.entries(4, 7, ALL).length, 3)
  await store.close()
})

test('a damaged row, state record or identity is met as damage', async () => {
  await filled()
  await tamper((env) => {
    for (const { key, value } of [...env.data.getRange()]) env.data.putSync(key, turnLast(value))
  })
  let store = await openLmdb({ dir, ...CLAIM })
  await store.open('kv', BOOTSTRAP)
  assert.throws(() => read(store.table('kv'), 'k'), code('STORE_DAMAGED'))
  assert.throws(() => [...store.table('kv').range('default', {})], code('STORE_DAMAGED'))
  await store.close()
  await tamper((env) => env.state.putSync(groupKey(0), turnLast(env.state.get(groupKey(0)))))
  store = await openLmdb({ dir, ...CLAIM })
  await assert.rejects(store.open('kv', BOOTSTRAP), code('STORE_DAMAGED'))
  await store.close()
  await tamper((env) => env.meta.putSync(IDENTITY_KEY, turnLast(env.meta.get(IDENTITY_KEY))))
  await assert.rejects(openLmdb({ dir, ...CLAIM }), code('STORAGE_FAILED'))
})

test('a newer format is refused with advice, and content without a format is not touched', async () => {
  await filled()
  await tamper((env) => env.meta.putSync(FORMAT_KEY, utf8('5')))
  await assert.rejects(openLmdb({ dir, ...CLAIM }), (thrown: Error) => {
    assert.match(thrown.message, /format 5, this version reads 3 to 4: run the Flotilla version that wrote it/)
    return code('STORE_MISMATCH')(thrown)
  })
  await tamper((env) => env.meta.removeSync(FORMAT_KEY))
  await assert.rejects(openLmdb({ dir, ...CLAIM }), code('STORAGE_FAILED'))
})

test('a store of format 3 is taken over: the bytes of its rows are counted once, and from then on it is of format 4', async () => {
  await filled()
  await tamper((env) => {
    const key = groupKey(0)
    const body = unseal(key, env.state.get(key) as Uint8Array, 'the state')
    env.state.putSync(key, seal(key, body.subarray(0, 36)))
    env.meta.putSync(FORMAT_KEY, utf8('3'))
  })
  const store = await openLmdb({ dir, ...CLAIM })
  const { hardState, applied, lastIndex } = await store.open('kv', BOOTSTRAP)
  assert.deepEqual([hardState, applied, lastIndex], [{ term: 1, vote: 1, commit: 9 }, 9, 10])
  assert.equal(store.stateBytes('kv'), 6)
  store.table('kv').apply(10, [put('k', 'longer value'), put('l')])
  await store.write([])
  assert.equal(store.stateBytes('kv'), 13)
  await store.close()
  await tamper((env) => {
    assert.equal(env.state.get(groupKey(0))?.length, 5 + 42)
    assert.equal(text(env.meta.get(FORMAT_KEY) as Uint8Array), '4')
  })
  assert.deepEqual(await damagesIn(dir), [])
  await tamper((env) => env.data.removeSync(dataKey(0, '\0\0k')))
  assert.deepEqual(await damagesIn(dir), ['the rows have 0 bytes, not 13'])
})

test('a store of an older format is refused with advice', async () => {
  await filled()
  await tamper((env) => env.meta.putSync(FORMAT_KEY, utf8('2')))
  await assert.rejects(openLmdb({ dir, ...CLAIM }), (thrown: Error) => {
    assert.match(
      thrown.message,
      /format 2, this version reads 3 to 4: run the Flotilla version that wrote it, or give the node an empty directory/,
    )
    return code('STORE_MISMATCH')(thrown)
  })
})

test('nothing is left of a destroyed group that had a state installed, or just being installed', async () => {
  for (const isUnderWay of [false, true]) {
    const store = await openLmdb({ dir, ...CLAIM })
    await store.open('kv', isUnderWay ? { ...BOOTSTRAP, replaces: 2 } : BOOTSTRAP)
    store.table('kv').apply(1, [put('old', 'row')])
    await store.write([{ group: 'kv', entries: entries(1, 1), hardState: { term: 1, vote: 1, commit: 1 } }])
    const rows = async function* () {
      yield put('new', 'row')
    }
    const state = await store.stage('kv', rows())
    const membership = { conf: BOOTSTRAP.conf, peers: BOOTSTRAP.peers, lastPeerId: 3 }
    const installing = store.write([{ group: 'kv', install: { state, membership, index: 9, term: 1 }, entries: entries(10, 1) }])
    if (!isUnderWay) await installing
    await Promise.all([installing, store.destroy('kv', { peer: 2 })])
    await store.close()
    await tamper((env) => {
      const left = [env.state, env.log, env.data].map((db) => db.getKeysCount())
      assert.deepEqual(left, [0, 0, 0], isUnderWay ? 'under way' : 'installed')
    })
  }
})

test('what a crash left of a destroyed group is cleared when the store is opened next', async () => {
  await filled()
  await tamper((env) => {
    const key = groupRecordKey('kv')
    env.meta.putSync(key, seal(key, utf8(JSON.stringify({ number: 0, tombstone: true, peer: 2 }))))
    assert.ok(env.log.getKeysCount() > 0 && env.data.getKeysCount() > 0)
  })
  const store = await openLmdb({ dir, ...CLAIM })
  assert.deepEqual([store.groups(), store.tombstone('kv')], [[], { peer: 2 }])
  await store.close()
  await tamper((env) => assert.deepEqual([env.log.getKeysCount(), env.data.getKeysCount()], [0, 0]))
})

test('a write that never settles fails in time, and for good', async () => {
  let hang = false
  const wrapCommit =
    (commit: Commit): Commit =>
    (changes) =>
      hang ? new Promise<never>(() => {}) : commit(changes)
  const store = await openLmdb({ dir, ...CLAIM, watchdogMs: 400, wrapCommit })
  await store.open('kv', BOOTSTRAP)
  hang = true
  await assert.rejects(store.write([{ group: 'kv', entries: entries(1, 1) }]), {
    code: 'STORAGE_FAILED',
    message: /no answer from the disk within 400 ms/,
    details: { silent: true },
  })
  hang = false
  await assert.rejects(store.write([]), code('STORAGE_FAILED'))
  await store.close()
})

test('a failure says why, and what to do', async () => {
  const wrapCommit = (commit: Commit) => (changes: readonly Change[]) =>
    changes.length > 2 ? Promise.reject(new Error('EIO, of all things')) : commit(changes)
  const store = await openLmdb({ dir, ...CLAIM, wrapCommit })
  await store.open('kv', BOOTSTRAP)
  for (let i = 0; i < 2; i++) {
    await assert.rejects(store.write([{ group: 'kv', entries: entries(1, 1, 1, 1) }]), {
      message:
        /^the store could not write: EIO, of all things\. Check the disk of .*flotilla-lmdb-.* start the node again\. .*docs\/operations\.md/,
      details: {},
    })
  }
  await store.close()
})

test('a directory that cannot be used is a storage failure; one named like a file can be used', async () => {
  await writeFile(join(dir, 'file'), '')
  await assert.rejects(openLmdb({ dir: join(dir, 'file'), ...CLAIM }), code('STORAGE_FAILED'))
  const store = await openLmdb({ dir: join(dir, 'deep', 'node.a'), ...CLAIM })
  assert.ok(store.bytes() > 0)
  await store.close()
})

test('the file outgrows the address space it began with, also while a snapshot is open', async () => {
  const store = await openLmdb({ dir, ...CLAIM, mapSize: 256 * 1024 })
  await store.open('kv', BOOTSTRAP)
  const table = store.table('kv')
  table.apply(1, [put('first', 'row')])
  await store.write([])
  const snapshot = table.snapshot()
  for (let index = 2; index < 40; index++) {
    table.apply(index, [{ family: 'default', key: utf8(`k${index}`), value: new Uint8Array(100_000).fill(index) }])
    await store.write([])
    assert.equal(read(snapshot, 'first'), 'row')
  }
  assert.ok(store.bytes() > 3_000_000)
  assert.equal([...table.range('default', {})].length, 39)
  assert.equal([...snapshot.range('default', {})].length, 1)
  snapshot.close()
  await store.close()
})

test('open snapshots are bounded', async () => {
  const store = await openLmdb({ dir, ...CLAIM })
  await store.open('kv', BOOTSTRAP)
  const table = store.table('kv')
  const open = Array.from({ length: 1000 }, () => table.snapshot())
  assert.throws(() => table.snapshot(), code('BUSY'))
  open.pop()?.close()
  table.snapshot()
  await store.close()
})
