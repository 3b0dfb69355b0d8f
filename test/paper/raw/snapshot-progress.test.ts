/** A follower that lacks what is cut off (§7), as its leader sees it: the public peer leads, the test plays the others. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { accepted, heartbeatReply, rejected, snapshotAt } from '../../harness/letters.ts'
import { leading, type RawBench, streaming } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

/** Leads two; the other has nothing, and the log begins behind a snapshot at 11. */
function sending(): RawBench {
  const bench = leading({ voters: [1, 2], snapshot: snapshotAt(11, 11, { conf: { ...snapshotAt(1, 1).conf, voters: [1, 2] } }) })
  const { term } = bench.status
  bench.hear(rejected({ term, from: 2, index: 11, hintIndex: 0, hintTerm: 0 }))
  assert.equal(bench.status.progress[2]?.state, 'snapshot')
  return bench
}

const progress = (bench: RawBench) => {
  const { state, next, match, paused, pendingSnapshot } = bench.status.progress[2] ?? {}
  return { state, next, match, paused, pendingSnapshot }
}

describe('a snapshot on its way', () => {
  test('keeps everything else from being sent there', () => {
    const bench = sending()
    bench.propose('a', 'b', 'c')
    assert.deepEqual(bench.sentOf('AppendEntries'), [])
    assert.deepEqual(progress(bench), { state: 'snapshot', next: 12, match: 0, paused: false, pendingSnapshot: 11 })
  })

  test('that failed is tried again once the follower is heard', () => {
    const bench = sending()
    bench.node.reportSnapshot(2, 'failed')
    assert.deepEqual(progress(bench), { state: 'probe', next: 1, match: 0, paused: true, pendingSnapshot: 0 })
    bench.propose('waits')
    assert.deepEqual(bench.sent, [])
    bench.hear(heartbeatReply({ term: bench.status.term, from: 2 }))
    assert.equal(progress(bench).state, 'snapshot')
  })

  test('that arrived is followed by a probe behind it, once the follower is heard', () => {
    const bench = sending()
    bench.node.reportSnapshot(2, 'finished')
    assert.deepEqual(progress(bench), { state: 'probe', next: 12, match: 0, paused: true, pendingSnapshot: 0 })
    bench.hear(heartbeatReply({ term: bench.status.term, from: 2 }))
    assert.equal(progress(bench).paused, true)
  })

  test('that is acknowledged is followed by the rest of the log at once', () => {
    const bench = sending()
    const said = bench.hear(accepted({ term: bench.status.term, from: 2, index: 11 }))
    assert.deepEqual(progress(bench), { state: 'replicate', next: 13, match: 11, paused: false, pendingSnapshot: 0 })
    assert.deepEqual(
      said.map((m) => (m.type === 'AppendEntries' ? m.entries.map(({ index }) => index) : m.type)),
      [[12]],
    )
  })

  test('is not sent to somebody who was not heard lately, but as soon as it is', () => {
    const bench = streaming([2, 3]).propose('a', 'b')
    const { term, lastIndex } = bench.status
    bench.hear(accepted({ term, from: 3, index: lastIndex }))
    bench.node.createSnapshot(lastIndex, Buffer.from('state'))
    bench.node.compact(lastIndex)
    bench.tick(25)
    assert.equal(bench.status.progress[2]?.active, false)
    bench.node.reportUnreachable(2)
    bench.propose('c')
    assert.deepEqual(bench.sentOf('InstallSnapshot'), [])
    assert.ok(bench.hear(heartbeatReply({ term, from: 2 })).some((m) => m.type === 'InstallSnapshot'))
  })
})

describe('a follower behind the beginning of the log', () => {
  /** Peer 3 was away while the log was written and cut off. */
  function behind(entries = 20, kept = 0): RawCluster {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.isolate(3)
    for (let i = 0; i < entries; i++) group.propose(1)
    const { applied } = group.status(1)
    group.node(1).createSnapshot(applied, Buffer.from('state'))
    group.node(1).compact(applied - kept)
    group.heal()
    return group
  }

  test('gets an empty probe, a snapshot, and then streams', () => {
    const group = behind()
    const from = group.sent.length
    group.tick(3)
    const types = group.sent
      .slice(from)
      .filter(({ to }) => to === 3)
      .map(({ type }) => type)
    assert.equal(types.filter((type) => type === 'InstallSnapshot').length, 1)
    assert.equal(group.status(1).progress[3]?.state, 'replicate')
    assert.deepEqual([group.status(3).commit, group.status(3).lastIndex], [21, 21])
    group.propose(1)
    assert.equal(group.status(3).lastIndex, 22)
  })

  test('is served by the log where that still reaches', () => {
    const group = behind(20, 20)
    group.tick(3)
    assert.equal(group.status(3).lastIndex, 21)
    assert.ok(!group.sent.some(({ type }) => type === 'InstallSnapshot'))
  })

  test('is served though the leader’s log is empty, and its last entry conflicts at the very index of the snapshot', () => {
    const group = new RawCluster({ voters: [1, 2, 3], logs: { 1: [1, 3, 3], 2: [1, 3, 3], 3: [1, 2, 2, 2] }, terms: { 3: 2 } })
    group.isolate(3)
    group.campaign(1)
    const { applied, lastIndex } = group.status(1)
    assert.deepEqual([applied, lastIndex], [4, 4])
    group.node(1).createSnapshot(4, Buffer.from('state'))
    group.node(1).compact(4)
    group.heal()
    group.tick(4)
    assert.deepEqual([group.status(3).commit, group.status(3).firstIndex, group.status(3).term], [4, 5, 4])
    group.propose(1)
    assert.equal(group.status(3).commit, 5)
  })

  test('keeps what was sent when the log is cut off again meanwhile', () => {
    const group = behind()
    group.node(1).tick()
    group.settle((m) => m.type === 'InstallSnapshot')
    for (let i = 0; i < 5; i++) {
      group.node(1).propose(Buffer.from('more'))
      group.settle((m) => m.type === 'InstallSnapshot')
    }
    const { applied } = group.status(1)
    group.node(1).createSnapshot(applied, Buffer.from('newer'))
    group.node(1).compact(applied)
    group.tick(5)
    assert.equal(group.status(3).commit, applied)
  })
})
