/** `flotilla compact --dir` and `flotilla backup` on the directory of a node that does not run. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../../src/cli/run.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP, entries, put, read } from '../../contract/store-samples.ts'
import { fakeTerminal } from './fake-terminal.ts'

const ENTRIES = 10_000

async function flotilla(...words: string[]) {
  const terminal = fakeTerminal()
  const code = await run(words, terminal)
  return { code, out: terminal.out.text, err: terminal.err.text }
}

test('a stopped node is copied, and compacted: its log is cut, its file small, its state whole', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-backup-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const dir = join(root, 'a')
  const open = (at: string) => openLmdb({ dir: at, cluster: 'demo', node: 'a' })
  const store = await open(dir)
  await store.open('kv', BOOTSTRAP)
  store.table('kv').apply(ENTRIES - 1, [put('k', 'v')])
  const log = entries(1, ...new Array<number>(ENTRIES).fill(1))
  await store.write([{ group: 'kv', hardState: { term: 1, vote: 2, commit: ENTRIES }, entries: log }])
  await store.close()

  const of = ['--dir', dir, '--id', 'a']
  const copied = await flotilla('backup', join(root, 'copy'), ...of)
  assert.equal(copied.code, 0, copied.err)
  assert.match(copied.out, /: \d+ bytes, \d+ records, all of them read\n$/)
  assert.equal((await flotilla('backup', join(root, 'copy'), ...of)).code, 2, 'over what is there')
  assert.match((await flotilla('backup', join(root, 'other'), '--dir', dir, '--id', 'b')).err, /STORE_MISMATCH/)

  const done = await flotilla('compact', ...of, '--keep', '100', '--json')
  assert.equal(done.code, 0, done.err)
  const said = JSON.parse(done.out) as { before: number; after: number; groups: unknown }
  assert.deepEqual(said.groups, [{ group: 'kv', truncated: ENTRIES - 101 }])
  assert.ok(said.after * 3 < said.before, done.out)
  assert.equal((await flotilla('compact', ...of, '--node', 'a')).code, 2)

  for (const [at, first] of [
    [dir, ENTRIES - 100],
    [join(root, 'copy'), 1],
  ] as const) {
    const again = await open(at)
    const { lastIndex, applied, truncated } = await again.open('kv', BOOTSTRAP)
    assert.deepEqual([lastIndex, applied, truncated.index + 1], [ENTRIES, ENTRIES - 1, first])
    assert.equal(again.reader('kv').entries(first, ENTRIES + 1, 1e9).length, ENTRIES + 1 - first)
    assert.equal(read(again.table('kv'), 'k'), 'v')
    await again.close()
  }
})
