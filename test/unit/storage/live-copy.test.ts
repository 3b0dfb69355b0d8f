/** Copies of a store that is open: of one moment, whole, and one can go on from them; or none is made, and the store takes no harm. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createNode } from '../../../src/node/node.ts'
import type { NodeStore, StoreCopy } from '../../../src/ports/store.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { Gate } from '../../../src/storage/gate.ts'
import { openEnv } from '../../../src/storage/lmdb/env.ts'
import { logKey } from '../../../src/storage/lmdb/keys.ts'
import { LiveCopies } from '../../../src/storage/lmdb/live-copy.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { verifyStore } from '../../../src/storage/lmdb/verify.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { BOOTSTRAP, code, entries, entry, put, read } from '../../contract/store-samples.ts'

const CLAIM = { cluster: 'demo', node: 'a' }
const GROUPS = ['kv', 'other']

async function opened(t: TestContext): Promise<{ readonly root: string; readonly store: NodeStore }> {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-live-copy-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const store = await openLmdb({ ...CLAIM, dir: join(root, 'a') })
  t.after(() => store.close())
  for (const group of GROUPS) await store.open(group, BOOTSTRAP)
  return { root, store }
}

const backUp = (store: NodeStore, to: string, spare = 0): Promise<StoreCopy> =>
  store.backUp?.(to, spare) ?? assert.fail('it cannot be copied')

/** One more entry, in a term of its own and with a vote of its own, and applied: all of it is one number. */
async function step(store: NodeStore, at: number): Promise<void> {
  for (const group of GROUPS) store.table(group).apply(at, [put('at', `${at}`), put(`row-${at}`, 'x'.repeat(500))])
  const hardState = { term: at, vote: (at % 3) + 1, commit: at }
  await store.write(GROUPS.map((group) => ({ group, hardState, entries: [entry(at, at)] })))
}

test('a copy made while the store is written to is the store of one moment, of all groups, with what they had promised then', async (t) => {
  const { root, store } = await opened(t)
  await store.remember('here:told', 'now')
  await store.remember('founding:kv', 'mark')
  for (let at = 1; at <= 200; at++) await step(store, at)
  let at = 200
  for (const name of ['one', 'two', 'three']) {
    const before = at
    let copied: StoreCopy | null = null
    const making = backUp(store, join(root, name)).then((copy) => {
      copied = copy
    })
    while (copied === null) await step(store, ++at)
    await making
    assert.deepEqual(readdirSync(join(root, name)).sort(), ['data.mdb', 'hardstate'])
    const verdicts = await verifyStore(join(root, name))
    assert.deepEqual(
      verdicts.map(({ group, damages }) => [group, damages]),
      GROUPS.map((group) => [group, []]),
    )
    const moments = new Set<number>()
    for (let time = 0; time < 2; time++) {
      const copy = await openLmdb({ ...CLAIM, dir: join(root, name) })
      assert.deepEqual([copy.recall('here:told'), copy.recall('founding:kv')], ['', 'mark'])
      for (const group of GROUPS) {
        const { hardState, lastIndex, applied } = await copy.open(group, BOOTSTRAP)
        assert.deepEqual([hardState.term, hardState.commit, applied], [lastIndex, lastIndex, lastIndex])
        assert.equal(read(copy.table(group), 'at'), `${lastIndex}`)
        moments.add(lastIndex)
      }
      await copy.close()
    }
    const [moment] = moments
    assert.ok(moments.size === 1 && moment !== undefined && moment >= before && moment <= at, [...moments].join())
  }
  assert.ok(at > 205, `the store went on meanwhile: ${at}`)
})

test('others have their turns while a copy is read', async (t) => {
  const { root, store } = await opened(t)
  store.table('kv').apply(
    1,
    Array.from({ length: 20_000 }, (_, i) => put(`key-${i}`, 'v'.repeat(50))),
  )
  await store.write([{ group: 'kv', hardState: { term: 1, vote: 1, commit: 1 }, entries: entries(1, 1) }])
  await store.close()
  const env = openEnv(join(root, 'a'))
  t.after(() => env.root.close())
  let turns = 0
  const breathe = async (): Promise<void> => void turns++
  const { records } = await new LiveCopies(env, new Gate(), { patienceMs: 1000, breathe }).make(join(root, 'copy'), 0)
  assert.ok(records > 20_000 && turns > 1, `${turns} turns for ${records} records`)
})

test('no copy is made over what is there, beside another, on a full disk, or of what is damaged; nothing is left of it, and the store goes on', async (t) => {
  const { root, store } = await opened(t)
  await step(store, 1)
  const to = join(root, 'copy')
  await assert.rejects(backUp(store, join(root, 'a')), code('CONFIG_INVALID'))
  await assert.rejects(backUp(store, to, 2 ** 52), code('STORAGE_FULL'))
  await assert.rejects(backUp(store, join(root, 'nowhere', 'copy')), code('STORAGE_FAILED'))
  const first = backUp(store, to)
  await assert.rejects(backUp(store, join(root, 'second')), code('BUSY'))
  await first
  const env = openEnv(join(root, 'a'))
  const sealed = Buffer.from(env.log.get(logKey(0, 1)) as Uint8Array)
  await env.log.put(logKey(0, 1), sealed.fill(0xee, 8, 9))
  await env.root.close()
  await assert.rejects(backUp(store, join(root, 'third')), code('STORE_DAMAGED'))
  assert.deepEqual(readdirSync(root).sort(), ['a', 'copy'])
  await step(store, 2)
})

test('a store that is closed meanwhile waits for what reads it, and half a copy gets no name', async (t) => {
  const { root, store } = await opened(t)
  store.table('kv').apply(
    1,
    Array.from({ length: 20_000 }, (_, i) => put(`key-${i}`, 'v'.repeat(50))),
  )
  await store.write([{ group: 'kv', hardState: { term: 1, vote: 1, commit: 1 }, entries: entries(1, 1) }])
  const making = assert.rejects(backUp(store, join(root, 'copy')), code('STORE_CLOSED'))
  await store.close()
  await making
  assert.deepEqual(readdirSync(root), ['a'])
  await (await openLmdb({ ...CLAIM, dir: join(root, 'a') })).close()
})

test('a node that runs copies its store, and another process can go on from it; one without a directory has nothing to copy', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-live-copy-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  const alone = { cluster: 'demo', id: 'a', nodes: ['a'], groups: [{ id: 'kv', stateMachine: kv() }], disk: { reserveBytes: 0 } }
  const start = (more: { dir: string } | { store: NodeStore }) =>
    createNode({ ...alone, ...more, transport: loopback().connect('a'), timing: { electionTimeoutMs: 100 } })
  const node = await start({ dir: join(root, 'a') })
  t.after(() => node.stop())
  const { bytes, records } = await node.backup(join(root, 'copy'))
  assert.ok(bytes > 0 && records > 0)
  const copy = await start({ dir: join(root, 'copy') })
  assert.deepEqual(
    copy.status().groups.map(({ group }) => group),
    ['kv'],
  )
  await copy.stop()
  const fleeting = await start({ store: memoryStore(CLAIM) })
  t.after(() => fleeting.stop())
  await assert.rejects(fleeting.backup(join(root, 'none')), code('CONFIG_INVALID'))
  assert.equal(existsSync(join(root, 'none')), false)
})
