/** A group that nobody answers for: told from one without a leader, and from a cluster where nobody is. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import type { FlotillaError } from '../../../src/base/errors.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import { RollCall } from '../../../src/client/roll-call.ts'
import type { CommittedEntry } from '../../../src/client/types.ts'
import { silent } from '../../../src/ports/logger.ts'
import type { NodeStatus } from '../../../src/ports/status.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'
import { nodeStatus } from '../../web/fake-cluster.ts'
import { FakeCluster } from './fake-cluster.ts'

const SUBJECT = 'flotilla.demo.nodes.status'

async function stage(
  t: { after(end: () => Promise<void>): void },
  names: readonly string[] = ['a', 'b'],
): Promise<{ cluster: FakeCluster; client: Client }> {
  const cluster = new FakeCluster(names)
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client'), timeoutMs: 700 })
  t.after(() => client.close())
  return { cluster, client }
}

/** Reads a stream to its first entry. */
async function first(stream: AsyncIterable<CommittedEntry>): Promise<CommittedEntry | null> {
  for await (const entry of stream) return entry
  return null
}

/** Every way to ask a group something. */
const ways = (client: Client, group: string): readonly (() => Promise<unknown>)[] => [
  () => client.propose(group, utf8('x')),
  () => client.read(group, utf8('x')),
  () => client.read(group, utf8('x'), { consistency: 'stale' }),
  () => client.log(group, { from: 1 }),
  () => first(client.committed(group)),
  () => first(client.committed(group, { from: 1 })),
]

/** That the error has the code and says the words. */
const told =
  (code: FlotillaError['code'], words: RegExp) =>
  (error: unknown): boolean => {
    assert.match(String(error), words)
    return refusedWith(code)(error)
  }

test('a group that no node has is UNKNOWN_GROUP long before the deadline, and the error names those there are', async (t) => {
  const { client } = await stage(t)
  const begun = performance.now()
  for (const ask of ways(client, 'kw')) {
    await assert.rejects(ask, told('UNKNOWN_GROUP', /no node of cluster demo that answers has a group 'kw'; there are: kv/))
  }
  assert.ok(performance.now() - begun < 6 * 600, 'none waited for its deadline')
})

test('where no node answers, the error says so at the deadline', async (t) => {
  const { client } = await stage(t, [])
  const asked = ways(client, 'kv').map((ask) => assert.rejects(ask, told('UNAVAILABLE', /no node of cluster demo answers/)))
  await Promise.all(asked)
})

test('calls tried while nobody was there succeed when a node comes in time', async (t) => {
  const { cluster, client } = await stage(t, [])
  const late = client.log('kv', { from: 1, timeoutMs: 5000 })
  setTimeout(() => cluster.add('a'), 400)
  assert.equal((await late).commit, 0)
})

test('many calls at a time share one roll call', async (t) => {
  const { cluster, client } = await stage(t)
  let asked = 0
  cluster.hub.connect('counter').subscribe(SUBJECT, () => void asked++)
  const calls = Array.from({ length: 50 }, () => client.log('kw', { from: 1 }))
  await Promise.all(calls.map((call) => assert.rejects(call, refusedWith('UNKNOWN_GROUP'))))
  assert.equal(asked, 2, 'the first look at the cluster, and what explains')
})

/** What a roll call says about group `kv` when these nodes answer. */
async function explained(...nodes: readonly NodeStatus[]): Promise<string | null> {
  const hub = loopback()
  const node = hub.connect('node')
  for (const status of nodes) node.subscribe(SUBJECT, (m) => m.respond(utf8(JSON.stringify(status))))
  const calls = new RollCall({ cluster: 'demo', transport: hub.connect('client'), subject: SUBJECT, logger: silent })
  return (await calls.explain('kv'))?.code ?? null
}

test('nothing is concluded while a node has the group, or one that answers is not serving yet', async () => {
  const [without, opening] = [nodeStatus('a', []), { ...nodeStatus('b', []), life: 'opening' }]
  assert.equal(await explained(without), 'UNKNOWN_GROUP')
  assert.equal(await explained(without, nodeStatus('c')), null)
  assert.equal(await explained(without, opening), null)
  assert.equal(await explained(), 'UNAVAILABLE')
})

test('without a connection nothing is concluded', async () => {
  const hub = loopback()
  const transport = hub.connect('client')
  hub.disconnect('client')
  const calls = new RollCall({ cluster: 'demo', transport, subject: SUBJECT, logger: silent })
  assert.equal(await calls.explain('kv'), null)
})

test('a call asks for an explanation once', async (t) => {
  const { cluster, client } = await stage(t)
  cluster.hideLeader()
  let asked = 0
  cluster.hub.connect('counter').subscribe(SUBJECT, () => void asked++)
  await assert.rejects(client.propose('kv', utf8('x'), { timeoutMs: 2000 }), refusedWith('UNAVAILABLE'))
  assert.equal(asked, 2, 'the first look at the cluster, and what explains')
})
