/** Members that come and go as processes, over NATS and LMDB, while records are being written: nothing acknowledged is lost. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importRecords } from './import-records.ts'
import { until } from './processes.ts'
import { assertNothingLost, NODES, TestCluster } from './test-cluster.ts'

const GROUPS = ['kv', 'actors'] as const

/** Waits until a node holds as much of a group as its leader. */
async function filled(cluster: TestCluster, node: string, group = 'kv'): Promise<void> {
  await until(`${node} holds what the others hold of ${group}`, async () => {
    const groups = await cluster.groups(group)
    const commit = Math.max(...[...groups.values()].map((status) => status.commit))
    const own = groups.get(node)
    return own !== undefined && own.applied > commit - 200 ? own : undefined
  })
}

test('a fourth node joins under load, is killed, votes, and sees the leader removed and come back as another', async (t) => {
  const cluster = await TestCluster.start(t)
  const { client } = cluster
  let removed = ''
  const change = async (): Promise<void> => {
    await cluster.run('d')
    for (const group of GROUPS) await client.members(group).add('d', { learner: true })
    await filled(cluster, 'd')
    await cluster.node('d').kill()
    await cluster.run('d')
    await filled(cluster, 'd')
    for (const group of GROUPS) await client.members(group).promote('d')
    removed = await cluster.leader('kv')
    await client.members('kv').remove(removed)
    await until('who was removed holds nothing of it', async () => !(await cluster.groups('kv')).has(removed))
    await cluster.node(removed).kill()
    await cluster.run(removed)
    assert.equal((await cluster.groups('kv')).has(removed), false, 'its old list does not bring it back')
    const back = await client.members('kv').add(removed)
    assert.deepEqual([back.members.lastPeerId, back.members.peers[5]], [5, removed])
    await filled(cluster, removed)
  }
  const report = await importRecords(client, { records: 15_000, inFlight: 64, at: { count: 3000, run: change } })
  assert.deepEqual(report.failures, [])
  const all = [...NODES, 'd']
  await cluster.settled('kv', all)
  const { conf, peers } = await client.members('kv').list()
  assert.deepEqual(conf.voters.map((peer) => peers[peer]).sort(), all)
  assert.equal(conf.voters.length, 4)
  assertNothingLost(await cluster.replicas(all), report.acknowledged)
})

test('a member that was removed while it was down is told when it comes back, and destroys what it holds', async (t) => {
  const cluster = await TestCluster.start(t)
  const { client } = cluster
  await client.kv('kv').put('key', 'value')
  const away = await cluster.follower('kv')
  await cluster.node(away).kill()
  await client.members('kv').remove(away)
  await cluster.run(away)
  await until('it was told', async () => {
    const groups = await cluster.groups('kv')
    return groups.size === 2 && !groups.has(away)
  })
  assert.equal((await cluster.groups('actors')).size, 3, 'its other groups live on')
  await assert.rejects(client.members('kv').remove('z'), { code: 'CONF_INVALID' })
})
