/** `flotilla recover` on the directory of a node that does not run: warned of, confirmed, done, and written down. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { run } from '../../../src/cli/run.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP, entries, put, read } from '../../contract/store-samples.ts'
import { fakeTerminal } from './fake-terminal.ts'

const CLAIM = { cluster: 'demo', node: 'a' }

async function sampleDir(t: TestContext): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-recover-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const store = await openLmdb({ ...CLAIM, dir })
  await store.open('kv', BOOTSTRAP)
  store.table('kv').apply(2, [put('k', 'v')])
  await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 2 }, entries: entries(1, 1, 1, 2) }])
  await store.close()
  return dir
}

async function flotilla(line: string, stdin = '') {
  const terminal = fakeTerminal({ stdin: utf8(stdin) })
  const code = await run(line.split(' '), terminal)
  return { code, out: terminal.out.text, err: terminal.err.text }
}

test('a cluster is founded anew once its name has been typed, and the directory says so', async (t) => {
  const dir = await sampleDir(t)
  const line = `recover --force-new-cluster --dir ${dir} --id a`
  for (const answer of ['', 'yes\n', 'y']) {
    const refused = await flotilla(line, answer)
    assert.equal(refused.code, 1)
    assert.match(
      refused.err,
      /WARNING: this makes node 'a' the only voter[\s\S]*kv +a,b,c +2 +3 +2 +votes[\s\S]*NOT_CONFIRMED: nothing was changed/,
    )
  }
  assert.equal(existsSync(join(dir, 'recovery.log')), false)

  const done = await flotilla(line, 'demo\n')
  assert.equal(done.code, 0, done.err)
  assert.match(
    done.out,
    /^kv: founded anew as [0-9a-f]{32} with the log to entry 3, of which 1 were not known to be committed\nStart it/,
  )
  const notes = readFileSync(join(dir, 'recovery.log'), 'utf8').trimEnd().split('\n')
  const [begun, ended] = notes.map((note) => JSON.parse(note) as { what: string; node: string; groups: { group: string }[] })
  assert.deepEqual(
    [notes.length, begun?.what, ended?.what, ended?.node, ended?.groups[0]?.group],
    [2, 'begun', 'done', 'a', 'kv'],
  )

  const store = await openLmdb({ ...CLAIM, dir })
  const { peers, conf, lastIndex } = await store.open('kv', BOOTSTRAP)
  assert.deepEqual([peers, conf.voters, lastIndex, read(store.table('kv'), 'k')], [{ 4: 'a' }, [4], 3, 'v'])
  const taken = await flotilla(`${line} --yes`)
  assert.deepEqual([taken.code, taken.err.includes('STORE_IN_USE')], [1, true], taken.err)
  await store.close()

  const json = await flotilla(`${line} --yes --group kv --json`)
  const said = JSON.parse(json.out) as { groups: { peer: number; founding: string }[] }
  assert.equal(said.groups[0]?.peer, 5)
})

test('without the flag, for another node, or where nothing is, nothing happens', async (t) => {
  const dir = await sampleDir(t)
  assert.equal((await flotilla(`recover --dir ${dir} --id a --yes`)).code, 2)
  assert.equal((await flotilla(`recover --force-new-cluster --id a --yes`)).code, 2)
  assert.match((await flotilla(`recover --force-new-cluster --dir ${dir} --id b --yes`)).err, /STORE_MISMATCH/)
  assert.match((await flotilla(`recover --force-new-cluster --dir ${dir} --id a --group no --yes`)).err, /UNKNOWN_GROUP/)
  const empty = join(dir, 'empty')
  const none = await flotilla(`recover --force-new-cluster --dir ${empty} --id a --yes`)
  assert.deepEqual([none.code, none.err], [1, `flotilla: NOT_FOUND: there is no store in ${empty}\n`])
  assert.equal(existsSync(empty), false, 'none is made')
})
