/** Members that come and go, on whole nodes in memory: joining, filling, promotion, removal, return. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { encodeEnvelope } from '../../../src/wire/envelope.ts'
import {
  decodeMembersView,
  decodeReconfigured,
  encodeMembersRequest,
  encodeReconfigure,
  type MemberStep,
  type MembersView,
  type Reconfigured,
} from '../../../src/wire/members.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

let guests = 0

const NEW = { nodes: [], join: true }

/** Asks the leader of the moment for other members; again, while it is too early. */
async function change(cluster: SmallCluster, type: MemberStep['type'], node: string): Promise<Reconfigured> {
  return changeAll(cluster, [{ type, node }])
}

async function changeAll(cluster: SmallCluster, steps: MemberStep[]): Promise<Reconfigured> {
  const request = encodeReconfigure({ group: 'g', steps, timeoutMs: 5000 })
  return asking(cluster, async (guest) =>
    decodeReconfigured((await guest.request('flotilla.demo.group.g.reconfigure', request, { timeoutMs: 5000 })).data),
  )
}

async function members(cluster: SmallCluster): Promise<MembersView> {
  const request = encodeMembersRequest({ group: 'g', timeoutMs: 5000 })
  return asking(cluster, async (guest) =>
    decodeMembersView((await guest.request('flotilla.demo.group.g.members', request, { timeoutMs: 5000 })).data),
  )
}

/** Asks again while nothing was done and it is only too early. */
async function asking<T>(cluster: SmallCluster, ask: (guest: Transport) => Promise<T>): Promise<T> {
  const guest = cluster.guest(`guest-${++guests}`)
  try {
    for (;;) {
      try {
        return await ask(guest)
      } catch (error) {
        if (!(error instanceof FlotillaError && error.retryable)) throw error
        await pause(5)
      }
    }
  } finally {
    await guest.close()
  }
}

const holds = (node: FlotillaNode): boolean => node.status().groups.some(({ group, life }) => group === 'g' && life === 'running')

/** Somebody who does not know yet asks a peer on node d for its vote. */
function callForVote(cluster: SmallCluster, to: number): void {
  const sender = { cluster: 'demo', node: 'a', store: 'store', boot: 1, run: 'run' }
  const message = {
    type: 'RequestVote',
    from: 1,
    to,
    term: 9,
    lastIndex: 9,
    lastTerm: 9,
    transfer: false,
    commit: 0,
    commitTerm: 0,
  } as const
  const data = encodeEnvelope({ sender, messages: [{ group: 'g', epoch: '0123456789abcdef.0123', message }] })
  cluster.guest(`caller-${++guests}`).publish('flotilla.demo.raft.d.a', data)
}

/** Three nodes, and a fourth that was added and is a voter. */
async function four(t: TestContext): Promise<{ cluster: SmallCluster; d: FlotillaNode }> {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'before')
  const d = await cluster.run('d', NEW)
  await change(cluster, 'addLearner', 'd')
  await until('d has a replica', () => holds(d))
  await until('d is filled', () => recall(d, 'before') === 'before')
  await change(cluster, 'promote', 'd')
  return { cluster, d }
}

test('a node joins with nothing, is filled as a learner, and votes once promoted', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  for (let i = 0; i < 30; i++) await say(leader, `w${i}`)
  const d = await cluster.run('d', NEW)
  assert.equal(d.status().groups.length, 0)
  await assert.rejects(d.propose('g', new Uint8Array(1)), { code: 'UNAVAILABLE', message: 'not a member yet' })
  const added = await change(cluster, 'addLearner', 'd')
  assert.deepEqual([added.members.conf.learners, added.members.peers[4], added.members.lastPeerId], [[4], 'd', 4])
  await until('d has a replica', () => holds(d))
  await until('d is filled', () => recall(d, 'w29') === 'w29')
  assert.equal(groupOf(d).role, 'learner')
  await change(cluster, 'promote', 'd')
  await cluster.settled()
  assert.deepEqual((await members(cluster)).conf.voters, [1, 2, 3, 4])
  await until('d knows that it votes', () => groupOf(d).role === 'follower')
  for (const node of cluster.nodes) assert.deepEqual(groupOf(node).voters, ['a', 'b', 'c', 'd'])
  for (const node of cluster.nodes) assert.equal(node.status().refused.STORE_MISMATCH ?? 0, 0, `${node.id} refused nothing`)
})

test('a leader that is removed hands over; its data is destroyed, and its name may come back as another peer', async (t) => {
  const { cluster } = await four(t)
  const leader = await cluster.leader()
  const { peer } = groupOf(leader)
  await change(cluster, 'remove', leader.id)
  await until('it holds nothing', () => !holds(leader))
  cluster.forget(leader)
  const next = await cluster.leader()
  await say(next, 'without')
  await cluster.settled()
  await until('the tombstone is on the disk', () => cluster.disk(leader.id).image?.tombstones.get('g')?.peer === peer)
  assert.equal(cluster.disk(leader.id).image?.groups.size, 0)
  const back = await change(cluster, 'add', leader.id)
  assert.deepEqual([back.members.peers[5], back.members.lastPeerId], [leader.id, 5])
  await until('it is filled again', () => holds(leader) && recall(leader, 'without') === 'without')
  assert.equal(groupOf(leader).peer, 5)
  await leader.stop()
})

test('a node that was removed while it was down learns of it when it comes back', async (t) => {
  const { cluster, d } = await four(t)
  await cluster.settled()
  await d.stop()
  cluster.forget(d)
  await cluster.leader()
  await change(cluster, 'remove', 'd')
  const again = await cluster.run('d', NEW)
  assert(holds(again), 'it comes up with what its store says')
  await until('it was told, has asked, and holds nothing', () => !holds(again))
  await until('the tombstone is on the disk', () => cluster.disk('d').image?.tombstones.get('g')?.peer === 4)
  cluster.forget(again)
  callForVote(cluster, 4)
  await pause(50)
  assert(!holds(again), 'nobody calls a dead peer back')
  assert.deepEqual((await members(cluster)).conf.voters, [1, 2, 3])
  await again.stop()
  const third = await cluster.run('d', { nodes: ['a', 'b', 'c', 'd'] })
  assert.equal(third.status().groups.length, 0, 'a list does not bring it back')
  cluster.forget(third)
  await third.stop()
})

test('a member that was away while others came hears a leader that its log does not tell of', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'before')
  const [away] = await cluster.followers()
  assert(away)
  cluster.hub.disconnect(away.id)
  const d = await cluster.run('d', NEW)
  await change(cluster, 'add', 'd')
  await until('d is filled', () => holds(d) && recall(d, 'before') === 'before' && groupOf(d).role !== 'learner')
  const others = cluster.nodes.filter((node) => node !== away && node !== d)
  await until('d leads', () => {
    const leader = others.concat(d).find((node) => groupOf(node).role === 'leader')
    if (leader && leader !== d) void leader.transfer('g', 'd').catch(() => {})
    return leader === d
  })
  cluster.hub.reconnect(away.id)
  await until('who was away follows d', () => groupOf(away).leader === 'd' || groupOf(d).role !== 'leader')
  await cluster.settled()
  assert.deepEqual(groupOf(away).voters, ['a', 'b', 'c', 'd'])
})

test('a node that must vote before it has joined is called by those who need it', async (t) => {
  const cluster = new SmallCluster(t, { nodes: ['a'] })
  const a = await cluster.run('a')
  await say(await cluster.leader(), 'before')
  await change(cluster, 'add', 'b') // and nobody leads without b any more
  await until('a leads no more', () => groupOf(a).role !== 'leader')
  const b = await cluster.run('b', NEW)
  await until('b was called', () => holds(b))
  await cluster.leader()
  await until('b is filled', () => recall(b, 'before') === 'before')
  await change(cluster, 'demote', 'b')
})

test('a founding member that was told to join counts like the others', async (t) => {
  const cluster = new SmallCluster(t)
  await cluster.run('a')
  await cluster.run('b')
  const c = await cluster.run('c', NEW)
  await until('c is a member', () => holds(c))
  await say(await cluster.leader(), 'before')
  await until('c is filled', () => holds(c) && recall(c, 'before') === 'before')
  await cluster.settled()
  assert.deepEqual([groupOf(c).role, groupOf(c).voters], ['follower', ['a', 'b', 'c']])
})

test('changes that cannot be made are refused with the reason, and change nothing', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  await assert.rejects(change(cluster, 'add', 'b'), { code: 'CONF_INVALID', message: /'b' is a member already/ })
  await assert.rejects(change(cluster, 'remove', 'z'), { code: 'CONF_INVALID', message: /'z' is no member/ })
  await assert.rejects(change(cluster, 'promote', 'b'), { code: 'CONF_INVALID', message: /'b' is no learner/ })
  await assert.rejects(change(cluster, 'demote', 'z'), { code: 'CONF_INVALID' })
  await assert.rejects(changeAll(cluster, []), { code: 'CONF_INVALID' })
  const all = ['a', 'b', 'c'].map((node): MemberStep => ({ type: 'remove', node }))
  await assert.rejects(changeAll(cluster, all), { code: 'CONF_INVALID', message: /no voter would be left/ })
  const request = encodeReconfigure({ group: 'g', steps: [{ type: 'add', node: 'd' }], timeoutMs: 1000 })
  const { data } = await cluster.guest().request(`flotilla.demo.node.${follower.id}.reconfigure`, request, { timeoutMs: 1000 })
  assert.throws(() => decodeReconfigured(data), { code: 'NOT_LEADER', details: { group: 'g', leader: leader.id } })
  assert.deepEqual((await members(cluster)).conf.voters, [1, 2, 3])
})

test('several at once go through a joint configuration, and it is left before the answer', async (t) => {
  const { cluster, d } = await four(t)
  const [away] = (await cluster.followers()).filter((node) => node !== d)
  assert(away)
  const outcome = await changeAll(cluster, [
    { type: 'remove', node: away.id },
    { type: 'demote', node: 'd' },
  ])
  assert.deepEqual(outcome.members.conf.votersOutgoing, [])
  assert.deepEqual(outcome.members.conf.learners, [4])
  assert.equal(outcome.members.conf.voters.length, 2)
  await until('the removed one holds nothing', () => !holds(away))
  cluster.forget(away)
  await until('d knows', () => groupOf(d).role === 'learner')
  await away.stop()
})

test('who the members are survives a crash of every node', async (t) => {
  const { cluster } = await four(t)
  await say(await cluster.leader(), 'after')
  const nodes = [...cluster.nodes]
  for (const node of nodes) cluster.disk(node.id).crash()
  await Promise.all(nodes.map((node) => node.stop()))
  for (const node of nodes) cluster.forget(node)
  await Promise.all(nodes.map(({ id }) => cluster.run(id, { nodes: ['a', 'b', 'c', 'd'] })))
  const leader = await cluster.leader()
  await say(leader, 'later')
  await cluster.settled()
  assert.deepEqual((await members(cluster)).conf.voters, [1, 2, 3, 4])
  for (const node of cluster.nodes) for (const word of ['before', 'after', 'later']) assert.equal(recall(node, word), word)
})

test('of two, the one that stays goes on, also when the other one led', async (t) => {
  const cluster = await SmallCluster.start(t)
  const first = await cluster.leader()
  await say(first, 'three')
  const [other] = await cluster.followers()
  assert(other)
  await change(cluster, 'remove', other.id)
  await until('two are left', () => !holds(other))
  cluster.forget(other)
  await other.stop()
  const leader = await cluster.leader()
  await say(leader, 'two')
  await change(cluster, 'remove', leader.id)
  await until('one is left', () => !holds(leader))
  cluster.forget(leader)
  await leader.stop()
  const last = await cluster.leader()
  await say(last, 'one')
  assert.deepEqual(
    ['three', 'two', 'one'].map((word) => recall(last, word)),
    ['three', 'two', 'one'],
  )
})
