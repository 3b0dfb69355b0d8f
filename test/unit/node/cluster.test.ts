/** Three whole nodes in memory: what a cluster is for, and what it does when one of them goes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { actors } from '../../../src/statemachines/actors/actors.ts'
import { encodeSend, encodeStart } from '../../../src/statemachines/actors/command.ts'
import { encodeGet } from '../../../src/statemachines/actors/query.ts'
import { decodeView } from '../../../src/statemachines/actors/result.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { counter } from '../statemachines/actors/machines.ts'
import { parrot } from './sample-node.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

test('a leader is elected, takes commands, answers reads, and all nodes hold the same', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const answer = await say(leader, 'hello')
  assert.equal(text(answer.body), 'hello')
  assert.equal(answer.term, groupOf(leader).term)
  const read = await leader.read('g', utf8('hello'))
  assert.equal(text(read.body), 'hello')
  assert(read.index >= answer.index)
  await cluster.settled()
  for (const node of cluster.nodes) assert.equal(recall(node, 'hello'), 'hello')
})

test('a follower that passes nothing on refuses, and names the leader', async (t) => {
  const cluster = await SmallCluster.start(t, { forward: false })
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  const refusal = { code: 'NOT_LEADER', retryable: true, details: { group: 'g', leader: leader.id } }
  await assert.rejects(say(follower, 'x'), refusal)
  await assert.rejects(follower.transfer('g'), refusal)
})

test('many proposals at once are all acknowledged, each with its own index', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const answers = await Promise.all(Array.from({ length: 3000 }, (_, i) => say(leader, `w${i}`)))
  assert.equal(new Set(answers.map(({ index }) => index)).size, 3000)
  answers.forEach(({ body }, i) => {
    assert.equal(text(body), `w${i}`)
  })
})

test('a leader that stops hands over in well under an election timeout, and answers who waits', async (t) => {
  const cluster = await SmallCluster.start(t, { timing: { electionTimeoutMs: 1000 } })
  const leader = await cluster.leader()
  const waiting = Array.from({ length: 100 }, (_, i) =>
    say(leader, `w${i}`).then(
      () => 'done',
      (error) => error.code as string,
    ),
  )
  const begun = performance.now()
  const stopped = leader.stop()
  cluster.forget(leader)
  const next = await cluster.leader()
  assert(performance.now() - begun < 500, `it took ${performance.now() - begun} ms`)
  await stopped
  assert.notEqual(next.id, leader.id)
  for (const fate of await Promise.all(waiting)) assert.match(fate, /^(done|NOT_LEADER|TRANSFERRING|TIMEOUT_UNKNOWN)$/)
  await say(next, 'after')
  assert.equal(await leader.closed, null)
  await assert.rejects(say(leader, 'x'), { code: 'CLOSED' })
})

test('a follower that was cut off catches up', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const [follower] = await cluster.followers()
  assert(follower)
  cluster.hub.disconnect(follower.id)
  for (let i = 0; i < 50; i++) await say(leader, `w${i}`)
  await pause(300) // long enough to call several pre-votes in vain
  assert.equal(recall(follower, 'w49'), '')
  cluster.hub.reconnect(follower.id)
  await cluster.settled()
  assert.equal(recall(follower, 'w49'), 'w49')
  assert.equal(await cluster.leader(), leader, 'it disturbs nobody (thesis 9.6)')
})

test('a leader that is cut off stops leading; what it took in vain is dropped, and its proposer told the truth', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  cluster.hub.disconnect(leader.id)
  const lost = say(leader, 'lost', 20_000)
  const read = leader.read('g', utf8('x'))
  await assert.rejects(read, { code: 'NOT_LEADER' })
  assert.notEqual(groupOf(leader).role, 'leader')
  const others = cluster.nodes.filter((node) => node !== leader)
  const next = await until('another leader', () => others.find((node) => groupOf(node).role === 'leader'))
  for (let i = 0; i < 3; i++) await say(next, `kept${i}`)
  cluster.hub.reconnect(leader.id)
  await assert.rejects(lost, { code: 'NOT_LEADER' })
  await cluster.settled()
  for (const node of cluster.nodes) {
    assert.equal(recall(node, 'lost'), '')
    assert.equal(recall(node, 'kept2'), 'kept2')
  }
})

test('all nodes start again from their disks and go on', async (t) => {
  const cluster = await SmallCluster.start(t)
  const { index } = await say(await cluster.leader(), 'before')
  for (const node of cluster.nodes) {
    await node.stop()
    cluster.forget(node)
  }
  await Promise.all(['a', 'b', 'c'].map((id) => cluster.run(id)))
  const leader = await cluster.leader()
  const after = await say(leader, 'after')
  assert(after.index > index)
  assert.equal(leader.status().store.boot, 2)
  await cluster.settled()
  for (const node of cluster.nodes) assert.deepEqual([recall(node, 'before'), recall(node, 'after')], ['before', 'after'])
})

test('after a crash what was not saved is applied again from the log, once', async (t) => {
  const cluster = new SmallCluster(t, { nodes: ['a'] })
  const a = await cluster.run('a')
  await cluster.leader()
  for (let i = 0; i < 20; i++) await say(a, `w${i}`)
  assert((cluster.disk('a').image?.groups.get('g')?.applied ?? 0) < 21, 'the rows are not on the disk yet')
  cluster.disk('a').crash()
  await a.stop()
  const again = await cluster.run('a')
  await until('all is applied', () => groupOf(again).applied >= 21)
  for (let i = 0; i < 20; i++) assert.equal(recall(again, `w${i}`), `w${i}`)
})

test('a second node of one name is refused, and the first goes on', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  const { createNode } = await import('../../../src/node/node.ts')
  const options = { cluster: 'demo', id: leader.id, nodes: ['a', 'b', 'c'], groups: [{ id: 'g', stateMachine: parrot() }] }
  const store = memoryStore({ cluster: 'demo', node: leader.id })
  await assert.rejects(createNode({ ...options, store, transport: cluster.guest('twin') }), { code: 'NODE_DUPLICATE' })
  await say(leader, 'still here')
  assert.equal(await cluster.leader(), leader)
  cluster.guest('twin') // the name is free: the refused node closed its connection
})

test('a node that cannot ask whether its name is free waits until it can', async (t) => {
  const cluster = new SmallCluster(t)
  let serves = false
  const started = cluster.run('a').then(() => {
    serves = true
  })
  cluster.hub.disconnect('a')
  await pause(600)
  assert.equal(serves, false)
  cluster.hub.reconnect('a')
  await started
})

test('nodes that were given different lists refuse each other, and nobody leads', async (t) => {
  const cluster = new SmallCluster(t)
  const a = await cluster.run('a', { nodes: ['a', 'b', 'c'] })
  const b = await cluster.run('b', { nodes: ['a', 'b', 'd'] })
  const refused = (): boolean => [a, b].every((node) => (node.status().refused.STORE_MISMATCH ?? 0) > 0)
  await until('both refuse', refused)
  for (const node of [a, b]) assert.equal(groupOf(node).leader, null)
})

test('replicated actors are the same on every node', async (t) => {
  const cluster = await SmallCluster.start(t, { groups: [{ id: 'g', stateMachine: actors({ counter }) }] })
  const leader = await cluster.leader()
  await leader.propose('g', encodeStart('counter', 'c1', { limit: 10 }))
  for (let i = 0; i < 4; i++) await leader.propose('g', encodeSend('c1', { type: 'add', amount: 2 }))
  await assert.rejects(leader.propose('g', encodeStart('counter', 'c1', { limit: 1 })), { code: 'ACTOR_EXISTS' })
  await cluster.settled()
  const views = cluster.nodes.map((node) => decodeView(node.query('g', encodeGet('c1')).body))
  assert.deepEqual(views[0]?.context, { count: 8, limit: 10, by: [] })
  for (const view of views) assert.deepEqual(view, views[0])
})
