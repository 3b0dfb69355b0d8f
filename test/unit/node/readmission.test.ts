/** A node whose disk was lost is taken back: as a new peer of all its groups, filled from nothing, and never against the will of those who are left. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import type { MembersClient } from '../../../src/client/members.ts'
import { readmit } from '../../../src/client/readmission.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { parrot } from './sample-node.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

const GROUPS = ['g', 'h']
const JOINS = { nodes: [], join: true }

async function scene(t: TestContext): Promise<{ cluster: SmallCluster; client: Client }> {
  const groups = GROUPS.map((id) => ({ id, stateMachine: parrot() }))
  const cluster = await SmallCluster.start(t, { groups, timing: { electionTimeoutMs: 200, heartbeatMs: 20 } })
  const client = await connect({ cluster: 'demo', transport: cluster.guest('client'), timeoutMs: 5000 })
  t.after(() => client.close())
  await cluster.leader('h')
  await say(await cluster.leader(), 'before')
  await (await cluster.leader('h')).propose('h', utf8('before'))
  return { cluster, client }
}

/** That node's disk is gone, and so is the node. */
async function lose(cluster: SmallCluster, node: string): Promise<void> {
  const lost = cluster.node(node)
  cluster.forget(lost)
  await lost.stop()
}

const startEmpty = (cluster: SmallCluster, node: string, wishes: object) =>
  cluster.run(node, { ...wishes, store: memoryStore({ cluster: 'demo', node }) })

const isFilled = (cluster: SmallCluster, node: string): boolean =>
  GROUPS.every(
    (group) => groupOf(cluster.node(node), group).life === 'running' && recall(cluster.node(node), 'before', group) === 'before',
  )

const hasPeer = (cluster: SmallCluster, group: string, peer: number): boolean =>
  cluster
    .node('c')
    .status()
    .groups.some((one) => one.group === group && one.peer === peer)

test('a lost disk: refused, readmitted to every group under a new id, filled, and a voter again', async (t) => {
  const { cluster, client } = await scene(t)
  await lose(cluster, 'c')
  const refused = await startEmpty(cluster, 'c', {})
  assert.equal((await refused.closed)?.code, 'STORE_MISMATCH')
  cluster.forget(refused)
  const behind = await client.readmit('c')
  assert.deepEqual(
    behind.map(({ group, isBehind, members }) => [group, isBehind, members.conf.voters, members.conf.learners]),
    GROUPS.map((group) => [group, true, [1, 2], [4]]),
    'a node that does not run is not waited for',
  )
  await startEmpty(cluster, 'c', {})
  await until('c is filled', () => cluster.node('c').status().groups.length === 2 && isFilled(cluster, 'c'))
  for (const group of GROUPS) await client.members(group).promote('c')
  for (const group of GROUPS) await until('c votes', () => groupOf(cluster.node('c'), group).role !== 'learner')
  assert.deepEqual((await client.members('h').list()).peers, { 1: 'a', 2: 'b', 4: 'c' })
})

test('a node that waits to become a member is a voter again before the answer', async (t) => {
  const { cluster, client } = await scene(t)
  await lose(cluster, 'b')
  let started: Promise<unknown> | null = null
  const slowly = (group: string): MembersClient => {
    const members = client.members(group)
    const add: MembersClient['add'] = async (...asked) => {
      started ??= startEmpty(cluster, 'b', JOINS)
      await started
      return members.add(...asked)
    }
    return { ...members, add }
  }
  const done = await readmit({ status: (options) => client.status(options), members: slowly }, 'b')
  assert.deepEqual(
    done.map(({ group, isBehind, members }) => [group, isBehind, members.conf.voters]),
    GROUPS.map((group) => [group, false, [1, 3, 4]]),
  )
  assert(isFilled(cluster, 'b'))
})

test('who runs with its replicas, or is no member, cannot be readmitted', async (t) => {
  const { cluster, client } = await scene(t)
  await assert.rejects(client.readmit('b'), { code: 'CONF_INVALID', message: /runs, and holds its replica of group 'g'/ })
  await assert.rejects(client.readmit('z'), { code: 'CONF_INVALID', message: /knows 'z' as a member/ })
  await assert.rejects(client.readmit('Z!'), { code: 'CONFIG_INVALID' })
  for (const group of GROUPS) assert.deepEqual((await client.members(group).list()).conf.voters, [1, 2, 3])
  await cluster.settled()
})

test('with two of three lost nobody is readmitted', async (t) => {
  const { cluster, client } = await scene(t)
  await cluster.settled()
  for (const node of ['b', 'c']) await lose(cluster, node)
  await assert.rejects(client.readmit('c', { timeoutMs: 800 }), ({ code }: { code: string }) =>
    ['TIMEOUT', 'TIMEOUT_UNKNOWN', 'UNAVAILABLE'].includes(code),
  )
  await pause(50)
  assert.deepEqual(groupOf(cluster.node('a')).voters, ['a', 'b', 'c'])
  assert.equal(recall(cluster.node('a'), 'before'), 'before')
})

test('the store that was refused will do where it is of this founding: an older copy', async (t) => {
  const { cluster, client } = await scene(t)
  await until('c has voted or heard', () => GROUPS.every((group) => groupOf(cluster.node('c'), group).applied > 0))
  await lose(cluster, 'c')
  const older = cluster.disk('c').copy()
  assert(older)
  await cluster.run('c')
  await until('it runs again', () => GROUPS.every((group) => groupOf(cluster.node('c'), group).leader !== null))
  await lose(cluster, 'c')
  cluster.disk('c').restore(older)
  const refused = await cluster.run('c')
  assert.equal((await refused.closed)?.code, 'STORE_MISMATCH')
  cluster.forget(refused)
  await client.readmit('c')
  await cluster.run('c', JOINS)
  await until(
    'c is filled under its new ids',
    () => GROUPS.every((group) => hasPeer(cluster, group, 4)) && isFilled(cluster, 'c'),
  )
})

test('a store of another founding will not do: its peers stay, and the new ones never begin', async (t) => {
  const { cluster, client } = await scene(t)
  const other = await scene(t)
  await lose(other.cluster, 'c')
  await lose(cluster, 'c')
  const disk = other.cluster.disk('c')
  const refused = await cluster.run('c', { store: memoryStore({ cluster: 'demo', node: 'c' }, disk) })
  assert.equal((await refused.closed)?.code, 'STORE_MISMATCH')
  cluster.forget(refused)
  await client.readmit('c')
  const stays = await cluster.run('c', { ...JOINS, store: memoryStore({ cluster: 'demo', node: 'c' }, disk) })
  await until('it is spoken to', () => (stays.status().refused.STORE_MISMATCH ?? 0) > 5)
  for (const group of GROUPS) assert(!hasPeer(cluster, group, 4))
  cluster.forget(stays)
  await stays.stop()
  await client.readmit('c') // the others have met that store
  await startEmpty(cluster, 'c', JOINS)
  await until('an empty one begins', () => GROUPS.every((group) => hasPeer(cluster, group, 5)) && isFilled(cluster, 'c'))
})

test('who sees the readmission in a received state only, or all at once, follows the new peer', async (t) => {
  const nodes = ['a', 'b', 'c', 'd', 'e']
  const groups = [{ id: 'g', stateMachine: parrot(), compaction: { entries: 10, keep: 2 } }]
  const cluster = await SmallCluster.start(t, { nodes, groups, timing: { electionTimeoutMs: 200, heartbeatMs: 20 } })
  const client = await connect({ cluster: 'demo', transport: cluster.guest('client'), timeoutMs: 5000 })
  t.after(() => client.close())
  await say(await cluster.leader(), 'before')
  await cluster.settled()
  const away = cluster.node('c')
  await lose(cluster, 'b')
  await lose(cluster, 'c')
  const missed = groupOf(away).lastIndex
  await cluster.leader()
  await client.readmit('b')
  await startEmpty(cluster, 'b', JOINS)
  await until(
    'b is there',
    () => cluster.node('b').status().groups.length === 1 && recall(cluster.node('b'), 'before') === 'before',
  )
  await client.members('g').promote('b')
  for (let i = 0; i < 50; i++) await say(await cluster.leader(), `word ${i}`)
  assert(groupOf(await cluster.leader()).truncated > missed)
  const back = await cluster.run('c')
  await until('c has got the state', () => groupOf(back).truncated > missed)
  await (await cluster.leader()).transfer('g', 'b')
  assert.equal((await cluster.leader()).id, 'b', 'also to c')
})

test('who was away meanwhile follows the readmitted node, also when that one leads', async (t) => {
  const nodes = ['a', 'b', 'c', 'd', 'e']
  const cluster = await SmallCluster.start(t, { nodes, timing: { electionTimeoutMs: 200, heartbeatMs: 20 } })
  const client = await connect({ cluster: 'demo', transport: cluster.guest('client'), timeoutMs: 5000 })
  t.after(() => client.close())
  await say(await cluster.leader(), 'before')
  await cluster.settled()
  await lose(cluster, 'b')
  await lose(cluster, 'c')
  await cluster.leader()
  await client.readmit('b')
  await startEmpty(cluster, 'b', JOINS)
  await until('b is there', () => cluster.node('b').status().groups.length === 1)
  await client.members('g').promote('b')
  await until('b votes', () => groupOf(cluster.node('b')).role === 'follower')
  await (await cluster.leader()).transfer('g', 'b')
  assert.equal((await cluster.leader()).id, 'b')
  await say(cluster.node('b'), 'after')
  const back = await cluster.run('c')
  await until('c has heard of it', () => recall(back, 'after') === 'after')
  assert.equal(groupOf(back).leader, 'b')
})
