/** The permissions that docs/transport.md gives nodes and clients are enough for a cluster, and keep a client from playing a node. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { utf8 } from '../../src/base/bytes.ts'
import { type Client, connect } from '../../src/client/client.ts'
import { createNode } from '../../src/node/node.ts'
import type { FlotillaNode } from '../../src/node/types.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { encodePut } from '../../src/statemachines/kv/command.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { memoryStore } from '../../src/storage/memory/store.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { refusedWith } from '../contract/transport-waiting.ts'
import { type RealServer, serverAvailable, startServer } from '../nats-server.ts'
import { until } from './processes.ts'

const NODES = ['a', 'b', 'c'] as const
const ROOT = 'flotilla.test'

interface Rights {
  readonly publish: readonly string[]
  readonly subscribe: readonly string[]
}

/** Who has a prefix of its own for answers is permitted no other. */
const inboxOf = (name: string): string => (name === 'c' || name === 'client' ? `_INBOX.${name}` : '_INBOX')

const nodeRights = (id: string): Rights => ({
  publish: [
    `${ROOT}.raft.*.${id}`,
    `${ROOT}.snap.*.${id}`,
    `${ROOT}.group.>`,
    `${ROOT}.event.>`,
    `${ROOT}.node.${id}.hello`,
    `${ROOT}.node.*.stranger`,
    `${ROOT}.node.*.removed`,
    `${ROOT}.node.*.propose`,
    `${ROOT}.node.*.transfer`,
    `${ROOT}.node.*.members`,
    `${ROOT}.node.*.meet`,
    `${ROOT}.node.*.promised`,
    '_INBOX.>',
  ],
  subscribe: [
    `${ROOT}.raft.${id}.*`,
    `${ROOT}.snap.${id}.*`,
    `${ROOT}.group.>`,
    `${ROOT}.node.${id}.*`,
    `${ROOT}.nodes.status`,
    '$SRV.>',
    `${inboxOf(id)}.>`,
  ],
})

const CLIENT_RIGHTS: Rights = {
  publish: [
    ...['propose', 'read', 'transfer', 'query', 'log', 'leader'].map((verb) => `${ROOT}.group.*.${verb}`),
    ...['propose', 'read', 'transfer', 'query', 'status'].map((verb) => `${ROOT}.node.*.${verb}`),
    `${ROOT}.nodes.status`,
  ],
  subscribe: [`${inboxOf('client')}.>`, `${ROOT}.group.*.committed.>`, `${ROOT}.event.leadership`],
}

const user = (name: string, { publish, subscribe }: Rights): string =>
  `{ user: ${name}, password: ${name}, permissions: ${JSON.stringify({ publish: { allow: publish }, subscribe: { allow: subscribe } })} }`

const CONFIG = `authorization { users: [
  ${[...NODES.map((id) => user(id, nodeRights(id))), user('client', CLIENT_RIGHTS)].join('\n  ')}
] }`

async function transportOf(t: TestContext, server: RealServer, name: string): Promise<Transport> {
  const login = { servers: server.url, user: name, pass: name, inboxPrefix: inboxOf(name) }
  const transport = await natsTransport({ ...login, connectTimeoutMs: 5000 })
  t.after(() => transport.close())
  return transport
}

async function startNode(t: TestContext, server: RealServer, id: string): Promise<FlotillaNode> {
  const transport = await transportOf(t, server, id)
  const store = memoryStore({ cluster: 'test', node: id })
  const groups = [{ id: 'kv', stateMachine: kv() }]
  const timing = { electionTimeoutMs: 500 }
  const node = await createNode({ cluster: 'test', id, nodes: NODES, groups, transport, store, timing })
  t.after(() => node.stop())
  return node
}

/** Everything a client can ask for, once. */
async function useEverything(client: Client): Promise<void> {
  const rows = client.kv('kv')
  await rows.put('key', 'value')
  assert.equal(await rows.getText('key'), 'value')
  for (const consistency of ['follower', 'stale'] as const) assert.equal(await rows.getText('key', { consistency }), 'value')
  for await (const entry of client.committed('kv', { from: 1 })) if (entry.kind === 'command') break
  assert.ok((await client.log('kv', { from: 1 })).entries.length >= 2)
  assert.deepEqual(
    (await client.status({ waitMs: 1000 })).map(({ node }) => node),
    [...NODES],
  )
}

const options = { skip: serverAvailable() === null ? 'no nats-server here' : false, timeout: 60_000 }

test('a cluster lives on the documented permissions, and a client cannot play a node', options, async (t) => {
  const server = await startServer({ config: CONFIG })
  t.after(() => server.stop())
  const nodes = await Promise.all(NODES.map((id) => startNode(t, server, id)))
  const ofClient = await transportOf(t, server, 'client')
  const client = await connect({ cluster: 'test', transport: ofClient, timeoutMs: 20_000 })
  t.after(() => client.close())

  await useEverything(client)
  await assert.rejects(startNode(t, server, 'a'), refusedWith('NODE_DUPLICATE'))
  const ofNode = await transportOf(t, server, 'b')
  ofNode.publish(`${ROOT}.node.nobody.stranger`, utf8('a store'))
  await ofNode.flush()
  const [follower] = nodes.filter((node) => node.status().groups[0]?.role !== 'leader')
  await follower?.propose('kv', encodePut('default', utf8('by'), utf8('a follower'))) // passed on
  await client.transfer('kv')
  const leader = await until('somebody leads', () => nodes.find((node) => node.status().groups[0]?.role === 'leader'))
  await leader.stop() // hands over: others lead, answer and publish
  await client.kv('kv').put('key', 'other', { idempotent: true })
  assert.doesNotMatch(server.log(), /violation/i)

  for (const subject of [`${ROOT}.node.a.stranger`, `${ROOT}.raft.a.b`, `${ROOT}.group.kv.committed.put.default.key`])
    await assert.rejects(ofClient.request(subject, utf8('x'), { timeoutMs: 5000 }), refusedWith('CONFIG_INVALID'))
  await until('the log tells of it', () => /violation/i.test(server.log()))
})
