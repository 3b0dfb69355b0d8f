/** Logs of nodes stay short, whatever happened: on every node, and after restarts. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { connect } from '../../../src/client/client.ts'
import { Compactor } from '../../../src/node/compactor.ts'
import { DEFAULT_COMPACTION } from '../../../src/protocol/compaction.ts'
import type { Entry } from '../../../src/protocol/types.ts'
import { parrot } from './sample-node.ts'
import { groupOf, recall, SmallCluster, say, until } from './small-cluster.ts'

const LIMIT = 20
const SHORT = { groups: [{ id: 'g', stateMachine: parrot(), compaction: { entries: LIMIT, keep: 5 } }] }

function checkLogs(cluster: SmallCluster): void {
  for (const node of cluster.nodes) {
    const { applied, firstIndex } = groupOf(node)
    assert.ok(firstIndex - 1 <= applied)
    assert.ok(applied - (firstIndex - 1) <= 2 * LIMIT, `${node.id}: applied ${applied}, begins at ${firstIndex}`)
  }
}

describe('the log of a node', () => {
  test('is cut off on every node as it grows, and what was said before is still known', async (t) => {
    const cluster = await SmallCluster.start(t, SHORT)
    const leader = await cluster.leader()
    for (let i = 0; i < 10 * LIMIT; i++) {
      await say(leader, `word ${i}`)
      checkLogs(cluster)
    }
    await cluster.settled()
    for (const node of cluster.nodes) {
      assert.ok(groupOf(node).firstIndex > 8 * LIMIT)
      assert.equal(recall(node, 'word 3'), 'word 3')
    }
  })

  test('begins after a restart where it was cut off', async (t) => {
    const cluster = await SmallCluster.start(t, SHORT)
    for (let i = 0; i < 3 * LIMIT; i++) await say(await cluster.leader(), `word ${i}`)
    await cluster.settled()
    for (const { id } of [...cluster.nodes]) {
      const node = cluster.nodes.find((one) => one.id === id)
      const before = groupOf(node as NonNullable<typeof node>).firstIndex
      await node?.stop()
      const again = await cluster.run(id)
      assert.ok(groupOf(again).firstIndex >= before && before > LIMIT)
      assert.equal(recall(again, 'word 1'), 'word 1')
    }
    await cluster.leader()
    await say(await cluster.leader(), 'one more')
    await cluster.settled()
    checkLogs(cluster)
  })
})

describe('who is new', () => {
  test('is sent the state when that is shorter than a log that is whole', async (t) => {
    const cluster = await SmallCluster.start(t, { groups: [{ id: 'g', stateMachine: parrot() }] })
    const word = 'x'.repeat(850)
    const leader = await cluster.leader()
    for (let i = 0; i < 11; i++) await Promise.all(Array.from({ length: 100 }, () => say(leader, word))) // one row, and nearly a mebibyte of log
    assert.equal(groupOf(leader).truncated, 0)
    const joined = await cluster.run('d', { join: true })
    const transport = cluster.guest('operator')
    const client = await connect({ cluster: 'demo', transport })
    t.after(() => client.close().then(() => transport.close()))
    await client.members('g').add('d', { learner: true })
    await until('all of it', () => joined.status().groups.some(({ commit }) => commit >= 1100))
    assert.ok(groupOf(joined).truncated > 0, 'it was sent the log')
    await cluster.settled()
    assert.equal(recall(joined, word), word)
  })
})

describe('a compactor', () => {
  const entry = (index: number, bytes: number): Entry => ({ index, term: 1, kind: 'command', data: new Uint8Array(bytes) })
  const make = (policy: Partial<typeof DEFAULT_COMPACTION>, held: number | null = null): Compactor =>
    new Compactor({
      policy: { ...DEFAULT_COMPACTION, ...policy },
      start: { truncated: 0, applied: 0 },
      reader: { entries: () => [] },
      sending: () => held,
      stateBytes: () => 1e9,
    })

  test('counts the bytes of what was applied, and the share that a cut took of them', () => {
    const compactor = make({ bytes: 100_000, keep: 0 })
    for (let i = 1; i <= 100; i++) compactor.note(entry(i, 1000))
    assert.equal(compactor.due({ truncated: 0, applied: 90 }), 90)
    assert.equal(compactor.due({ truncated: 90, applied: 100 }), null)
    for (let i = 101; i <= 180; i++) compactor.note(entry(i, 1000))
    assert.equal(compactor.due({ truncated: 90, applied: 180 }), null)
    for (let i = 181; i <= 200; i++) compactor.note(entry(i, 1000))
    assert.equal(compactor.due({ truncated: 90, applied: 200 }), 200)
  })

  test('judges a log that it finds by its newest entries', () => {
    const found = (bytes: number): Compactor =>
      new Compactor({
        policy: { ...DEFAULT_COMPACTION, bytes: 100_000, keep: 0 },
        start: { truncated: 1000, applied: 2000 },
        reader: { entries: (lo, hi) => Array.from({ length: hi - lo }, (_, i) => entry(lo + i, bytes)) },
        sending: () => null,
        stateBytes: () => 1e9,
      })
    assert.equal(found(50).due({ truncated: 1000, applied: 2000 }), null)
    assert.equal(found(150).due({ truncated: 1000, applied: 2000 }), 2000)
  })

  test('waits a while for who fetches a state', () => {
    const compactor = make({ entries: 20, keep: 0 }, 10)
    for (let i = 1; i <= 100; i++) compactor.note(entry(i, 10))
    assert.equal(compactor.due({ truncated: 10, applied: 40 }), null)
    assert.equal(compactor.due({ truncated: 10, applied: 41 }), 41)
  })
})
