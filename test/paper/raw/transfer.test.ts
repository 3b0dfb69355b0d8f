/** Handing leadership over (thesis 3.10), on the public peer: at once, in time, or not at all. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PeerId, votersOnly } from '../../../src/protocol/types.ts'
import { accepted, requestVote, requestVoteReply, timeoutNow } from '../../harness/letters.ts'
import { RawBench, streaming } from '../../harness/raw-bench.ts'
import { RawCluster, type RawClusterOptions } from '../../harness/raw-cluster.ts'

function led(options: Partial<RawClusterOptions> = {}): RawCluster {
  const group = new RawCluster({ voters: [1, 2, 3], ...options })
  group.campaign(1)
  return group
}

function transfer(group: RawCluster, to: PeerId, at: PeerId = 1): boolean {
  const taken = group.node(at).transferLeader(to)
  group.settle()
  return taken
}

const refused = (group: RawCluster): void =>
  assert.throws(() => group.node(1).propose(Buffer.from('x')), { code: 'TRANSFERRING' })

describe('a handover', () => {
  test('to who has everything happens at once, without asking around, though others hear a leader', () => {
    const group = led({ preVote: true, checkQuorum: true })
    assert.ok(transfer(group, 2))
    assert.deepEqual([group.leader?.id, group.status(2).term, group.status(1).role], [2, 2, 'follower'])
    assert.ok(!group.sent.some((m) => m.type === 'PreVote' && m.from === 2))
  })

  test('can go round, and back', () => {
    const group = led()
    for (const to of [2, 3, 1]) {
      transfer(group, to, group.leader?.id)
      assert.equal(group.leader?.id, to)
    }
  })

  test('can be asked for at a follower', () => {
    const group = led()
    transfer(group, 2, 3)
    assert.equal(group.leader?.id, 2)
  })

  test('to who lacks something comes after what it lacks', () => {
    const group = led()
    group.isolate(3)
    group.propose(1)
    group.heal()
    transfer(group, 3)
    group.tick(2)
    assert.equal(group.leader?.id, 3)
    const last = group.sent.findLastIndex((m) => m.type === 'TimeoutNow')
    const told = group.sent.findIndex((m) => m.type === 'AppendEntriesReply' && m.from === 3 && m.accepted && m.index === 2)
    assert.ok(told >= 0 && told < last)
  })

  test('to who needs a snapshot comes after that is in place', () => {
    const group = led()
    group.isolate(3)
    for (let i = 0; i < 5; i++) group.propose(1)
    group.node(1).createSnapshot(6, Buffer.from('state'))
    group.node(1).compact(6)
    group.heal()
    group.node(1).transferLeader(3)
    group.settle((m) => m.type === 'InstallSnapshot')
    group.node(1).tick()
    group.settle((m) => m.type === 'InstallSnapshot')
    assert.ok(!group.sent.some((m) => m.type === 'TimeoutNow'))
    group.settle()
    assert.equal(group.leader?.id, 3)
  })

  test('to oneself, to nobody known, or to a learner comes to nothing', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    for (const id of [1, 2, 3, 4]) group.add({ id, initial: { confState: { ...votersOnly([1, 2, 3]), learners: [4] } } })
    group.campaign(1)
    for (const to of [1, 4, 9]) assert.equal(transfer(group, to), false)
    assert.deepEqual([group.leader?.id, group.status(1).transferee], [1, null])
    group.propose(1)
    assert.equal(group.status(1).commit, 2)
  })

  test('to who cannot be reached ends after an election timeout; until then nothing is taken in', () => {
    const group = led()
    group.isolate(3)
    group.propose(1)
    transfer(group, 3)
    refused(group)
    assert.throws(
      () => group.node(1).proposeConfChange({ transition: 'auto', steps: [{ type: 'AddNode', peer: 4 }], context: '' }),
      {
        code: 'TRANSFERRING',
      },
    )
    group.tick(9)
    refused(group)
    group.tick(1)
    assert.deepEqual([group.leader?.id, group.status(1).transferee], [1, null])
    group.propose(1)
    assert.equal(group.status(2).commit, 3)
  })

  test('asked for again gains no time', () => {
    const group = led()
    group.isolate(3)
    group.propose(1)
    transfer(group, 3)
    group.tick(6)
    transfer(group, 3)
    group.tick(4)
    assert.equal(group.status(1).transferee, null)
  })

  test('is replaced by a second one to somebody else', () => {
    const group = led()
    group.isolate(3)
    group.propose(1)
    transfer(group, 3)
    transfer(group, 2)
    assert.equal(group.leader?.id, 2)
  })

  test('is taken back by asking the leader to lead', () => {
    const group = led()
    group.isolate(3)
    group.propose(1)
    transfer(group, 3)
    assert.ok(transfer(group, 1))
    assert.equal(group.status(1).transferee, null)
    group.propose(1)
    assert.equal(group.status(2).commit, 3)
  })

  test('ends with a higher term', () => {
    const bench = streaming([2], { voters: [1, 2, 3] })
    bench.node.transferLeader(3)
    bench.hear(requestVote({ term: bench.status.term + 1, from: 2, lastIndex: 9, lastTerm: 1 }))
    assert.deepEqual([bench.status.role, bench.status.transferee], ['follower', null])
  })

  test('ends when its target is removed, or made a learner', () => {
    for (const type of ['RemoveNode', 'AddLearner'] as const) {
      const bench = streaming([2, 3], { voters: [1, 2, 3] })
      const { term } = bench.status
      const { index } = bench.node.proposeConfChange({ transition: 'auto', steps: [{ type, peer: 3 }], context: '' })
      bench.work()
      bench.node.transferLeader(3)
      assert.equal(bench.status.transferee, 3)
      bench.hear(accepted({ term, from: 2, index }))
      assert.equal(bench.status.transferee, null)
      bench.propose('taken')
    }
  })

  test('that cannot be heard of by its target does not stop the group: it crashed, and all goes on in time', () => {
    for (const lost of ['TimeoutNow', 'RequestVote', 'RequestVoteReply'] as const) {
      const group = led()
      group.lose((m) => m.type === lost && (m.to === 2 || m.from === 2))
      transfer(group, 2)
      group.isolate(2)
      group.tick(60, [1, 3])
      const leader = group.leader?.id as PeerId
      assert.ok([1, 3].includes(leader), `after a lost ${lost}`)
      group.propose(leader)
      assert.equal(group.status(1).commit, group.status(3).commit)
    }
  })

  test('to a learner that was promoted and does not know waits until it holds its promotion', () => {
    const group = new RawCluster({ voters: [1, 2] })
    const confState = { ...votersOnly([1, 2]), learners: [3] }
    for (const id of [1, 2, 3]) group.add({ id, initial: { confState } })
    group.campaign(1)
    group.isolate(3)
    group.node(1).proposeConfChange({ transition: 'auto', steps: [{ type: 'AddNode', peer: 3 }], context: '' })
    group.settle()
    assert.deepEqual(group.status(1).confState.voters, [1, 2, 3])
    group.heal()
    transfer(group, 3)
    group.tick(3)
    assert.equal(group.leader?.id, 3)
  })
})

describe('the call to take over', () => {
  test('means nothing to who is no member, even if votes come', () => {
    const bench = new RawBench({ voters: [2, 3, 4], term: 1 })
    bench.hear(timeoutNow({ term: 1 }), requestVoteReply({ term: 1, from: 2, granted: true }))
    bench.hear(requestVoteReply({ term: 2, from: 3, granted: true }), requestVoteReply({ term: 2, from: 4, granted: true }))
    assert.notEqual(bench.status.role, 'leader')
    assert.ok(!bench.sent.some((m) => m.type === 'RequestVote'))
  })

  test('of an earlier term means nothing', () => {
    const bench = new RawBench({ term: 3 })
    bench.hear(timeoutNow({ term: 2 }))
    assert.deepEqual(bench.standing, ['follower', 3])
  })
})
