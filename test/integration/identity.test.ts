/** One directory, one name, one process: whoever comes second is refused, and the first goes on unharmed. */

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programOf } from './command-cluster.ts'
import { NodeProcess } from './processes.ts'
import { assertNothingLost, NODES, TestCluster } from './test-cluster.ts'

/** A copy of a follower's directory, made before the original went on, is started in its place; its hearers were started anew. */
async function copied(cluster: TestCluster): Promise<void> {
  const kv = cluster.client.kv('kv')
  const follower = await cluster.follower('kv')
  await cluster.node(follower).stop()
  const copy = join(cluster.dir, 'copy')
  cpSync(cluster.dirOf(follower), copy, { recursive: true })
  await cluster.run(follower)
  await kv.put('missed by the copy', '3', { idempotent: true })
  await cluster.settled('kv')
  await Promise.all(NODES.map((node) => cluster.node(node).stop()))
  await Promise.all(NODES.filter((node) => node !== follower).map((node) => cluster.run(node)))
  const impostor = new NodeProcess({ ...cluster.optionsOf(follower), dir: copy })
  assert.equal(await impostor.exit(), 1)
  assert.deepEqual(impostor.codes, ['STORE_MISMATCH'])
  await cluster.run(follower) // the original is welcome
  await cluster.settled('kv')
  assert.equal(await kv.getText('missed by the copy'), '3')
}

test('second processes are refused, the first ones unharmed', async (t) => {
  const cluster = await TestCluster.start(t)
  const kv = cluster.client.kv('kv')
  await kv.put('before', '1')
  const leader = await cluster.leader('kv')

  await t.test('a second process on one directory ends with STORE_IN_USE within two seconds', async () => {
    const begun = performance.now()
    const { dir, servers } = cluster.optionsOf(leader)
    const second = programOf('node', '--id', leader, '--nodes', NODES.join(), '--dir', dir, '--nats', servers)
    assert.equal((await second.ended).code, 1)
    const tookMs = Math.round(performance.now() - begun)
    t.diagnostic(`the second process was gone after ${tookMs} ms`)
    assert(tookMs < 2000)
    assert.match(second.said, /STORE_IN_USE/)
    const embedded = new NodeProcess(cluster.optionsOf(leader))
    assert.equal(await embedded.exit(), 1)
    assert.deepEqual(embedded.codes, ['STORE_IN_USE'])
  })

  await t.test('a second node of one name with a directory of its own ends with NODE_DUPLICATE', async () => {
    const second = new NodeProcess({ ...cluster.optionsOf(leader), dir: join(cluster.dir, 'another') })
    assert.equal(await second.exit(), 1)
    const line = await second.line('refused')
    assert.equal('code' in line && line.code, 'NODE_DUPLICATE')
  })

  await t.test('the first ones are unharmed', async () => {
    assert.equal(await cluster.leader('kv'), leader, 'no election took place')
    assert.equal(await kv.getText('before'), '1')
    assert.equal(cluster.node(leader).over, false)
  })

  await t.test('a copy of a directory is not heard, though opened as often as the original', () => copied(cluster))

  await t.test('a node that comes back under its name with an empty store is not heard, and told so', async () => {
    const follower = await cluster.follower('kv')
    await cluster.node(follower).stop()
    const stranger = new NodeProcess({ ...cluster.optionsOf(follower), dir: join(cluster.dir, 'empty') })
    assert.equal(await stranger.exit(), 1)
    assert.deepEqual(stranger.codes, ['STORE_MISMATCH'])
    await kv.put('after', '2', { idempotent: true })
    await cluster.run(follower) // with its own store it is welcome
    await cluster.settled('kv')
    assertNothingLost(
      await cluster.replicas(),
      new Map([
        ['before', '1'],
        ['missed by the copy', '3'],
        ['after', '2'],
      ]),
    )
  })
})
