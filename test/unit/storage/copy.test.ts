/** Copies of a stopped store: compacted in place, or a backup elsewhere; with everything in them, or not made. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { backUpStore, compactStore } from '../../../src/storage/lmdb/copy.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP, code, entries, put, shown } from '../../contract/store-samples.ts'

const ROWS = 2000
const LEFT = 50

/** A store that once held much more. */
async function worn(t: TestContext): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-copy-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const dir = join(root, 'a')
  const store = await openLmdb({ dir, cluster: 'demo', node: 'a' })
  await store.open('kv', BOOTSTRAP)
  const rows = (value?: string) => Array.from({ length: ROWS }, (_, i) => put(`key-${i}`, i < LEFT ? 'kept' : value))
  store.table('kv').apply(1, rows('x'.repeat(1000)))
  await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 2 }, entries: entries(1, 1, 1, 2) }])
  store.table('kv').apply(2, rows())
  await store.write([])
  await store.remember('founding:kv', 'mark')
  await store.remember('here:told', 'now')
  await store.close()
  return dir
}

/** Opens it as a node would; everything must be there. */
async function checkAll(dir: string, told = 'now'): Promise<void> {
  const store = await openLmdb({ dir, cluster: 'demo', node: 'a' })
  const { hardState, applied, lastIndex } = await store.open('kv', BOOTSTRAP)
  assert.deepEqual([hardState, applied, lastIndex], [{ term: 3, vote: 2, commit: 2 }, 2, 3])
  assert.equal(shown(store.table('kv').range('default', {})).length, LEFT)
  assert.equal(store.reader('kv').entries(1, 4, 1e6).length, 3)
  assert.deepEqual([store.recall('founding:kv'), store.recall('here:told')], ['mark', told])
  await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 2 } }])
  await store.close()
}

test('a compacted store is small, and has everything; so it has when a crash left a draft', async (t) => {
  const dir = await worn(t)
  const before = statSync(join(dir, 'data.mdb')).size
  writeFileSync(join(dir, 'copy.part'), 'half a copy')
  const done = await compactStore(dir)
  assert.equal(done.before, before)
  assert.equal(statSync(join(dir, 'data.mdb')).size, done.after)
  assert.ok(done.after * 5 < before, `${done.after} of ${before}`)
  assert.equal(existsSync(join(dir, 'copy.part')), false)
  await checkAll(dir)
  await checkAll(dir)
})

test('half a copy that a crash left takes no room once the store is opened', async (t) => {
  const dir = await worn(t)
  mkdirSync(join(dir, 'copy.part'))
  writeFileSync(join(dir, 'copy.part', 'data.mdb'), 'half a copy')
  await checkAll(dir)
  assert.ok(!existsSync(join(dir, 'copy.part')))
})

test('a backup is a directory that a node can be started on; the original stays as it was', async (t) => {
  const dir = await worn(t)
  const to = `${dir}-backup`
  const bytes = readFileSync(join(dir, 'data.mdb'))
  const done = await backUpStore(dir, to)
  assert.ok(done.records > LEFT + 3)
  assert.ok(readFileSync(join(dir, 'data.mdb')).equals(bytes))
  assert.deepEqual(readdirSync(to).sort(), ['data.mdb', 'hardstate'])
  await checkAll(to, '')
  await checkAll(dir)
  await assert.rejects(backUpStore(dir, to), code('CONFIG_INVALID'), 'over what is there')
})

test('of a store that is open, damaged or not there, no copy is made', async (t) => {
  const dir = await worn(t)
  const store = await openLmdb({ dir, cluster: 'demo', node: 'a' })
  await assert.rejects(compactStore(dir), code('STORE_IN_USE'))
  await assert.rejects(backUpStore(dir, `${dir}-b`), code('STORE_IN_USE'))
  await store.close()
  await assert.rejects(compactStore(`${dir}-none`), code('STORAGE_FAILED'))

  const path = join(dir, 'data.mdb')
  const bytes = readFileSync(path)
  const at = bytes.lastIndexOf('kept')
  bytes.write('bent', at)
  writeFileSync(path, bytes)
  const old = readFileSync(path)
  await assert.rejects(compactStore(dir), FlotillaError)
  await assert.rejects(backUpStore(dir, `${dir}-b`), FlotillaError)
  assert.ok(readFileSync(path).equals(old), 'it is left as it was')
  assert.deepEqual(
    [existsSync(`${dir}-b`), existsSync(`${dir}-b.part`), existsSync(join(dir, 'copy.part'))],
    [false, false, false],
  )
})
