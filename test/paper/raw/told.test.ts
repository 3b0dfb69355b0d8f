/** What peers tell each other of commitment beside the log: without it a group can stay without a leader for ever, though a majority of it is well. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RawNodeOptions } from '../../../src/peer/raw-options.ts'
import type { Outgoing } from '../../../src/peer/raw-ready.ts'
import type { ConfState, PeerId } from '../../../src/protocol/types.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { changeOf } from '../../harness/conf-changes.ts'
import { accepted, preVote, preVoteReply, requestVote, requestVoteReply } from '../../harness/letters.ts'
import { leading, PLAIN, RawBench } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

type Options = Partial<Omit<RawNodeOptions, 'id' | 'initial'>>

const WITH_LEARNER: ConfState = { ...votersOnly([1, 2]), learners: [3] }

/** Peers of which the first leads; `of` gives single ones more options. */
function led(conf: ConfState, options: Options = {}, of: Readonly<Record<PeerId, Options>> = {}): RawCluster {
  const group = new RawCluster({ voters: [], ...options })
  for (const id of [...conf.voters, ...conf.learners]) group.add({ id, ...options, ...of[id], initial: { confState: conf } })
  group.campaign(1)
  group.tick(12)
  return group
}

/** A change, and one command behind it, both still in the leader's hands; letters by what they carry. */
function changing(group: RawCluster, what: string): readonly [change: readonly Outgoing[], command: readonly Outgoing[]] {
  group.node(1).proposeConfChange(changeOf('auto', what))
  const change = group.work(1).flatMap(({ messages }) => messages)
  group.node(1).propose(Buffer.from('x'))
  const command = group.work(1).flatMap(({ messages }) => messages)
  group.letters = []
  return [change, command]
}

const deliver = (group: RawCluster, letters: readonly Outgoing[], to: readonly PeerId[]): void => {
  for (const m of letters) if (to.includes(m.to)) group.node(m.to).step(m)
}

const leads = (group: RawCluster, ids: readonly PeerId[]): boolean => ids.some((id) => group.status(id).role === 'leader')

describe('a leader that was removed, and whose last words were lost,', () => {
  test('tells that it is gone also to a candidate that is terms ahead of it', () => {
    const group = led(votersOnly([1, 2]))
    const [change] = changing(group, 'r1')
    deliver(group, change, [2])
    group.lose((m) => m.type === 'AppendEntries' || m.type === 'Heartbeat' || m.type === 'RequestVote')
    group.settle()
    assert.deepEqual([group.status(1).commit, group.status(2).commit], [2, 1])
    group.heal()
    group.tick(100)
    assert.deepEqual([group.leader?.id, group.status(2).confState.voters], [2, [2]])
  })

  test('does not stand in the way with its priority', () => {
    const group = led(votersOnly([1, 2]), {}, { 1: { priority: 1 } })
    group.lose((m) => (m.type === 'AppendEntries' && m.entries.length === 0) || m.type === 'RequestVote')
    group.node(1).proposeConfChange(changeOf('auto', 'r1'))
    group.settle()
    group.heal()
    group.tick(100)
    assert.equal(group.leader?.id, 2)
  })
})

describe('a majority that is well elects, though who has the longer log does not know', () => {
  for (const [says, options] of Object.entries<Options>({
    'by default': {},
    'without pre-vote': { preVote: false },
    'with leases': { leaseReads: true },
    'as in the paper': PLAIN,
  }))
    test(`that it votes: ${says}`, () => {
      const group = led(WITH_LEARNER, options)
      const [change, command] = changing(group, 'v3')
      deliver(group, change, [2, 3])
      deliver(group, command, [3])
      group.lose((m) => m.to === 3 || (m.type === 'AppendEntries' && m.to === 2))
      group.settle()
      group.tick(1, [1])
      assert.deepEqual([group.status(2).commit, group.status(3).commit, group.status(3).lastIndex], [2, 1, 3])
      group.heal()
      group.isolate(1)
      group.tick(200, [2, 3])
      assert.ok(leads(group, [2, 3]))
    })

  test('who votes', () => {
    const group = led(WITH_LEARNER)
    const [change, command] = changing(group, 'v3')
    deliver(group, change, [2, 3])
    deliver(group, command, [2])
    group.lose((m) => m.to === 2 || (m.type === 'AppendEntries' && m.to === 3))
    group.settle()
    group.tick(1, [1])
    group.heal()
    group.isolate(1)
    group.tick(200, [2, 3])
    assert.ok(leads(group, [2, 3]))
  })

  test('that it votes, and has a higher priority: who cannot stand refuses nobody for that', () => {
    const group = led(WITH_LEARNER, {}, { 3: { priority: 5 } })
    group.lose((m) => m.to === 3 && m.type === 'AppendEntries' && m.entries.length === 0)
    group.node(1).proposeConfChange(changeOf('auto', 'v3'))
    group.settle()
    group.isolate(1)
    group.tick(200, [2, 3])
    assert.ok(leads(group, [2, 3]))
  })
})

test('a learner of higher priority refuses nobody for it', () => {
  const bench = new RawBench({ voters: [2, 3], conf: { learners: [1] }, priority: 5 })
  assert.deepEqual(bench.hear(requestVote({ term: 1 })), [requestVoteReply({ term: 1, from: 1, to: 2, granted: true })])
})

describe('who is asked for its vote says what it knows to be committed', () => {
  test('of what the other may hold: the end of a shorter log, its last entry of a common term', () => {
    const bench = new RawBench({ log: [1, 1, 2, 2, 3], commit: 4 })
    const told = (lastIndex: number, lastTerm: number): unknown => {
      const [answer] = bench.hear(preVote({ term: 4, lastIndex, lastTerm }))
      return answer?.type === 'PreVoteReply' && [answer.granted, answer.commit, answer.commitTerm]
    }
    assert.deepEqual(told(3, 2), [false, 3, 2])
    assert.deepEqual(told(9, 1), [false, 2, 1])
    assert.deepEqual(told(9, 3), [true, 4, 2])
    assert.deepEqual(told(0, 0), [false, 0, 0])
  })

  test('and so does who asks', () => {
    const bench = new RawBench({ log: [1, 1, 2], commit: 2, preVote: true }).campaign()
    for (const m of bench.sentOf('PreVote')) assert.deepEqual([m.commit, m.commitTerm], [2, 1])
    bench.hear(preVoteReply({ term: 3, granted: true }))
    assert.equal(bench.status.role, 'candidate')
  })

  test('and is believed by whoever holds the same entry, whatever its role; by nobody else', () => {
    const commitOf = (options: object, commit: number, commitTerm: number): number => {
      const bench = new RawBench({ log: [1, 1, 2], ...options })
      bench.hear(requestVote({ term: 1, from: 3, lastIndex: 9, lastTerm: 1, commit, commitTerm }))
      return bench.status.commit
    }
    for (const options of [{}, { conf: { learners: [1] }, voters: [2, 3] }]) {
      assert.equal(commitOf(options, 2, 1), 2, 'of a term that is over, too')
      assert.equal(commitOf(options, 3, 1), 0, 'another entry is here')
      assert.equal(commitOf(options, 4, 1), 0, 'nothing is here')
    }
  })

  test('and is not heard when it says what cannot be', () => {
    const bench = new RawBench({ log: [1, 1, 2], commit: 2 })
    assert.equal(bench.node.step(preVote({ term: 3, lastIndex: 5, lastTerm: 2, commit: 2, commitTerm: 2 })), false)
    assert.equal(bench.node.step(preVote({ term: 3, lastIndex: 5, lastTerm: 2, commit: 6, commitTerm: 2 })), false)
    assert.equal(bench.node.step(preVoteReply({ term: 3, granted: true, commit: 3, commitTerm: 4 })), false)
  })
})

test('a candidate that hears of a committed change wins by the members that come of it, not by those that went', () => {
  const bench = new RawBench({ log: [1] })
  bench.node.step({
    ...{ type: 'AppendEntries', from: 3, to: 1, term: 1, prevIndex: 1, prevTerm: 1, commit: 0 },
    entries: [{ ...entry(2, 1), kind: 'configuration', data: Buffer.from(JSON.stringify(changeOf('auto', 'v4'))) }],
  })
  bench.work()
  bench.campaign()
  const { term } = bench.status
  bench.node.step(requestVoteReply({ term, from: 2, granted: true, commit: 2, commitTerm: 1 }))
  assert.deepEqual([bench.status.role, bench.status.commit], ['candidate', 2], 'two of three, but they may be two of four')
  bench.work()
  assert.deepEqual([bench.status.role, bench.status.confState.voters], ['candidate', [1, 2, 3, 4]])
  bench.hear(requestVoteReply({ term, from: 4, granted: true }))
  assert.equal(bench.status.role, 'leader')
})

test('a leader whose own quorum is gone learns from a candidate that it has another', () => {
  const change = { ...entry(1, 1), kind: 'configuration', data: Buffer.from(JSON.stringify(changeOf('auto', 'v3'))) } as const
  const bench = leading({ voters: [1, 2], conf: { learners: [3] }, entries: [change] })
  bench.hear(accepted({ term: 2, from: 3, index: 2 }))
  assert.deepEqual([bench.status.commit, bench.status.confState.voters], [0, [1, 2]], 'the second is never heard again')
  bench.hear(preVote({ term: 3, from: 3, lastIndex: 2, lastTerm: 2, commit: 1, commitTerm: 1 }))
  assert.deepEqual([bench.status.commit, bench.status.confState.voters], [2, [1, 2, 3]])
})
