/** Forgetting a leader, passing proposals on, and a group of one: on the public peer. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { votersOnly } from '../../../src/protocol/types.ts'
import { heartbeat, preVote } from '../../harness/letters.ts'
import { RawBench, streaming } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

describe('who forgets its leader', () => {
  const following = (): RawBench => {
    const bench = new RawBench({ log: [1, 1], vote: 2, preVote: true, checkQuorum: true })
    bench.hear(heartbeat({ term: 1 }))
    assert.equal(bench.status.leader, 2)
    return bench
  }

  test('keeps term, vote and role', () => {
    const bench = following()
    bench.node.forgetLeader()
    const { term, vote, role, leader } = bench.status
    assert.deepEqual({ term, vote, role, leader }, { term: 1, vote: 2, role: 'follower', leader: null })
  })

  test('grants pre-votes now, to logs that have as much as its own', () => {
    const bench = following()
    const ask = preVote({ term: 2, from: 3, lastIndex: 2, lastTerm: 1 })
    assert.deepEqual(bench.hear(ask), [])
    bench.node.forgetLeader()
    const granted = [{ ...ask, lastIndex: 1 }, ask]
      .flatMap((m) => bench.hear(m))
      .map((m) => m.type === 'PreVoteReply' && m.granted)
    assert.deepEqual(granted, [false, true])
  })

  test('waits as long as before', () => {
    const ticksUntil = (forgets: boolean): number => {
      const bench = following()
      bench.tick(4)
      if (forgets) bench.node.forgetLeader()
      let ticks = 4
      for (; bench.status.role === 'follower'; ticks++) bench.tick()
      return ticks
    }
    assert.equal(ticksUntil(true), ticksUntil(false))
  })

  test('believes in it again with its next word', () => {
    const bench = following()
    bench.node.forgetLeader()
    bench.hear(heartbeat({ term: 1 }))
    assert.equal(bench.status.leader, 2)
  })

  test('is no leader, no learner, and nobody under lease reads', () => {
    const leader = streaming([2, 3])
    leader.node.forgetLeader()
    assert.deepEqual([leader.status.role, leader.status.leader], ['leader', 1])
    for (const options of [
      { voters: [2, 3], conf: { learners: [1] } },
      { leaseReads: true, checkQuorum: true },
    ]) {
      const bench = new RawBench({ ...options, log: [1] })
      bench.hear(heartbeat({ term: 1 }))
      bench.node.forgetLeader()
      assert.equal(bench.status.leader, 2)
    }
  })

  test('with a majority of others replaces a leader that lives, and nothing is lost', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.propose(1)
    for (const id of [2, 3]) group.node(id).forgetLeader()
    group.campaign(2)
    assert.equal(group.leader?.id, 2)
    assert.equal(group.status(2).commit, 3)
  })
})

describe('a proposal at a follower', () => {
  test('is passed on and committed', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    assert.equal(group.node(2).propose(Buffer.from('by 2')), null)
    group.settle()
    assert.equal(Buffer.from(group.applied.get(3)?.at(-1)?.data ?? []).toString(), 'by 2')
  })

  test('that knows no leader is refused, and so it is where nothing is passed on', () => {
    assert.throws(() => new RawBench().node.propose(Buffer.from('x')), { code: 'NOT_LEADER' })
    const bench = new RawBench({ forwardProposals: false })
    bench.hear(heartbeat({ term: 1 }))
    assert.throws(() => bench.node.propose(Buffer.from('x')), { code: 'NOT_LEADER' })
  })
})

describe('a group of one', () => {
  test('elects, commits, reads and hands nothing over without a word', () => {
    const group = new RawCluster({ voters: [1] })
    group.tick(20)
    assert.equal(group.status(1).role, 'leader')
    group.propose(1)
    group.node(1).readIndex('alone')
    group.settle()
    assert.deepEqual([group.status(1).commit, group.reads.get(1)], [2, [{ index: 2, context: 'alone' }]])
    assert.equal(group.node(1).transferLeader(1), false)
    group.tick(30)
    assert.deepEqual([group.sent.length, group.status(1).role], [0, 'leader'])
  })

  test('reads by lease, too', () => {
    const group = new RawCluster({ voters: [1], leaseReads: true })
    group.tick(25)
    group.node(1).readIndex('alone')
    group.settle()
    assert.deepEqual(group.reads.get(1), [{ index: 1, context: 'alone' }])
    assert.equal(group.status(1).lease, 'held')
  })

  test('starts again where it was', () => {
    const group = new RawCluster({ voters: [1] })
    group.campaign(1)
    group.propose(1)
    const entries = [...(group.disks.get(1)?.values() ?? [])]
    group.add({ id: 1, initial: { confState: votersOnly([1]), hardState: { term: 1, vote: 1, commit: 1 }, entries, applied: 1 } })
    group.campaign(1)
    assert.deepEqual([group.status(1).term, group.status(1).commit], [2, 3])
  })
})
