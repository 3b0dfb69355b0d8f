/** A group is founded once, by all its nodes: whoever comes back with an empty store is refused or filled, and never makes the group an empty one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { isVouchedFor, partOf } from '../../../src/node/introductions.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { encodeIntroduction } from '../../../src/wire/introductions.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

const emptyStore = (node: string): NodeStore => memoryStore({ cluster: 'demo', node })

const isFilled = (cluster: SmallCluster, node: string, word: string): boolean =>
  cluster.node(node).status().groups[0]?.life === 'running' && recall(cluster.node(node), word) === word

test('nobody takes part before every founder has been there once', async (t) => {
  const cluster = new SmallCluster(t)
  const [a, b] = [await cluster.run('a'), await cluster.run('b')]
  await assert.rejects(a.propose('g', utf8('early')), { code: 'UNAVAILABLE', message: 'not a member yet' })
  await pause(400)
  for (const node of [a, b]) assert.equal(groupOf(node).term, 0)
  await cluster.run('c')
  await say(await cluster.leader(), 'late')
})

test('with two of three disks lost the group is unavailable, whoever is there, and not empty when the third comes back', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'kept')
  await cluster.settled()
  for (const node of [...cluster.nodes]) {
    await node.stop()
    cluster.forget(node)
  }
  const b = await cluster.run('b', { store: emptyStore('b') })
  const c = await cluster.run('c', { store: emptyStore('c') })
  await pause(500)
  for (const node of [b, c]) assert.equal(groupOf(node).term, 0)
  const a = await cluster.run('a')
  for (const node of [b, c]) {
    const error = await node.closed
    assert.deepEqual([error?.code, error?.details.by], ['STORE_MISMATCH', ['a']])
    assert.match(error?.message ?? '', /readmit/)
    cluster.forget(node)
  }
  assert.equal(recall(a, 'kept'), 'kept')
  assert.notEqual(groupOf(a).role, 'leader')
})

test('a founder that crashes before all know it begins again with its store', async (t) => {
  const cluster = new SmallCluster(t)
  const a = await cluster.run('a')
  const b = await cluster.run('b')
  await pause(250)
  await b.stop()
  await cluster.run('b')
  await cluster.run('c')
  await say(await cluster.leader(), 'word')
  assert.equal(groupOf(a).applied >= 1, true)
})

test('who is a member again under a new id is filled, though it was started as a founder', async (t) => {
  const cluster = await SmallCluster.start(t)
  const [gone] = await cluster.followers()
  assert(gone)
  await say(await cluster.leader(), 'before')
  await gone.stop()
  cluster.forget(gone)
  const guest = cluster.guest()
  for (const type of ['remove', 'addLearner']) {
    const request = utf8(JSON.stringify({ group: 'g', steps: [{ type, node: gone.id }], timeoutMs: 5000 }))
    await guest.request('flotilla.demo.group.g.reconfigure', request, { timeoutMs: 5000 })
  }
  await cluster.run(gone.id, { store: emptyStore(gone.id) })
  await until('it is filled', () => isFilled(cluster, gone.id, 'before'))
  assert.equal(groupOf(cluster.node(gone.id)).peer, 4)
  await until('it is a learner', () => groupOf(cluster.node(gone.id)).role === 'learner')
})

test('a founder is who was known before, or whom a founder never met; who has come since can vouch for nobody', () => {
  const known = { verdict: 'known', born: true, peer: 1, byFounder: false } as const
  const met = { verdict: 'met', born: true, peer: 1, byFounder: false } as const
  const unborn = { verdict: 'met', born: false, peer: null, byFounder: false } as const
  assert.equal(partOf(1, [known, met]), 'founder')
  assert.equal(partOf(1, [unborn, unborn]), 'founder')
  assert.equal(partOf(1, [unborn, known]), 'founder')
  assert.equal(partOf(1, [met, { ...met, byFounder: true }]), 'founder')
  assert.equal(partOf(1, [met, met]), 'guest')
  assert.equal(partOf(1, [known, { ...known, peer: 4, byFounder: true }]), 'guest')
  assert.equal(partOf(1, [known, { ...known, verdict: 'guest' }]), 'guest')
})

test('one founder of a group that is born is enough, if it knew this very store', () => {
  const said = { verdict: 'known', born: true, peer: 1, byFounder: true } as const
  assert.equal(isVouchedFor(1, [said]), true)
  const doubts = [
    { verdict: 'met' },
    { verdict: 'guest' },
    { born: false },
    { peer: 4 },
    { peer: null },
    { byFounder: false },
  ] as const
  for (const doubt of doubts) assert.equal(isVouchedFor(1, [{ ...said, ...doubt }]), false, JSON.stringify(doubt))
})

test('an introduction of another cluster, or that is none, is not answered', async (t) => {
  const cluster = await SmallCluster.start(t)
  const guest = cluster.guest()
  const sender = { cluster: 'other', node: 'b', store: 'store', boot: 1, run: 'run' }
  for (const request of [encodeIntroduction({ group: 'g', founders: 'x', sender }), utf8('{}'), utf8('no')]) {
    await assert.rejects(guest.request('flotilla.demo.node.a.meet', request, { timeoutMs: 50 }), { code: 'TIMEOUT' })
  }
})
