/** Disks that run full, in a cluster: who refuses, who leads, what goes on meanwhile, and that all is well again by itself. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { type FlotillaError, toFlotillaError } from '../../../src/base/errors.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { encodeReconfigure } from '../../../src/wire/members.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

const RESERVE = 1_000_000
const [PLENTY, LITTLE, NOTHING] = [10 * RESERVE, 0.7 * RESERVE, 0.1 * RESERVE]

class Disks {
  readonly cluster: SmallCluster
  constructor(cluster: SmallCluster) {
    this.cluster = cluster
  }

  static async start(t: TestContext): Promise<Disks> {
    return new Disks(await SmallCluster.start(t, { disk: { reserveBytes: RESERVE } }))
  }

  /** So much is left on those disks; resolves once their nodes have seen it. */
  async leave(freeBytes: number, ...nodes: readonly FlotillaNode[]): Promise<void> {
    for (const { id } of nodes) this.cluster.disk(id).room = { freeBytes, reusableBytes: 0 }
    for (const node of nodes) {
      await until(`${node.id} sees it`, () => node.status().store.room?.freeBytes === freeBytes)
    }
  }
}

const levelOf = (node: FlotillaNode) => node.status().store.room?.level

test('before a disk is nearly full, snapshots that nobody fetches are given up, and writes go on', async (t) => {
  const disks = await Disks.start(t)
  const { cluster } = disks
  const leader = await cluster.leader()
  await disks.leave(PLENTY, ...cluster.nodes)
  const { spool } = cluster.disk(leader.id)
  await spool.put('g', [{ hash: new Uint8Array(16), bytes: new Uint8Array(1000) }])
  await disks.leave(PLENTY - 1, leader)
  assert.equal(spool.bytes(), 1000)
  await disks.leave(1.1 * RESERVE, leader)
  await until('they are gone', () => spool.bytes() === 0)
  await say(leader, 'after')
  assert.equal(levelOf(leader), 'ok')
})

test('a leader whose disk is nearly full hands over to a node with room, and nothing is lost', async (t) => {
  const disks = await Disks.start(t)
  const { cluster } = disks
  const leader = await cluster.leader()
  await disks.leave(PLENTY, ...cluster.nodes)
  const [full, roomy] = await cluster.followers()
  assert(full && roomy)
  await disks.leave(LITTLE, full)
  await say(leader, 'before') // a follower that is low still follows
  await until('it is there', () => recall(full, 'before') === 'before')
  await disks.leave(LITTLE, leader)
  await until('the one with room leads', () => groupOf(roomy).role === 'leader')
  assert.equal((await cluster.leader()).id, roomy.id)
  assert.deepEqual([full, leader, roomy].map(levelOf), ['low', 'low', 'ok'])
})

/** What becomes of a proposal, again and again until it is that. */
async function fate(node: FlotillaNode, wanted: string): Promise<FlotillaError | null> {
  const end = performance.now() + 10_000
  for (;;) {
    const error = await say(node, 'word').then(
      () => null,
      (thrown: unknown) => toFlotillaError(thrown, 'INVARIANT'),
    )
    if ((error?.code ?? 'taken') === wanted) return error
    assert(performance.now() < end, `${node.id}: ${error?.message ?? 'taken'}, and never ${wanted}`)
    await pause(5)
  }
}

test('where no majority has room writes are refused before they are appended, reads go on; freed, writes go on', async (t) => {
  const disks = await Disks.start(t)
  const { cluster } = disks
  const leader = await cluster.leader()
  const followers = await cluster.followers()
  await disks.leave(PLENTY, ...cluster.nodes)
  await say(leader, 'before')
  await disks.leave(LITTLE, ...followers)
  const refusal = await fate(leader, 'STORAGE_FULL')
  assert.match(refusal?.message ?? '', /no majority has room/)
  assert.equal(refusal?.retryable, true)
  await cluster.settled()
  const { lastIndex, term } = groupOf(leader)
  await disks.leave(LITTLE, leader)
  assert.match((await fate(leader, 'STORAGE_FULL'))?.message ?? '', new RegExp(`disk of node '${leader.id}'`))
  for (const follower of followers) await fate(follower, 'STORAGE_FULL') // passed on, and refused there
  for (const node of cluster.nodes) assert.equal(text((await node.read('g', utf8('before'))).body), 'before')
  assert.equal(groupOf(leader).lastIndex, lastIndex)
  assert.equal(groupOf(leader).term, term, 'there is nobody to hand over to')
  await disks.leave(PLENTY, ...cluster.nodes)
  await fate(leader, 'taken')
})

test('a follower without room hears its leader, takes nothing from it, and catches up once it has room', async (t) => {
  const disks = await Disks.start(t)
  const { cluster } = disks
  const leader = await cluster.leader()
  const [full, roomy] = await cluster.followers()
  assert(full && roomy)
  await disks.leave(PLENTY, leader, roomy)
  await cluster.settled()
  await disks.leave(NOTHING, full)
  assert.equal(levelOf(full), 'critical')
  const before = groupOf(full)
  for (let i = 0; i < 20; i++) await say(leader, `word ${i}`)
  await until('its leader has tried', () => (full.status().refused.STORAGE_FULL ?? 0) > 5)
  const { lastIndex, term, leader: heard } = groupOf(full)
  assert.deepEqual({ lastIndex, term, heard }, { lastIndex: before.lastIndex, term: before.term, heard: leader.id })
  assert.equal(text((await full.read('g', utf8('word 19'), { consistency: 'stale' })).body), '', 'it is behind')
  assert.equal((await cluster.leader()).id, leader.id)
  await disks.leave(PLENTY, full)
  await cluster.settled()
  assert.equal(recall(full, 'word 19'), 'word 19')
})

test('one node alone refuses while its disk is nearly full, and its members can still be changed', async (t) => {
  const disks = new Disks(await SmallCluster.start(t, { nodes: ['a'], disk: { reserveBytes: RESERVE } }))
  const [node] = disks.cluster.nodes
  assert(node)
  await disks.leave(LITTLE, node)
  await assert.rejects(say(node, 'x'), { code: 'STORAGE_FULL' })
  const wish = encodeReconfigure({ group: 'g', steps: [{ type: 'addLearner', node: 'b' }], timeoutMs: 5000 })
  await disks.cluster.guest().request('flotilla.demo.node.a.reconfigure', wish, { timeoutMs: 5000 })
  await until('b is a learner', () => groupOf(node).learners?.includes('b'))
})
