/** `flotilla log` on the directory of a node that does not run: what is sound is said to be, and each damage is told with its index. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { run } from '../../../src/cli/run.ts'
import { type Env, openEnv } from '../../../src/storage/lmdb/env.ts'
import { logKey } from '../../../src/storage/lmdb/keys.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { SLOTS_FILE } from '../../../src/storage/lmdb/slots.ts'
import { BOOTSTRAP, entries, entry, put } from '../../contract/store-samples.ts'
import { fakeTerminal } from './fake-terminal.ts'

const CLAIM = { cluster: 'demo', node: 'a' }

/** A store with two groups; the log of the first is cut off at 2, and was overwritten from 5 on. */
async function sampleDir(t: TestContext): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-log-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const store = await openLmdb({ ...CLAIM, dir })
  await store.open('kv', BOOTSTRAP)
  await store.open('other', BOOTSTRAP)
  store.table('kv').apply(4, [put('k', 'v')])
  const log = entries(1, ...Array<number>(8).fill(1))
  await store.write([
    { group: 'kv', hardState: { term: 2, vote: 2, commit: 4 }, entries: log },
    { group: 'other', entries: log },
  ])
  await store.write([{ group: 'kv', entries: entries(5, 2, 2, 2), truncate: { index: 2, term: 1 } }])
  await store.close()
  return dir
}

async function flotilla(line: string) {
  const terminal = fakeTerminal()
  const code = await run(line.split(' '), terminal)
  return { code, out: terminal.out.text, err: terminal.err.text }
}

async function tamper(dir: string, change: (env: Env) => void): Promise<void> {
  const env = openEnv(dir)
  change(env)
  await env.root.close()
}

test('a sound store is said to be sound, and is not changed by that', async (t) => {
  const dir = await sampleDir(t)
  const before = readFileSync(join(dir, 'data.mdb'))
  const { code, out } = await flotilla(`log verify --dir ${dir}`)
  assert.equal(code, 0, out)
  assert.match(out, /kv +5 +3 +7 +4 +1 +sound\n.*other +8 +1 +8 +0 +0 +sound\n/)
  assert.ok(before.equals(readFileSync(join(dir, 'data.mdb'))))
})

for (const [what, change, told] of [
  ['is missing', (env) => env.log.removeSync(logKey(0, 5)), /kv: entry 5 is missing\n/],
  [
    'is damaged',
    (env) => env.log.putSync(logKey(0, 6), Buffer.from(env.log.get(logKey(0, 6)) as Uint8Array).fill(0xee, 12, 13)),
    /kv: entry 6 is damaged on disk: its checksum is wrong\n/,
  ],
  [
    'is an older one that was replaced',
    (env) => env.log.putSync(logKey(0, 3), env.log.get(logKey(1, 3)) as Uint8Array),
    /kv: entry 3 is damaged on disk/,
  ],
  ['is the last and missing', (env) => env.log.removeSync(logKey(0, 7)), /kv: the log ends at 6, not at 7\n/],
] satisfies [string, (env: Env) => void, RegExp][]) {
  test(`an entry that ${what} is told; the other group is sound`, async (t) => {
    const dir = await sampleDir(t)
    await tamper(dir, change)
    const { code, out } = await flotilla(`log verify --dir ${dir}`)
    assert.equal(code, 1)
    assert.match(out, told)
    assert.match(out, /other +8 +1 +8 +0 +0 +sound/)
  })
}

test('an entry that was replaced, though it is whole, is told by the link of the next one', async (t) => {
  const dir = await sampleDir(t)
  let stale: Uint8Array | undefined
  await tamper(dir, (env) => {
    stale = Buffer.from(env.log.get(logKey(0, 6)) as Uint8Array)
  })
  const store = await openLmdb({ ...CLAIM, dir })
  await store.open('kv', BOOTSTRAP)
  await store.write([{ group: 'kv', entries: [entry(6, 3), entry(7, 3)] }])
  await store.close()
  await tamper(dir, (env) => env.log.putSync(logKey(0, 6), stale as Uint8Array))
  const { code, out } = await flotilla(`log verify --dir ${dir}`)
  assert.equal(code, 1)
  assert.match(out, /kv: entry 7 was stored behind another entry 6\n/)
  const again = await openLmdb({ ...CLAIM, dir })
  await again.open('kv', BOOTSTRAP).catch(() => {})
  await again.close()
})

test('promises that are gone, and a file cut short, are told', async (t) => {
  const dir = await sampleDir(t)
  rmSync(join(dir, SLOTS_FILE))
  const { code, out } = await flotilla(`log verify --dir ${dir} --json`)
  assert.equal(code, 1)
  const [kv] = JSON.parse(out) as [{ damages: string[] }]
  assert.match(kv.damages[0] as string, /what it promised is not in hardstate/)
  truncateSync(join(dir, 'data.mdb'), 30_000)
  const cut = await flotilla(`log verify --dir ${dir}`)
  assert.deepEqual([cut.code, cut.out], [1, ''])
  assert.match(cut.err, /STORAGE_FAILED: the store in .* is damaged: data\.mdb: it has 30000 bytes/)
})

test('entries are shown, of what is kept; a wrong range or group is told, and a directory without a store is not made one', async (t) => {
  const dir = await sampleDir(t)
  const { code, out } = await flotilla(`log show 1..6 --dir ${dir}`)
  assert.equal(code, 0)
  assert.deepEqual(
    out.split('\n').map((line) => line.split('  ').slice(0, 2).join(' ')),
    ['3 term 1', '4 term 1', '5 term 2', '6 term 2', ''],
  )
  assert.equal((await flotilla(`log show 6 --dir ${dir}`)).code, 2)
  assert.equal((await flotilla(`log peel --dir ${dir}`)).code, 2)
  assert.match((await flotilla(`log show 1..2 --dir ${dir} --group nix`)).err, /UNKNOWN_GROUP/)
  assert.match((await flotilla(`log verify --dir ${join(dir, 'nothing')}`)).err, /STORAGE_FAILED: there is no store/)
})
