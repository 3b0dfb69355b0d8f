/** Bad words on every subject of a running cluster: each is counted or answered with its code, and nobody falls. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { COMMAND_BYTES_MAX, PAYLOAD_BYTES_MIN } from '../../../src/base/limits.ts'
import { createNode } from '../../../src/node/node.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import type { Headers, Transport } from '../../../src/ports/transport.ts'
import type { Message } from '../../../src/protocol/messages.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { decodeEnvelope, encodeEnvelope, type Sender } from '../../../src/wire/envelope.ts'
import { encodeFrame } from '../../../src/wire/frame.ts'
import { decodeAnswer, decodeLeaderHint, decodeLogPage, encodeRequest } from '../../../src/wire/requests.ts'
import { parrot } from './sample-node.ts'
import { groupOf, SmallCluster, say, until } from './small-cluster.ts'

const ROOT = 'flotilla.demo'

/** Bytes that are no request, whatever the subject. */
const GARBAGE: readonly Uint8Array[] = [
  new Uint8Array(0),
  utf8('hello'),
  utf8('{}'),
  utf8('null'),
  Uint8Array.of(0xf1, 2, 0, 0, 0, 2, 0x7b, 0x7d),
  Uint8Array.of(0xf1, 1, 0xff, 0xff, 0xff, 0xff),
  encodeFrame({}),
  encodeFrame(JSON.parse('{"__proto__":{"group":"g"},"timeoutMs":-1}')),
  encodeFrame({ group: 'g', timeoutMs: 1e9 }, [new Uint8Array(10)]),
  new Uint8Array(500_000).fill(0x7b),
]

async function troubled(
  t: TestContext,
): Promise<{ cluster: SmallCluster; guest: Transport; leader: FlotillaNode; terms: () => number[] }> {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  await say(leader, 'before')
  return { cluster, guest: cluster.guest(), leader, terms: () => cluster.nodes.map((node) => groupOf(node).term) }
}

const refusedBy = (node: FlotillaNode, code: string): number => node.status().refused[code] ?? 0

/** Everybody is still there, in the same term, and writes go on. */
async function assertUnharmed(cluster: SmallCluster, leader: FlotillaNode, term: number): Promise<void> {
  assert.equal((await say(leader, 'after')).term, term)
  for (const node of cluster.nodes) {
    assert.equal(node.status().life, 'serving')
    assert.equal(groupOf(node).life, 'running')
  }
}

/** What a node says of itself in its envelopes. */
const senderOf = (guest: Transport, node: string): Promise<Sender> =>
  new Promise((resolve) => {
    const overheard = guest.subscribe(`${ROOT}.raft.*.${node}`, ({ data }) => {
      overheard.unsubscribe()
      resolve(decodeEnvelope(data).sender)
    })
  })

test('garbage on raft subjects is counted as CODEC_INVALID', async (t) => {
  const { cluster, guest, leader } = await troubled(t)
  const { term } = groupOf(leader)
  for (const node of cluster.nodes) {
    for (const bytes of GARBAGE) guest.publish(`${ROOT}.raft.${node.id}.b`, bytes)
    await until('all of it is counted', () => refusedBy(node, 'CODEC_INVALID') === GARBAGE.length)
  }
  await assertUnharmed(cluster, leader, term)
})

test('well-formed words of strangers are counted by what is wrong with them', async (t) => {
  const { cluster, guest, leader } = await troubled(t)
  const { term } = groupOf(leader)
  const [target] = await cluster.followers()
  assert(target)
  const victim = groupOf(target).peer
  const speaker = leader
  const sender = await senderOf(guest, speaker.id)
  const vote: Message = {
    type: 'RequestVote',
    from: groupOf(speaker).peer,
    to: victim,
    term: term + 5,
    lastIndex: 1e6,
    lastTerm: 1e6,
    commit: 0,
    commitTerm: 0,
    transfer: true,
  }
  const epoch = await epochOf(cluster, target)
  const publish = (said: { sender?: Sender; message?: Message; group?: string; epoch?: string; token?: string }): void => {
    const message = { group: said.group ?? 'g', epoch: said.epoch ?? epoch, message: said.message ?? vote }
    const data = encodeEnvelope({ sender: said.sender ?? sender, messages: [message] })
    guest.publish(`${ROOT}.raft.${target.id}.${said.token ?? speaker.id}`, data)
  }
  const stranger = 'abc'.split('').find((id) => id !== target.id && id !== speaker.id) as string
  const lies: readonly [string, Parameters<typeof publish>[0]][] = [
    ['STORE_MISMATCH', { token: stranger }],
    ['STORE_MISMATCH', { sender: { ...sender, cluster: 'other' } }],
    ['STORE_MISMATCH', { sender: { ...sender, store: 'another-store' } }],
    ['STORE_MISMATCH', { sender: { ...sender, boot: 0 } }],
    ['STORE_MISMATCH', { epoch: 'another' }],
    ['STORE_MISMATCH', { message: { ...vote, from: victim } }],
    ['UNKNOWN_GROUP', { group: 'elsewhere' }],
    ['CODEC_INVALID', { message: { ...vote, term: Number.MAX_SAFE_INTEGER } }],
  ]
  for (const [code, lie] of lies) {
    const before = refusedBy(target, code)
    publish(lie)
    await until(`${code} for ${JSON.stringify(lie)}`, () => refusedBy(target, code) === before + 1)
  }
  await assertUnharmed(cluster, leader, term)
})

test('garbage on request subjects is answered with CODEC_INVALID', async (t) => {
  const { cluster, guest, leader } = await troubled(t)
  const { term } = groupOf(leader)
  const verbs = ['propose', 'read', 'query']
  const subjects = [
    ...verbs.map((verb) => `${ROOT}.group.g.${verb}`),
    ...verbs.map((verb) => `${ROOT}.node.${leader.id}.${verb}`),
  ]
  for (const subject of subjects) {
    for (const bytes of GARBAGE) {
      const { data } = await guest.request(subject, bytes, { timeoutMs: 1000 })
      assert.throws(() => decodeAnswer(data), { code: 'CODEC_INVALID' }, subject)
      guest.publish(subject, bytes) // and from somebody who does not want to know
    }
  }
  assert(refusedBy(leader, 'CODEC_INVALID') >= GARBAGE.length)
  await assertUnharmed(cluster, leader, term)
})

test('requests that cannot be done are answered with their code', async (t) => {
  const { cluster, guest, leader } = await troubled(t)
  const ask = async (subject: string, group: string, body: Uint8Array): Promise<unknown> => {
    const { data } = await guest.request(`${ROOT}.${subject}`, encodeRequest({ group, body, timeoutMs: 1000, direct: true }), {
      timeoutMs: 2000,
    })
    return decodeAnswer(data)
  }
  const [follower] = await cluster.followers()
  await assert.rejects(ask(`node.${leader.id}.propose`, 'elsewhere', utf8('x')), { code: 'UNKNOWN_GROUP' })
  await assert.rejects(ask('group.g.propose', 'elsewhere', utf8('x')), { code: 'CODEC_INVALID' })
  await assert.rejects(ask('group.g.propose', 'g', utf8('unfit')), { code: 'COMMAND_INVALID' })
  await assert.rejects(ask('group.g.propose', 'g', new Uint8Array(COMMAND_BYTES_MAX + 1)), { code: 'TOO_LARGE' })
  await assert.rejects(ask(`node.${follower?.id}.propose`, 'g', utf8('x')), {
    code: 'NOT_LEADER',
    details: { group: 'g', leader: leader.id },
  })
  await assert.rejects(ask('group.g.propose', 'g', utf8('refuse')), { code: 'COMMAND_INVALID' })
})

test('bad questions to the log are answered in JSON', async (t) => {
  const { guest, cluster, leader } = await troubled(t)
  for (const bad of ['', '{', '[]', '{"from":0}', '{"from":1,"limit":1e9}', '['.repeat(100_000)]) {
    const { data } = await guest.request(`${ROOT}.group.g.log`, utf8(bad), { timeoutMs: 1000 })
    const { error } = JSON.parse(text(data)) as { error: { code: string; message: string } }
    assert.equal(error.code, 'CODEC_INVALID')
    assert.throws(() => decodeLogPage(data), { code: 'CODEC_INVALID' })
  }
  const far = await guest.request(`${ROOT}.group.g.log`, utf8('{"from":9007199254740991}'), { timeoutMs: 1000 })
  assert.deepEqual(decodeLogPage(far.data).entries, [])
  await assertUnharmed(cluster, leader, groupOf(leader).term)
})

test('status, leader and hello take anything as a question', async (t) => {
  const { guest, cluster, leader } = await troubled(t)
  for (const bytes of GARBAGE) {
    const status = await guest.request(`${ROOT}.node.${leader.id}.status`, bytes, { timeoutMs: 1000 })
    assert.equal((JSON.parse(text(status.data)) as { node: string }).node, leader.id)
    const hint = await guest.request(`${ROOT}.group.g.leader`, bytes, { timeoutMs: 1000 })
    const { founding, ...led } = decodeLeaderHint(hint.data)
    assert.deepEqual(led, { leader: leader.id, term: groupOf(leader).term })
    assert.match(founding ?? '', /^[0-9a-f]{32}$/)
    for (const verb of ['status', 'hello', 'stranger']) guest.publish(`${ROOT}.node.${leader.id}.${verb}`, bytes)
  }
  await assertUnharmed(cluster, leader, groupOf(leader).term)
})

test('a service that breaks answers its asker in the words of its subject', async (t) => {
  const { guest, leader, cluster } = await troubled(t)
  const stopping = leader.stop()
  cluster.forget(leader)
  const headers: Headers = {}
  await guest.request(`${ROOT}.group.g.leader`, utf8(''), { timeoutMs: 1000, headers }).then(
    ({ data }) => JSON.parse(text(data)) as object,
    (error: unknown) => assert.match(String(error), /UNAVAILABLE|nobody|TIMEOUT|no answer/i),
  )
  await stopping
})

test('a node does not begin on a server that would refuse its appends', async () => {
  const begin = (maxPayload: number) =>
    createNode({
      cluster: 'demo',
      id: 'a',
      nodes: ['a'],
      groups: [{ id: 'g', stateMachine: parrot() }],
      transport: loopback({ maxPayload }).connect('a'),
      store: memoryStore({ cluster: 'demo', node: 'a' }),
    })
  await assert.rejects(begin(PAYLOAD_BYTES_MIN - 1), { code: 'CONFIG_INVALID', message: /max_payload/ })
  const node = await begin(PAYLOAD_BYTES_MIN)
  await node.stop()
})

/** The founding that the nodes of a cluster share, as they say it to each other. */
async function epochOf(cluster: SmallCluster, node: FlotillaNode): Promise<string> {
  const { decodeEnvelope } = await import('../../../src/wire/envelope.ts')
  const spy = cluster.guest('spy')
  const heard: string[] = []
  spy.subscribe(`${ROOT}.raft.${node.id}.*`, ({ data }) => void heard.push(decodeEnvelope(data).messages[0]?.epoch ?? ''))
  const epoch = await until('an envelope', () => heard[0])
  await spy.close()
  return epoch
}
