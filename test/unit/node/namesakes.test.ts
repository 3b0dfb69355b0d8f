/** Two clusters of the same names, and a node whose disk was lost: whoever does not belong is not heard, and nobody else is harmed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { groupOf, SmallCluster, say, until } from './small-cluster.ts'

test('a node of another cluster with the same names is not heard, and ends; the others live on', async (t) => {
  const other = await SmallCluster.start(t)
  await say(await other.leader(), 'theirs')
  await until('all have it', () => other.nodes.every((node) => groupOf(node).applied >= 2))
  const foreign = other.disk('c')
  await Promise.all(other.nodes.map((node) => node.stop()))

  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'ours')
  const c = cluster.nodes.find((node) => node.id === 'c')
  assert(c)
  cluster.forget(c)
  await c.stop()
  await until('the others lead on', () => cluster.nodes.some((node) => groupOf(node).role === 'leader'))

  const store = memoryStore({ cluster: 'demo', node: 'c' }, foreign)
  const wrong = await cluster.run('c', { store })
  cluster.forget(wrong)
  const error = await wrong.closed
  assert.equal(error?.code, 'STORE_MISMATCH')
  assert(cluster.nodes.every((node) => node.status().life === 'serving'))
  await say(await cluster.leader(), 'still here')
})

test('a node whose disk was lost is not heard, also by a node it never had a word with before', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  await say(leader, 'first')
  const [follower, quiet] = cluster.nodes.filter((node) => node !== leader)
  assert(follower && quiet)
  cluster.forget(follower)
  await follower.stop()
  const empty = await cluster.run(follower.id, { store: memoryStore({ cluster: 'demo', node: follower.id }, new MemoryDisk()) })
  cluster.forget(empty)
  assert.equal((await empty.closed)?.code, 'STORE_MISMATCH')
  assert((quiet.status().refused.STORE_MISMATCH ?? 0) > 0, 'the quiet one noticed, too')
  await say(await cluster.leader(), 'second')
})
