/** Reads on whole nodes: from the leader, under its lease, from followers, and with a bound on how stale they may be. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { decodeAnswer, encodeRequest } from '../../../src/wire/requests.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { groupOf, pause, SmallCluster, say, until } from './small-cluster.ts'

const LEASES = { leaseReads: true, timing: { electionTimeoutMs: 200, heartbeatMs: 20 } }
const subjects = subjectsOf('demo')

/** Rounds of heartbeats that the leader of `g` has begun: what a read that asks the others adds to. */
async function readAs(node: FlotillaNode, word: string, options = {}): Promise<string> {
  return text((await node.read('g', utf8(word), options)).body)
}

test('a follower answers with everything that was acknowledged before, by asking the leader how far that is', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  for (const [i, follower] of (await cluster.followers()).entries()) {
    for (let n = 0; n < 20; n++) {
      const word = `w${i}-${n}`
      const { index } = await say(leader, word)
      const read = await follower.read('g', utf8(word), { consistency: n % 2 === 0 ? 'follower' : 'linearizable' })
      assert.equal(text(read.body), word)
      assert(read.index >= index)
    }
  }
})

test('a follower that knows no leader refuses; one whose question was lost asks again', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  await say(leader, 'word')
  cluster.hub.disconnect(follower.id)
  const read = readAs(follower, 'word', { timeoutMs: 5000 }) // the question goes nowhere
  read.catch(() => {})
  await pause(5)
  cluster.hub.reconnect(follower.id)
  assert.equal(await read.catch((error) => (error.code === 'NOT_LEADER' ? 'word' : String(error))), 'word')
  cluster.hub.disconnect(follower.id)
  await until('it believes in no leader', () => groupOf(follower).leader === null)
  await assert.rejects(readAs(follower, 'word'), { code: 'NOT_LEADER', retryable: true })
})

test('a leader with a lease answers without asking; when it cannot know any more that it leads, it does not answer', async (t) => {
  const cluster = await SmallCluster.start(t, LEASES)
  const leader = await cluster.leader()
  await say(leader, 'old')
  await until('the lease is held', async () => (await readAs(leader, 'old', { consistency: 'lease' })) === 'old')
  await pause(60) // a few heartbeats
  cluster.hub.disconnect(leader.id)
  assert.equal(await readAs(leader, 'old', { consistency: 'lease', timeoutMs: 20 }), 'old', 'nobody else can lead yet')
  await assert.rejects(readAs(leader, 'old', { timeoutMs: 20 }), { code: 'TIMEOUT' }, 'a read that asks gets no answer')
  const others = cluster.nodes.filter((node) => node !== leader)
  const next = await until('another leader', () => others.find((node) => groupOf(node).role === 'leader'))
  await say(next, 'new')
  await assert.rejects(readAs(leader, 'new', { consistency: 'lease', timeoutMs: 50 }), (error: { code: string }) =>
    ['TIMEOUT', 'NOT_LEADER'].includes(error.code),
  )
  cluster.hub.reconnect(leader.id)
  assert.equal(await readAs(next, 'new', { consistency: 'lease' }), 'new')
})

test('a node that keeps no leases says so at once', async (t) => {
  const cluster = await SmallCluster.start(t)
  const refusal = { code: 'CONFIG_INVALID', message: /leaseReads/ }
  for (const node of cluster.nodes) await assert.rejects(readAs(node, 'x', { consistency: 'lease' }), refusal)
})

test('a bound on staleness: the first read finds out how fresh the replica is, the next ones need not', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  await say(leader, 'word')
  assert.equal(await readAs(follower, 'word', { maxStalenessMs: 30_000 }), 'word', 'never confirmed: it asks')
  cluster.hub.disconnect(follower.id)
  assert.equal(await readAs(follower, 'word', { maxStalenessMs: 30_000, timeoutMs: 20 }), 'word', 'confirmed lately: it need not')
  await pause(15)
  await assert.rejects(readAs(follower, 'word', { maxStalenessMs: 10, timeoutMs: 20 }), (error: { code: string }) =>
    ['TIMEOUT', 'NOT_LEADER'].includes(error.code),
  )
})

test('over the wire: any replica answers as fresh as asked, and a direct read only who leads', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  await say(leader, 'word')
  const guest = cluster.guest()
  const ask = async (subject: string, how: object) => {
    const data = encodeRequest({ group: 'g', body: utf8('word'), timeoutMs: 2000, ...how })
    return text(decodeAnswer((await guest.request(subject, data, { timeoutMs: 3000 })).data).body)
  }
  assert.equal(await ask(subjects.group('g', 'query'), { consistency: 'follower' }), 'word')
  assert.equal(await ask(subjects.group('g', 'query'), { maxStalenessMs: 0 }), 'word')
  assert.equal(await ask(subjects.node(follower.id, 'read'), {}), 'word')
  assert.equal(await ask(subjects.node(follower.id, 'query'), { consistency: 'follower' }), 'word')
  assert.equal(await ask(subjects.group('g', 'read'), {}), 'word')
  const refusal = { code: 'NOT_LEADER', details: { group: 'g', leader: leader.id } }
  await assert.rejects(ask(subjects.node(follower.id, 'read'), { direct: true }), refusal)
})
