/** Disks and state machines that fail: what fails is silent from then on, and everybody else goes on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import type { FlotillaError } from '../../../src/base/errors.ts'
import { parrot } from './sample-node.ts'
import { groupOf, recall, SmallCluster, say, until } from './small-cluster.ts'

test('a leader whose disk fails acknowledges nothing, ends with STORAGE_FAILED, and others lead at once', async (t) => {
  const failures: FlotillaError[] = []
  const cluster = await SmallCluster.start(t, { timing: { electionTimeoutMs: 1000 }, onFailure: (error) => failures.push(error) })
  const leader = await cluster.leader()
  await say(leader, 'before')
  await cluster.settled()
  cluster.disk(leader.id).failNext()
  const fates = ['one', 'two', 'three'].map((word) =>
    say(leader, word).then(
      () => 'acknowledged',
      (error) => error.code as string,
    ),
  )
  const begun = performance.now()
  const error = await leader.closed
  cluster.forget(leader)
  assert.equal(error?.code, 'STORAGE_FAILED')
  assert.deepEqual(failures, [error])
  for (const fate of await Promise.all(fates)) assert.match(fate, /^(TIMEOUT_UNKNOWN|STORAGE_FAILED)$/)
  assert.equal(leader.status().life, 'closed')
  await assert.rejects(say(leader, 'later'), { code: 'CLOSED' })
  const next = await cluster.leader()
  assert(performance.now() - begun < 500, `the others took ${Math.round(performance.now() - begun)} ms`)
  await say(next, 'after')
  for (const node of cluster.nodes) await until('it is there', () => recall(node, 'after') === 'after')
})

test('a follower whose disk fails says nothing more; the others go on', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  cluster.disk(follower.id).failNext()
  await say(leader, 'word')
  assert.equal((await follower.closed)?.code, 'STORAGE_FAILED')
  cluster.forget(follower)
  const { lastIndex } = groupOf(leader)
  await say(leader, 'more')
  const progress = groupOf(leader).progress.find(({ node }) => node === follower.id)
  assert((progress?.match ?? 0) < lastIndex, 'it acknowledged nothing of what its disk refused')
  const again = await cluster.run(follower.id)
  await cluster.settled()
  assert.equal(recall(again, 'more'), 'more')
})

for (const word of ['break', 'null']) {
  test(`a state machine that throws (${word}) takes its group down, not its node, and no other group`, async (t) => {
    const groups = ['g', 'h'].map((id) => ({ id, stateMachine: parrot() }))
    const cluster = await SmallCluster.start(t, { groups })
    const leader = await cluster.leader('g')
    const fate = say(leader, word)
    await assert.rejects(fate, { code: 'TIMEOUT_UNKNOWN' })
    for (const node of cluster.nodes) await until('its replica has failed', () => groupOf(node, 'g').life === 'failed')
    await assert.rejects(say(leader, 'x'), { code: 'UNAVAILABLE' })
    const other = await cluster.leader('h')
    await other.propose('h', utf8('fine'))
    await cluster.settled('h')
    for (const node of cluster.nodes) {
      assert.equal(recall(node, 'fine', 'h'), 'fine')
      assert.equal(node.status().life, 'serving')
    }
    const guest = cluster.guest()
    await assert.rejects(guest.request('flotilla.demo.group.g.propose', utf8(''), { timeoutMs: 200 }), { code: 'UNAVAILABLE' })
  })
}

test('a node whose disk fails while one of its peers is beyond help still closes everything', async (t) => {
  const groups = ['g', 'h'].map((id) => ({ id, stateMachine: parrot() }))
  const cluster = await SmallCluster.start(t, { groups })
  const leader = await cluster.leader('g')
  cluster.disk(leader.id).failNext()
  const fates = groups.map(({ id }) => leader.propose(id, utf8('x')).catch((error) => error.code as string))
  assert.equal((await leader.closed)?.code, 'STORAGE_FAILED')
  await Promise.all(fates)
  cluster.forget(leader)
  cluster.guest(leader.id) // its connection is closed: the name is free
  assert.equal(cluster.disk(leader.id).inUse, false)
})

test('a store that cannot be opened is a refusal, and closes the connection', async (t) => {
  const cluster = new SmallCluster(t)
  await cluster.run('a')
  const { memoryStore } = await import('../../../src/storage/memory/store.ts')
  assert.throws(() => memoryStore({ cluster: 'demo', node: 'a' }, cluster.disk('a')), { code: 'STORE_IN_USE' })
  const store = memoryStore({ cluster: 'demo', node: 'b' }, cluster.disk('b'))
  cluster.disk('b').failNext()
  await assert.rejects(cluster.run('b', { store }), { code: 'STORAGE_FAILED' })
  await cluster.run('b')
})
