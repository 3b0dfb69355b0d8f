/** The client against a cluster that misbehaves on purpose: whom it asks, what it asks again, and what it says in the end. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import type { ReadOptions, WriteOptions } from '../../../src/client/types.ts'
import { encodePut } from '../../../src/statemachines/kv/command.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster, type Mood } from './fake-cluster.ts'

const NODE_A = 'flotilla.demo.node.a.propose'
const PUT = encodePut('default', utf8('k'), utf8('v'))

/** A client of a fake cluster that a led by `a`. Both end with the test. */
async function stage(t: { after(end: () => Promise<void>): void }): Promise<{ cluster: FakeCluster; client: Client }> {
  const cluster = new FakeCluster()
  cluster.elect('a')
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client'), timeoutMs: 3000 })
  t.after(() => client.close())
  return { cluster, client }
}

/** The mood for the first requests; after them, none. */
const firstMoods =
  (...moods: Mood[]) =>
  (attempt: number): Mood =>
    moods[attempt - 1] ?? null

test('a request goes to the leader by name, as any replica says it', async (t) => {
  const { cluster, client } = await stage(t)
  const answer = await client.propose('kv', PUT)
  assert.deepEqual([answer.index, answer.term], [1, 1])
  assert.deepEqual(cluster.asked, [NODE_A])
})

test('an old leader that hangs beside the new one costs a fresh client a question, never a write', async (t) => {
  const cluster = new FakeCluster()
  cluster.elect('a')
  cluster.hang('old')
  const put = async (i: number): Promise<void> => {
    const client = await connect({ cluster: 'demo', transport: cluster.hub.connect(`client-${i}`) })
    t.after(() => client.close())
    const begun = performance.now()
    await client.kv('kv').put(`k-${i}`, 'v')
    assert.ok(performance.now() - begun < 1000, `client ${i} waited for ${performance.now() - begun} ms`)
  }
  await Promise.all(Array.from({ length: 20 }, (_, i) => put(i)))
  assert.equal(cluster.log.length, 20)
  assert.ok(cluster.unheard.length > 0, 'it was asked, too')
  assert.deepEqual([...new Set(cluster.unheard)], ['flotilla.demo.group.kv.leader'])
})

test('a replica that has not heard of the change is not believed', async (t) => {
  const { cluster, client } = await stage(t)
  await client.propose('kv', PUT)
  cluster.elect('b') // its term is 2
  await client.propose('kv', PUT)
  await cluster.kill('b')
  cluster.rumours.push({ leader: 'b', term: 2 }, { leader: 'a', term: 1 }, { leader: 'a', term: 1 })
  cluster.elect('c')
  cluster.asked.length = 0
  await client.propose('kv', PUT)
  assert.deepEqual(cluster.asked, ['flotilla.demo.node.c.propose'])
})

test('where nobody can be asked who leads, requests go to the group’s subject, where only the leader listens', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.hideLeader()
  await client.propose('kv', PUT)
  cluster.elect('b')
  assert.equal(await client.kv('kv').getText('k'), 'v')
  assert.deepEqual(cluster.asked, ['flotilla.demo.group.kv.propose', 'flotilla.demo.group.kv.read'])
})

test('who was silent to a write is not sent the next one', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.mood = firstMoods('deaf')
  const lost = assert.rejects(client.propose('kv', PUT, { timeoutMs: 100 }), refusedWith('TIMEOUT_UNKNOWN'))
  setTimeout(() => cluster.elect('b'), 50)
  await lost
  await client.propose('kv', PUT)
  assert.deepEqual(cluster.asked, [NODE_A, 'flotilla.demo.node.b.propose'])
})

test('when the leader changes, the client finds the new one and stays with it', async (t) => {
  const { cluster, client } = await stage(t)
  await client.propose('kv', PUT)
  await cluster.kill('a')
  setTimeout(() => cluster.elect('b'), 100)
  assert.equal((await client.propose('kv', PUT)).index, 2)
  cluster.asked.length = 0
  await client.propose('kv', PUT)
  assert.equal(cluster.asked.length, 1)
})

test('a refusal that names the leader is followed at once', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.mood = firstMoods(new FlotillaError('NOT_LEADER', 'not me', { leader: 'b' }))
  await client.propose('kv', PUT)
  assert.deepEqual(cluster.asked, [NODE_A, 'flotilla.demo.node.b.propose', NODE_A])
})

test('hints that lead in circles end in a pause, and then in the leader', async (t) => {
  const { cluster, client } = await stage(t)
  let wrong = 0
  cluster.mood = (attempt) => {
    if (attempt > 8) return null
    wrong++
    return new FlotillaError('NOT_LEADER', 'not me', { leader: attempt % 2 === 0 ? 'b' : 'c' })
  }
  await client.propose('kv', PUT)
  assert.equal(wrong, 8)
  assert.ok(cluster.asked.length < 20, `${cluster.asked.length} requests`)
})

test('when nobody leads, what was certainly not done is thrown as it is at the deadline', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.elect(null)
  await assert.rejects(client.propose('kv', PUT, { timeoutMs: 200 }), refusedWith('UNAVAILABLE'))
  assert.deepEqual(cluster.log, [])
})

for (const code of ['BUSY', 'TRANSFERRING'] as const) {
  test(`${code} is tried again with a pause, and thrown at the deadline`, async (t) => {
    const { cluster, client } = await stage(t)
    const refusal = new FlotillaError(code, 'not now')
    cluster.mood = firstMoods(refusal, refusal, refusal)
    await client.propose('kv', PUT)
    assert.equal(cluster.asked.length, 4)
    cluster.mood = () => refusal
    await assert.rejects(client.propose('kv', PUT, { timeoutMs: 300 }), refusedWith(code))
    assert.ok(cluster.asked.length < 20)
    assert.equal(cluster.log.length, 1)
  })
}

test('a write that was done and not answered is not sent again: its outcome is unknown, and the error says so', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.mood = () => 'mute'
  await assert.rejects(client.propose('kv', PUT, { timeoutMs: 150 }), (error) => {
    assert.match(String(error), /outcome of the write is unknown/)
    return refusedWith('TIMEOUT_UNKNOWN')(error)
  })
  assert.equal(cluster.log.length, 1)
  assert.equal(cluster.asked.length, 1)
})

test('a leader that says the outcome is unknown is believed', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.mood = () => new FlotillaError('TIMEOUT_UNKNOWN', 'lost leadership')
  await assert.rejects(client.propose('kv', PUT), refusedWith('TIMEOUT_UNKNOWN'))
  assert.equal(cluster.asked.length, 1)
})

test('an idempotent write is sent again until it is answered', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.mood = firstMoods(new FlotillaError('TIMEOUT_UNKNOWN', 'lost leadership'), 'mute')
  const answer = await client.propose('kv', PUT, { idempotent: true })
  assert.equal(answer.index, 2)
  assert.equal(cluster.asked.length, 3)
})

test('an idempotent write that was perhaps done once stays unknown, whatever the refusals after it say', async (t) => {
  const { cluster, client } = await stage(t)
  const busy = new FlotillaError('BUSY', 'not now')
  cluster.mood = (attempt) => (attempt === 1 ? new FlotillaError('TIMEOUT_UNKNOWN', 'perhaps') : busy)
  await assert.rejects(client.propose('kv', PUT, { idempotent: true, timeoutMs: 200 }), refusedWith('TIMEOUT_UNKNOWN'))
})

test('a read that is not answered is asked again, and ends with TIMEOUT', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.mood = firstMoods('deaf')
  assert.equal(await client.kv('kv').get('k'), undefined)
  cluster.mood = () => 'deaf'
  await assert.rejects(client.kv('kv').get('k', { timeoutMs: 100 }), refusedWith('TIMEOUT'))
})

test('a stale read goes to any replica, also when nobody leads', async (t) => {
  const { cluster, client } = await stage(t)
  await client.kv('kv').put('k', 'v')
  cluster.elect(null)
  cluster.asked.length = 0
  assert.equal(await client.kv('kv').getText('k', { consistency: 'stale' }), 'v')
  assert.deepEqual(cluster.asked, [])
})

test('other refusals are thrown at once, with their code', async (t) => {
  const { cluster, client } = await stage(t)
  await assert.rejects(client.propose('kv', Uint8Array.of(9)), refusedWith('COMMAND_INVALID'))
  assert.equal(cluster.asked.length, 1)
  await assert.rejects(client.kv('kv').put('k', 'v', { family: 'nowhere' }), refusedWith('UNKNOWN_FAMILY'))
  await assert.rejects(client.propose('NOT AN ID', PUT), refusedWith('CONFIG_INVALID'))
  await assert.rejects(client.propose('kv', PUT, { timeoutMs: 0 }), refusedWith('CONFIG_INVALID'))
})

test('without a connection requests are tried again until it is back', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.hub.disconnect('client')
  await assert.rejects(client.propose('kv', PUT, { timeoutMs: 100 }), refusedWith('DISCONNECTED'))
  setTimeout(() => cluster.hub.reconnect('client'), 60)
  await client.propose('kv', PUT)
  assert.equal(cluster.log.length, 1)
})

test('close ends every call with CLOSED, and leaves a connection that is not its own', async () => {
  const cluster = new FakeCluster()
  const transport = cluster.hub.connect('client')
  const client = await connect({ cluster: 'demo', transport })
  const waits = [client.propose('kv', PUT), client.read('kv', PUT), client.log('nobody', { from: 1 })]
  const ends = Promise.all(waits.map((call) => assert.rejects(call, refusedWith('CLOSED'))))
  await client.close()
  await ends
  await assert.rejects(client.propose('kv', PUT), refusedWith('CLOSED'))
  await assert.rejects(client.status(), refusedWith('CLOSED'))
  assert.equal(transport.connected, true)
})

test('the roll call brings every node that answers, by name', async (t) => {
  const { cluster, client } = await stage(t)
  const names = async (): Promise<string[]> => (await client.status({ waitMs: 50 })).map(({ node }) => node)
  assert.deepEqual(await names(), ['a', 'b', 'c'])
  const liar = cluster.hub.connect('liar')
  liar.subscribe('flotilla.demo.nodes.status', (m) => m.respond(utf8('{"node":"x"}')))
  await cluster.kill('b')
  assert.deepEqual(await names(), ['a', 'c'])
  for (const name of ['a', 'c']) await cluster.kill(name)
  await liar.close()
  assert.deepEqual(await names(), [])
})

test('options of a read and a write are checked by the compiler', () => {
  const write: WriteOptions = { idempotent: true, timeoutMs: 5 }
  const read: ReadOptions = { consistency: 'stale' }
  assert.ok(write.idempotent && read.consistency)
})
