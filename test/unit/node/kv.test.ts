/** The key-value store on a node that stands alone: batches, families, absence, scans and consistent readers, through a client and an engine. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { EMPTY, text, utf8 } from '../../../src/base/bytes.ts'
import { connect } from '../../../src/client/client.ts'
import type { KvRange } from '../../../src/client/kv.ts'
import { encodeBatch } from '../../../src/statemachines/kv/command.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { SmallCluster } from './small-cluster.ts'

const FAMILIES = ['default', 'lock', 'write', 'geo']

async function alone(t: TestContext, disk = new MemoryDisk()) {
  const groups = [{ id: 'g', stateMachine: kv({ families: ['geo'] }) }]
  const cluster = new SmallCluster(t, { nodes: ['a'], groups })
  const store = memoryStore({ cluster: 'demo', node: 'a' }, disk)
  const node = await cluster.run('a', { store })
  await cluster.leader()
  const transport = cluster.guest()
  const client = await connect({ cluster: 'demo', transport })
  t.after(async () => {
    await client.close()
    await transport.close()
  })
  const db = client.kv('g')
  const keys = async (range?: KvRange, family = 'default'): Promise<string> => {
    const found: string[] = []
    for await (const { key } of db.scan(range, { family })) found.push(text(key))
    return found.join(' ')
  }
  return { cluster, node, db, store, keys }
}

describe('a key-value store on one node', { concurrency: true }, () => {
  test('a batch over several families is one entry: readers see all of it or nothing, and what is refused changes nothing', async (t) => {
    const { node, db, store } = await alone(t)
    const { index } = await db.put('k', 'old')
    const rows = () => FAMILIES.map((family) => store.table('g').get(family, utf8('k'))).map((value) => value && text(value))
    const batch = db.batch()
    for (const family of FAMILIES.slice(1)) batch.put('k', family, family)
    const seen = new Set<string>()
    let over = false
    const committed = batch
      .delete('k')
      .commit()
      .finally(() => {
        over = true
      })
    while (!over) {
      seen.add(rows().join())
      await new Promise(setImmediate)
    }
    assert.equal((await committed).index, index + 1)
    seen.add(rows().join())
    assert.deepEqual([...seen], ['old,,,', ',lock,write,geo'])
    const put = { op: 'put', family: 'default', key: utf8('k'), value: EMPTY } as const
    const refused = node.propose('g', encodeBatch([put, { ...put, family: 'nowhere' }]))
    await assert.rejects(refused, { code: 'UNKNOWN_FAMILY' })
    assert.deepEqual(rows(), [undefined, 'lock', 'write', 'geo'])
  })

  test('a batch whose process dies is there whole afterwards, or not at all', async (t) => {
    const fates = await Promise.all([0, 2, 4, 6].map((flushes) => diesAfter(t, flushes)))
    assert(new Set(fates).size > 1, `they died at different moments: ${fates}`)
  })

  test('the same key in two families is two keys', async (t) => {
    const { db } = await alone(t)
    await db.put('k', 'one')
    await db.put('k', 'two', { family: 'geo' })
    await db.delete('k')
    assert.deepEqual([await db.getText('k'), await db.getText('k', { family: 'geo' })], [undefined, 'two'])
  })

  test('a key that is missing is an answer, not an error; what was put, put anew and deleted is got as it is', async (t) => {
    const { db } = await alone(t)
    assert.equal(await db.get('k'), undefined)
    await db.put('k', '')
    assert.deepEqual(await db.get('k'), EMPTY, 'an empty value is there')
    await db.put('k', 'new')
    assert.equal(await db.getText('k'), 'new')
    await db.delete('k')
    assert.equal(await db.get('k'), undefined)
    await db.delete('k')
  })

  test('a scan begins at the first key at or after its start, is in order, keeps its limit, and shows what is there now', async (t) => {
    const { db, keys } = await alone(t)
    for (const key of ['d', 'b', 'f', 'ba', 'a']) await db.put(key, key)
    await db.put('c', 'of another family', { family: 'lock' })
    assert.equal(await keys(), 'a b ba d f')
    assert.equal(await keys({ from: 'c' }), 'd f')
    assert.equal(await keys({ from: 'b', limit: 2 }), 'b ba')
    assert.equal(await keys({ from: 'g' }), '')
    assert.equal(await keys({ from: 'b', to: 'd' }), 'b ba')
    assert.equal(await keys({ prefix: 'b' }), 'b ba')
    assert.equal(await keys({}, 'lock'), 'c')
    await db.put('c', 'new')
    await db.delete('b')
    assert.equal(await keys({ from: 'b', limit: 3 }), 'ba c d')
  })

  test('who reads on sees what was there when he began, whatever is deleted and put meanwhile', async (t) => {
    const { db, store, keys } = await alone(t)
    for (const key of ['a', 'b', 'c']) await db.put(key, key)
    const rows = store.table('g').range('default', {})[Symbol.iterator]()
    const snapshot = store.table('g').snapshot()
    assert.equal(text(rows.next().value?.[0] ?? EMPTY), 'a')
    await db.delete('b')
    await db.put('bb', 'new')
    await db.put('c', 'changed')
    const left = [...{ [Symbol.iterator]: () => rows }].map(([key, value]) => `${text(key)}=${text(value)}`)
    assert.deepEqual(left, ['b=b', 'c=c'])
    const kept = [...snapshot.range('default', {})].map(([key, value]) => `${text(key)}=${text(value)}`)
    assert.deepEqual(kept, ['a=a', 'b=b', 'c=c'])
    snapshot.close()
    assert.equal(await keys(), 'a bb c')
  })
})

/** The number of the last batch that is there after a node died at the flush after so many. */
async function diesAfter(t: TestContext, flushes: number): Promise<number> {
  let left = Number.POSITIVE_INFINITY
  const disk: MemoryDisk = new MemoryDisk({ sync: async () => void (left-- === 0 && disk.crash()) })
  const { cluster, node, db } = await alone(t, disk)
  let acknowledged = 0
  left = flushes
  try {
    for (let i = 1; i <= 10; i++) {
      await db.batch().put('k', `${i}`).put('k', `${i}`, 'lock').put('k', `${i}`, 'geo').commit({ timeoutMs: 200 })
      acknowledged = i
    }
  } catch {} // it died
  assert(acknowledged < 10)
  await node.stop()
  await cluster.run('a', { store: memoryStore({ cluster: 'demo', node: 'a' }, disk) })
  const values = await Promise.all(['default', 'lock', 'geo'].map((family) => db.getText('k', { family })))
  const found = Number(values[0] ?? 0)
  assert.equal(new Set(values).size, 1, `${values}`)
  assert(found >= acknowledged && found <= acknowledged + 1, `${acknowledged} was acknowledged, ${found} is there`)
  return found
}
