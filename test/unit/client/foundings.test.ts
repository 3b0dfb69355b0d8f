/** Foundings: a cluster founded anew is found again, two clusters of one name are refused, and nobody's word alone changes anything. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { utf8 } from '../../../src/base/bytes.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import { encodePut } from '../../../src/statemachines/kv/command.ts'
import { eventually, refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster } from './fake-cluster.ts'

const PUT = encodePut('default', utf8('k'), utf8('v'))

interface Ends {
  after(end: () => Promise<void>): void
}

async function clientOf(t: Ends, { hub }: FakeCluster): Promise<Client> {
  const client = await connect({ cluster: 'demo', transport: hub.connect('client'), timeoutMs: 3000 })
  t.after(() => client.close())
  return client
}

/** A cluster that has led for long, and a client that knows it. */
async function old(t: Ends): Promise<{ cluster: FakeCluster; client: Client }> {
  const cluster = new FakeCluster()
  cluster.founding = 'old'
  cluster.term = 40
  cluster.elect('a')
  const client = await clientOf(t, cluster)
  await client.propose('kv', PUT)
  return { cluster, client }
}

test('the leader of a cluster founded anew is found, though its terms are lower', async (t) => {
  const { cluster, client } = await old(t)
  cluster.announce({ group: 'kv', node: 'b', term: 90, founding: 'old' }) // the dead one's last word
  cluster.founding = 'new'
  cluster.term = 0
  cluster.elect('b')
  assert.equal((await client.propose('kv', PUT)).index, 2)
  assert.equal(await client.kv('kv').getText('k'), 'v')
  cluster.asked.length = 0
  await client.propose('kv', PUT)
  assert.deepEqual(cluster.asked, ['flotilla.demo.node.b.propose'])
})

test('a cluster founded anew by others is found, too', async (t) => {
  const { cluster, client } = await old(t)
  for (const name of ['a', 'b', 'c']) await cluster.kill(name)
  cluster.founding = 'new'
  cluster.term = 0
  for (const name of ['x', 'y']) cluster.add(name)
  cluster.elect('y')
  assert.equal((await client.propose('kv', PUT)).index, 2)
  assert.equal(cluster.asked.at(-1), 'flotilla.demo.node.y.propose')
})

test('two clusters of one name are refused at the first write, before anything is sent, and one alone is served again', async (t) => {
  const cluster = new FakeCluster(['a', 'b'])
  cluster.founding = 'one'
  cluster.elect('a')
  const twin = new FakeCluster(['x'], undefined, cluster.hub)
  twin.founding = 'two'
  twin.elect('x')
  const client = await clientOf(t, cluster)
  for (const call of [() => client.propose('kv', PUT), () => client.kv('kv').get('k')]) {
    await assert.rejects(call(), (error) => {
      assert.match(String(error), /two clusters of the same name: .* by a, b and by x/)
      return refusedWith('STORE_MISMATCH')(error)
    })
  }
  assert.deepEqual([...cluster.asked, ...twin.asked], [])
  await twin.kill('x')
  assert.equal((await client.propose('kv', PUT)).index, 1)
})

test('a twin that comes later is not written to, and is told apart', async (t) => {
  const { cluster, client } = await old(t)
  const twin = new FakeCluster(['x'], undefined, cluster.hub)
  twin.founding = 'two'
  twin.elect('x')
  twin.announce({ group: 'kv', node: 'x', term: 99, founding: 'two' })
  await sleep(30)
  assert.equal((await client.propose('kv', PUT)).index, 2) // the leader it knows
  for (const name of ['a', 'b', 'c']) await cluster.kill(name)
  await sleep(0)
  assert.equal(twin.log.length, 0)
})

test('a stream ends when its group is founded anew: the new log has nothing to do with the old one', async (t) => {
  const { cluster, client } = await old(t)
  const seen: number[] = []
  const stream = (async () => {
    for await (const { index } of client.committed('kv', { from: 1 })) seen.push(index)
  })()
  const ended = assert.rejects(stream, refusedWith('STORE_MISMATCH'))
  await eventually(() => seen.length === 1, 1000)
  cluster.founding = 'new'
  cluster.commit(PUT)
  await ended
  assert.deepEqual(seen, [1])
})

test('forged news of a leader cost nothing: no write is sent twice, and the next calls go where they went', async (t) => {
  const { cluster, client } = await old(t)
  cluster.asked.length = 0
  cluster.mood = (attempt) => (attempt === 1 ? 'deaf' : null)
  const begun = performance.now()
  const write = client.propose('kv', PUT, { idempotent: true })
  for (let i = 0; i < 30; i++) {
    cluster.announce({ group: 'kv', node: i % 2 === 0 ? 'zz' : 'c', term: 1e9 + i, founding: i % 3 === 0 ? 'old' : '' })
    await sleep(10)
  }
  await write
  assert.ok(performance.now() - begun > 1400, 'it waited for the one it was sent to')
  assert.deepEqual(cluster.asked.length, 2)
  for (let i = 0; i < 5; i++) await client.propose('kv', PUT)
  assert.deepEqual([...new Set(cluster.asked)], ['flotilla.demo.node.a.propose'])
  assert.equal(cluster.asked.length, 7)
})

for (const node of ['A b', 'x.y', '*', '']) {
  test(`news that name '${node}' are none`, async (t) => {
    const { cluster, client } = await old(t)
    cluster.gossip = { leader: node, term: 1e6 }
    cluster.announce({ group: 'kv', node, term: 1e6 })
    await sleep(30)
    cluster.gossip = null
    assert.equal((await client.propose('kv', PUT)).index, 2)
    assert.deepEqual([...new Set(cluster.asked)], ['flotilla.demo.node.a.propose'])
  })
}
