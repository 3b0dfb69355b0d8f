/** One directory, one name, one process: whoever comes second is refused, and the first goes on unharmed. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { NodeProcess } from './processes.ts'
import { TestCluster } from './test-cluster.ts'

test('second processes are refused, the first ones unharmed', async (t) => {
  const cluster = await TestCluster.start(t)
  const { kv } = { kv: cluster.client.kv('kv') }
  await kv.put('before', '1')
  const leader = await cluster.leader('kv')

  await t.test('a second process on one directory ends with STORE_IN_USE within two seconds', async () => {
    const begun = performance.now()
    const second = new NodeProcess(cluster.optionsOf(leader))
    assert.equal(await second.exit(), 1)
    assert(performance.now() - begun < 2000)
    const line = await second.line('refused')
    assert.equal('code' in line && line.code, 'STORE_IN_USE')
  })

  await t.test('a second node of one name with a directory of its own ends with NODE_DUPLICATE', async () => {
    const second = new NodeProcess({ ...cluster.optionsOf(leader), dir: join(cluster.dir, 'another') })
    assert.equal(await second.exit(), 1)
    const line = await second.line('refused')
    assert.equal('code' in line && line.code, 'NODE_DUPLICATE')
  })

  await t.test('a node that comes back under its name with an empty store is not heard', async () => {
    const follower = await cluster.follower('kv')
    await cluster.node(follower).stop()
    cluster.moveTo(follower, join(cluster.dir, 'empty'))
    await cluster.run(follower)
    await kv.put('after', '2', { idempotent: true })
    const refused = async (): Promise<number> => {
      const statuses = await cluster.client.status()
      return statuses.find(({ node }) => node === leader)?.refused.STORE_MISMATCH ?? 0
    }
    const end = performance.now() + 10_000
    while ((await refused()) === 0) assert(performance.now() < end, 'the leader refuses what the stranger says')
    assert.equal((await cluster.groups('kv')).get(follower)?.commit, 0)
  })

  assert.equal(await cluster.leader('kv'), leader, 'no election took place')
  assert.equal(await kv.getText('before'), '1')
  assert.equal(cluster.node(leader).over, false)
})
