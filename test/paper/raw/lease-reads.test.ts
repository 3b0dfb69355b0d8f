/** Reads by lease (thesis 6.4.1), on the public peer: at once while nobody else can lead, and never a stale one. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawNode } from '../../../src/peer/raw-node.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { heartbeat, requestVote, requestVoteReply, timeoutNow } from '../../harness/letters.ts'
import { RawBench } from '../../harness/raw-bench.ts'
import { RawCluster, type RawClusterOptions } from '../../harness/raw-cluster.ts'

const LEASED = { leaseReads: true, checkQuorum: true } as const

/** Peer 1 leads and everybody has heard so, a moment ago. */
function leased(options: Partial<RawClusterOptions> = {}): RawCluster {
  const group = new RawCluster({ voters: [1, 2, 3], leaseReads: true, ...options })
  group.campaign(1)
  group.tick(2)
  assert.equal(group.status(1).lease, 'held')
  return group
}

/** Whether the leader answers at once, asking nobody. */
function answersAtOnce(group: RawCluster, context = 'now'): boolean {
  const before = group.sent.length
  group.node(1).readIndex(context)
  group.work(1)
  return group.sent.length === before && (group.reads.get(1) ?? []).some((read) => read.context === context)
}

describe('a lease', () => {
  test('answers reads at the commit index without a word to anybody', () => {
    const group = leased()
    group.propose(1)
    assert.ok(answersAtOnce(group))
    assert.equal(group.reads.get(1)?.[0]?.index, group.status(1).commit)
  })

  test('needs check-quorum, or the options are refused', () => {
    const initial = { confState: votersOnly([1]) }
    assert.throws(() => new RawNode({ id: 1, leaseReads: true, checkQuorum: false, initial }), { code: 'CONFIG_INVALID' })
  })

  test('is not held before an entry of the term is committed', () => {
    const group = new RawCluster({ voters: [1, 2, 3], leaseReads: true })
    group.lose((m) => m.type === 'AppendEntriesReply')
    group.campaign(1)
    group.tick(2)
    assert.equal(group.status(1).commit, 0)
    assert.ok(!answersAtOnce(group))
  })

  test('ends before the silence of the others does', () => {
    const group = leased()
    group.isolate(1)
    group.tick(8, [1])
    assert.ok(answersAtOnce(group, 'eight ticks after'))
    group.tick(1, [1])
    assert.ok(!answersAtOnce(group, 'nine ticks after'), 'a follower counts ten, and may be one ahead')
  })

  test('is void when the clock jumped, until a round that began after it is answered', () => {
    const group = leased()
    group.node(1).clockJumped()
    assert.ok(!answersAtOnce(group, 'first'))
    group.settle()
    assert.ok(answersAtOnce(group, 'second'), 'the question itself was such a round')
  })

  test('is waived with the beginning of a handover, and stays so once somebody was told', () => {
    const group = leased()
    group.lose((m) => m.type === 'TimeoutNow')
    group.node(1).transferLeader(2)
    assert.ok(!answersAtOnce(group, 'during'))
    group.settle()
    group.tick(25)
    assert.equal(group.status(1).role, 'leader')
    assert.equal(group.status(1).lease, 'forfeited')
    assert.ok(!answersAtOnce(group, 'after'), 'the word may still arrive')
  })

  test('is not needed: without it the read is confirmed by a round', () => {
    const group = leased()
    group.node(1).clockJumped()
    group.node(1).readIndex('asked')
    group.settle()
    assert.deepEqual(group.reads.get(1), [{ index: 1, context: 'asked' }])
  })
})

describe('silence that a lease trusts in', () => {
  test('is kept by who is told to campaign before its time', () => {
    const group = leased({ preVote: false })
    group.isolate(1)
    group.campaign(2)
    assert.equal(group.status(2).role, 'follower')
    assert.equal(group.leader?.id, 1)
  })

  test('cannot be broken by forgetting the leader', () => {
    const group = leased()
    group.node(2).forgetLeader()
    assert.equal(group.status(2).leader, 1)
  })

  test('is kept through a restart', () => {
    const group = leased({ preVote: false })
    const { term, lastIndex } = group.status(2)
    const entries = [...(group.disks.get(2)?.values() ?? [])]
    group.add({ id: 2, seed: 2, initial: { confState: votersOnly([1, 2, 3]), hardState: { term, vote: 1, commit: 0 }, entries } })
    const ask = { type: 'RequestVote', from: 3, to: 2, term: term + 1, lastIndex, lastTerm: term, transfer: false } as const
    group.node(2).step(ask)
    group.work(2)
    assert.equal(group.status(2).term, term, 'it does not even hear')
    for (let i = 0; i < 10; i++) group.node(2).tick()
    group.node(2).step({ ...ask, term: term + 5 })
    assert.equal(group.status(2).vote, 3, 'but not for ever')
  })

  test('outlives the term in which it was promised: a late refusal from a higher term does not end it', () => {
    const bench = new RawBench({ ...LEASED, log: [1], term: 1 })
    bench.tick(10) // what it may have promised before it was started
    bench.hear(heartbeat({ term: 1, commit: 1 }))
    bench.hear(requestVoteReply({ term: 5, from: 3, granted: false })) // to a question of long ago
    assert.equal(bench.status.term, 5)
    const ask = requestVote({ term: 6, from: 3, lastIndex: 1, lastTerm: 1 })
    assert.deepEqual(bench.hear(ask), [], 'leader 2 still counts on us')
    bench.tick(10)
    assert.equal(bench.hear({ ...ask, term: bench.status.term + 1 }).length, 1)
  })

  test('does not keep a peer from voting that stands for election itself', () => {
    const bench = new RawBench({ ...LEASED, voters: [1, 2, 3, 4, 5], log: [1], term: 1 })
    bench.hear(timeoutNow({ term: 1 }))
    assert.deepEqual(bench.standing, ['candidate', 2])
    const asked = bench.hear(requestVote({ term: 3, from: 3, lastIndex: 1, lastTerm: 1 }))
    assert.deepEqual(asked, [requestVoteReply({ term: 3, from: 1, to: 3, granted: true })])
  })

  test('is not needed by a leader that steps down: who campaigns next may have its vote', () => {
    const group = leased()
    group.isolate(1)
    group.tick(45, [2, 3])
    assert.ok([2, 3].includes(group.leader?.id ?? 0))
    group.heal()
    group.tick(3)
    assert.equal(group.status(1).role, 'follower')
  })
})
