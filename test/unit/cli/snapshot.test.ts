/** `flotilla snapshot` on directories: saved, looked at, restored; refused where something is there, or is not what it should be. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { run } from '../../../src/cli/run.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP, entries, put, shown } from '../../contract/store-samples.ts'
import { fakeTerminal } from './fake-terminal.ts'

const NODES = 'x,y,z'

/** A directory with the store of node `a`, as `a`. */
async function sampleDir(t: TestContext): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-snapshot-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const store = await openLmdb({ dir: join(root, 'a'), cluster: 'demo', node: 'a' })
  await store.open('kv', BOOTSTRAP)
  store.table('kv').apply(2, [put('k', 'v'), put('m', 'w', 'extra')])
  await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 2 }, entries: entries(1, 1, 1, 2) }])
  await store.close()
  return root
}

async function flotilla(...words: string[]) {
  const terminal = fakeTerminal()
  const code = await run(words, terminal)
  return { code, out: terminal.out.text, err: terminal.err.text }
}

const jsonOf = (out: string) => JSON.parse(out) as Record<string, unknown>

test('a stopped node is saved, the file is looked at, and a new cluster is made of it', async (t) => {
  const root = await sampleDir(t)
  const file = join(root, 'kv.snapshot')
  const saved = await flotilla('snapshot', 'save', file, '--dir', join(root, 'a'), '--id', 'a', '--json')
  assert.equal(saved.code, 0, saved.err)
  const said = jsonOf(saved.out)
  assert.deepEqual([said.group, said.index, said.term, said.path, said.bytes], ['kv', 2, 1, file, readFileSync(file).length])
  assert.equal(said.rows, 2, 'of all families, also of one that no program here knows')

  const shownStatus = await flotilla('snapshot', 'status', file)
  assert.match(
    shownStatus.out,
    /^cluster {5}demo\nnode {8}a\n[\s\S]*index {7}2\nterm {8}1\n[\s\S]*members {5}a,b,c\nchunks {6}1\nrows {8}2\nstate bytes /,
  )
  assert.match(shownStatus.out, new RegExp(`hash +${String(said.hash)}\n$`))
  const status = jsonOf((await flotilla('snapshot', 'status', file, '--json')).out)
  assert.deepEqual([status.cluster, status.members, status.hash], ['demo', ['a', 'b', 'c'], said.hash])

  const restore = (id: string, ...more: string[]) =>
    flotilla('snapshot', 'restore', file, '--dir', join(root, id), '--id', id, '--nodes', NODES, '--cluster', 'new', ...more)
  const foundings = new Set<unknown>()
  for (const id of ['x', 'y', 'z']) {
    const unknown = await restore(id)
    assert.match(unknown.err, /UNKNOWN_FAMILY/, 'rows are never left out in silence')
    assert.equal(existsSync(join(root, id)), false)
    mkdirSync(join(root, id)) // an empty one will do
    const done = await restore(id, '--kv-families', 'extra', '--json')
    assert.equal(done.code, 0, done.err)
    foundings.add(jsonOf(done.out).founding)
    const store = await openLmdb({ dir: join(root, id), cluster: 'new', node: id })
    const { peers, truncated } = await store.open('kv', BOOTSTRAP)
    assert.deepEqual([peers, truncated.index], [{ 4: 'x', 5: 'y', 6: 'z' }, 2])
    const families = ['default', 'extra'].flatMap((family) => shown(store.table('kv').range(family, {})))
    assert.deepEqual(families, ['k=v', 'm=w'])
    await store.close()
  }
  assert.equal(foundings.size, 1)
  assert.deepEqual(readdirSync(root).sort(), ['a', 'kv.snapshot', 'x', 'y', 'z'], 'no draft is left')
})

test('what is there is not written over, and what is no snapshot is refused', async (t) => {
  const root = await sampleDir(t)
  const file = join(root, 'kv.snapshot')
  const save = () => flotilla('snapshot', 'save', file, '--dir', join(root, 'a'), '--id', 'a')
  assert.equal((await save()).code, 0)
  assert.match((await save()).err, /CONFIG_INVALID: .* is there already/)

  const restore = (...more: string[]) =>
    flotilla('snapshot', 'restore', file, '--dir', join(root, 'a'), '--kv-families', 'extra', ...more)
  const over = await restore('--id', 'a', '--nodes', 'a')
  assert.deepEqual([over.code, /is not empty/.test(over.err)], [2, true], over.err)
  assert.equal((await restore('--id', 'a')).code, 2, 'without nodes')
  assert.equal((await restore('--id', 'a', '--nodes', 'b,c')).code, 2, 'of another cluster')
  assert.equal((await restore('--id', 'a', '--nodes', 'a,a')).code, 2, 'a node twice')

  const bytes = readFileSync(file)
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
  writeFileSync(file, bytes)
  for (const words of [
    ['status', file],
    ['restore', file, '--dir', join(root, 'new'), '--id', 'a', '--nodes', 'a'],
  ]) {
    const refused = await flotilla('snapshot', ...words)
    assert.deepEqual([refused.code, refused.err.startsWith('flotilla: SNAPSHOT_INVALID: ')], [1, true], refused.err)
  }
  assert.equal(existsSync(join(root, 'new')), false)
  for (const words of ['snapshot', 'snapshot eat f', 'snapshot status', 'snapshot status f --dir d', 'snapshot save f --dir d']) {
    assert.equal((await flotilla(...words.split(' '))).code, 2, words)
  }
})
