/** The key-value client: what it sends is what the store does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text } from '../../../src/base/bytes.ts'
import { connect } from '../../../src/client/client.ts'
import type { KvClient, KvRange } from '../../../src/client/kv.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster } from './fake-cluster.ts'

async function store(t: { after(end: () => Promise<void>): void }): Promise<KvClient> {
  const cluster = new FakeCluster()
  cluster.elect('a')
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client') })
  t.after(() => client.close())
  return client.kv('kv')
}

test('put, get and delete, as text and as bytes', async (t) => {
  const kv = await store(t)
  assert.equal(await kv.get('k'), undefined)
  assert.deepEqual(await kv.put('k', Uint8Array.of(0, 255)), { index: 1, term: 1 })
  assert.deepEqual(await kv.get(Buffer.from('k')), Uint8Array.of(0, 255))
  await kv.put('k', 'größe')
  assert.equal(await kv.getText('k'), 'größe')
  await kv.delete('k')
  assert.equal(await kv.getText('k'), undefined)
})

test('families are key spaces of their own', async (t) => {
  const kv = await store(t)
  await kv.put('k', 'locked', { family: 'lock' })
  assert.equal(await kv.get('k'), undefined)
  assert.equal(await kv.getText('k', { family: 'lock' }), 'locked')
})

test('compare-and-set changes what is as expected, and else says what is', async (t) => {
  const kv = await store(t)
  assert.equal((await kv.compareAndSet('k', { expected: null, value: '1' })).swapped, true)
  const refused = await kv.compareAndSet('k', { expected: null, value: '2' })
  assert.equal(refused.swapped, false)
  assert.equal(text(refused.current as Uint8Array), '1')
  assert.equal((await kv.compareAndSet('k', { expected: '1', value: null })).swapped, true)
  assert.equal((await kv.compareAndSet('k', { expected: '1', value: '2' })).current, undefined)
})

test('a batch happens as one entry, over several families', async (t) => {
  const kv = await store(t)
  await kv.put('old', 'x')
  const batch = kv.batch().put('a', '1').put('a', '2', 'write').delete('old')
  assert.equal(batch.size, 3)
  assert.equal((await batch.commit()).index, 2)
  assert.deepEqual(
    [await kv.getText('a'), await kv.getText('a', { family: 'write' }), await kv.get('old')],
    ['1', '2', undefined],
  )
  await assert.rejects(kv.batch().commit(), refusedWith('COMMAND_INVALID'))
})

test('a scan pages through any range, forwards and backwards', async (t) => {
  const kv = await store(t)
  const all = Array.from({ length: 2500 }, (_, i) => `k${String(i).padStart(4, '0')}`)
  for (let at = 0; at < all.length; at += 500) {
    const batch = kv.batch()
    for (const key of all.slice(at, at + 500)) batch.put(key, key)
    await batch.commit()
  }
  await kv.put('z', 'last')
  const keys = async (range: KvRange): Promise<string[]> => {
    const found: string[] = []
    for await (const { key } of kv.scan(range)) found.push(text(key))
    return found
  }
  assert.deepEqual(await keys({ prefix: 'k' }), all)
  assert.deepEqual(await keys({ prefix: 'k', reverse: true }), all.toReversed())
  assert.deepEqual(await keys({ from: 'k0003', to: 'k0006' }), all.slice(3, 6))
  assert.deepEqual(await keys({ limit: 1700 }), all.slice(0, 1700))
  assert.deepEqual(await keys({ limit: 2, reverse: true }), ['z', 'k2499'])
  const page = await kv.scanPage({ prefix: 'k', limit: 10 })
  assert.equal(page.rows.length, 10)
  assert.deepEqual(text((await kv.scanPage({ ...page.rest, limit: 1 })).rows[0]?.key as Uint8Array), 'k0010')
  assert.equal((await kv.scanPage({ from: 'z' })).rest, null)
  await assert.rejects(kv.scanPage({ prefix: 'k', from: 'k' }), refusedWith('COMMAND_INVALID'))
})
