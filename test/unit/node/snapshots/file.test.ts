/** Snapshot files: a state saved out of one store and restored into others; and files that are cut, bent, or none, of which nothing is believed. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keepFounding, recallBirthmark, recallFounders } from '../../../../src/node/founding.ts'
import { openSnapshotFile, type SnapshotFile } from '../../../../src/node/snapshots/file.ts'
import { writeSnapshotFile } from '../../../../src/node/snapshots/file-writer.ts'
import { isChunk } from '../../../../src/node/snapshots/packing.ts'
import { restoreGroup } from '../../../../src/node/snapshots/restoring.ts'
import { rowsIn } from '../../../../src/node/snapshots/row-count.ts'
import { rowsOf, saveStored } from '../../../../src/node/snapshots/saving.ts'
import type { NodeStore } from '../../../../src/ports/store.ts'
import { votersOnly } from '../../../../src/protocol/types.ts'
import { memoryStore } from '../../../../src/storage/memory/store.ts'
import { encodeManifest } from '../../../../src/wire/manifest.ts'
import { BOOTSTRAP, code, entries, put, shown } from '../../../contract/store-samples.ts'

const ROWS = 3000

function tempDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-snapshot-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A state of several chunks, in two families. */
async function filled(): Promise<NodeStore> {
  const store = memoryStore({ cluster: 'demo', node: 'a' })
  await keepFounding(store, 'kv', { founders: 'old', mark: '0123456789abcdef0123456789abcdef' })
  await store.open('kv', BOOTSTRAP)
  const writes = Array.from({ length: ROWS }, (_, i) => put(`key-${i}`, `${i} `.repeat(20), i % 3 === 0 ? 'odd' : 'default'))
  await store.write([{ group: 'kv', hardState: { term: 2, vote: 1, commit: 3 }, entries: entries(1, 1, 1, 2) }])
  store.table('kv').apply(2, writes)
  await store.write([])
  return store
}

async function opened(t: TestContext, path: string): Promise<SnapshotFile> {
  const file = await openSnapshotFile(path, { isChunk })
  t.after(() => file.close())
  return file
}

const KV = rowsOf('kv', ['default', 'odd'])

test('what is saved of a store is what a new cluster is restored with, the same on each of its nodes', async (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'kv.snapshot')
  const source = await filled()
  const saved = await saveStored(source, 'kv', path)
  assert.deepEqual(readdirSync(dir), ['kv.snapshot'], 'nothing beside it')
  assert.equal(saved.bytes, readFileSync(path).length)
  assert.equal(source.spool.bytes(), 0, 'the chunks are in the file alone')
  const file = await opened(t, path)
  assert.deepEqual([file.hash, file.bytes, file.origin.cluster, file.origin.node], [saved.hash, saved.bytes, 'demo', 'a'])
  assert.deepEqual([file.manifest.index, file.manifest.term, file.manifest.group, file.manifest.kind], [2, 1, 'kv', 'kv'])
  assert.ok(file.manifest.chunks.length > 2, 'several chunks')
  assert.equal(await rowsIn(file), ROWS)
  assert.equal(await rowsIn({ ...file, manifest: { ...file.manifest, format: 'own' } }), null, 'which are no rows')

  const founded = new Set<string>()
  for (const node of ['x', 'y', 'z']) {
    const store = memoryStore({ cluster: 'other', node })
    const done = await restoreGroup(store, { file, nodes: ['z', 'x', 'y'], incarnation: '1', stateMachine: KV })
    assert.deepEqual([done.rows, done.index, done.peers], [ROWS, 2, { 4: 'x', 5: 'y', 6: 'z' }])
    const recovered = await store.open('kv', BOOTSTRAP)
    assert.deepEqual([recovered.conf, recovered.lastPeerId, recovered.peers], [votersOnly([4, 5, 6]), 6, done.peers])
    assert.deepEqual([recovered.truncated, recovered.lastIndex, recovered.applied], [{ index: 2, term: 1 }, 2, 2])
    assert.deepEqual(recovered.hardState, { term: 1, vote: null, commit: 2 })
    for (const family of ['default', 'odd'])
      assert.deepEqual(shown(store.table('kv').range(family, {})), shown(source.table('kv').range(family, {})))
    assert.equal(recallBirthmark(store, 'kv', recovered), done.founding)
    founded.add(`${done.founding} ${recallFounders(store, 'kv')}`)
    const again = { file, nodes: ['x', 'y', 'z'], incarnation: '1', stateMachine: KV }
    await assert.rejects(restoreGroup(store, again), code('STORE_MISMATCH'), 'over what is there')
  }
  assert.equal(founded.size, 1, 'all of one founding')
  const another = { file, nodes: ['x', 'y', 'z'], incarnation: '2', stateMachine: KV }
  const { founding } = await restoreGroup(memoryStore({ cluster: 'other', node: 'x' }), another)
  assert.ok(![...founded].some((known) => known.startsWith(founding)), 'another restoration is another cluster')
})

test('rows of families that the program does not know are refused, and so is another kind of state machine', async (t) => {
  const path = join(tempDir(t), 'kv.snapshot')
  await saveStored(await filled(), 'kv', path)
  const file = await opened(t, path)
  const restore = (stateMachine = KV) =>
    restoreGroup(memoryStore({ cluster: 'demo', node: 'a' }), { file, nodes: ['a'], incarnation: '1', stateMachine })
  await assert.rejects(restore(rowsOf('kv', ['default'])), code('UNKNOWN_FAMILY'))
  await assert.rejects(restore(rowsOf('actors', ['default', 'odd'])), code('STORE_MISMATCH'))
})

test('of a file with a bit changed anywhere, or cut at any place, nothing is believed', async (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'kv.snapshot')
  await saveStored(await filled(), 'kv', path)
  const whole = readFileSync(path)
  const bent = join(dir, 'bent')
  const refused = async (bytes: Uint8Array, what: string): Promise<void> => {
    writeFileSync(bent, bytes)
    await assert.rejects(openSnapshotFile(bent, { isChunk }), code('SNAPSHOT_INVALID'), what)
  }
  const places = [...Array(64).keys(), ...Array.from({ length: 60 }, (_, i) => 64 + Math.floor((i * (whole.length - 65)) / 59))]
  for (const at of places) {
    const copy = Buffer.from(whole)
    copy[at] = (copy[at] ?? 0) ^ 1
    await refused(copy, `bit of byte ${at}`)
    await refused(whole.subarray(0, at), `cut at ${at}`)
  }
  await refused(whole.subarray(0, -1), 'the last byte')
  await refused(Buffer.concat([whole, Buffer.of(0)]), 'one byte more')
  await refused(Buffer.from('{"not":"a snapshot"}'.repeat(10)), 'something else')
})

test('a chunk that does not come leaves no file, and a file that is there stays', async (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'kv.snapshot')
  const hash = new Uint8Array(16).fill(7)
  const { conf, peers } = BOOTSTRAP
  const head = { group: 'kv', epoch: 'e', kind: 'kv', format: 'rows', index: 1, term: 1 } as const
  const manifest = encodeManifest({ ...head, membership: { conf, peers, lastPeerId: 3 }, chunks: [{ hash, bytes: 10 }] })
  const origin = { cluster: 'demo', node: 'a', saved: new Date().toISOString() }
  const lost = writeSnapshotFile(path, { origin, manifest, chunk: () => Promise.reject(new Error('lost')) })
  await assert.rejects(lost, /lost/)
  assert.deepEqual(readdirSync(dir), [])
  writeFileSync(path, 'mine')
  await assert.rejects(writeSnapshotFile(path, { origin, manifest, chunk: () => hash }), code('CONFIG_INVALID'))
  assert.equal(readFileSync(path, 'utf8'), 'mine')
  assert.equal(existsSync(`${path}.part`), false)
})

test('of a group that has applied nothing there is no snapshot', async (t) => {
  const store = memoryStore({ cluster: 'demo', node: 'a' })
  await store.open('kv', BOOTSTRAP)
  await assert.rejects(saveStored(store, 'kv', join(tempDir(t), 'f')), code('UNAVAILABLE'))
  await assert.rejects(saveStored(store, 'none', join(tempDir(t), 'f')), code('UNKNOWN_GROUP'))
})
