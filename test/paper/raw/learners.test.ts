/** Who may ask for votes (thesis 4.1, 4.2.1), on the public peer: no learner, and nobody whose configuration is about to change. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type ConfChange, encodeChange } from '../../../src/protocol/confchange.ts'
import type { RequestVote } from '../../../src/protocol/messages.ts'
import type { ConfState, Entry, PeerId } from '../../../src/protocol/types.ts'
import { append, preVote, requestVote, requestVoteReply, timeoutNow } from '../../harness/letters.ts'
import { PLAIN, RawBench } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

const change = (type: ConfChange['steps'][number]['type'], peer: PeerId, more: Partial<ConfChange> = {}): ConfChange => ({
  ...{ transition: 'auto', steps: [{ type, peer }], context: '', ...more },
})
const PROMOTION = change('AddNode', 3)
const changing = (index: number, what: ConfChange, term = 1): Entry => ({
  ...{ index, term, kind: 'configuration', data: encodeChange(what) },
})

describe('a learner', () => {
  const learner = (): RawBench => new RawBench({ voters: [2, 3], conf: { learners: [1] }, log: [1, 1], commit: 2 })

  test('never asks for votes: not by time, not when told to, not by the leader’s word', () => {
    for (const preVote of [false, true]) {
      const bench = new RawBench({ voters: [2, 3], conf: { learners: [1] }, preVote })
      assert.deepEqual([bench.tick(100).sent, bench.campaign().sent], [[], []])
      assert.deepEqual(bench.hear(timeoutNow({ term: 1 })), [])
      assert.equal(bench.status.term, 1)
      assert.ok(['follower', 'learner'].includes(bench.status.role))
    }
  })

  test('is told apart from a follower in its status', () => {
    assert.equal(learner().status.role, 'learner')
    assert.equal(new RawBench().status.role, 'follower')
  })

  test('takes the log like a follower', () => {
    const bench = learner()
    bench.hear(append({ term: 2, prevIndex: 2, prevTerm: 1, terms: [2, 2], commit: 3 }))
    assert.deepEqual([bench.terms, bench.status.commit, bench.status.leader], [[1, 1, 2, 2], 3, 2])
  })

  test('votes when asked, by the rules for all: it may be a voter and not know it yet', () => {
    const bench = learner()
    const ask = { term: 2, lastIndex: 2, lastTerm: 1 }
    const granted = (m: RequestVote) => bench.hear(m).map((answer) => answer.type === 'RequestVoteReply' && answer.granted)
    assert.deepEqual(granted(requestVote({ ...ask, lastIndex: 1 })), [false])
    assert.deepEqual(granted(requestVote(ask)), [true])
    assert.deepEqual(granted(requestVote({ ...ask, from: 3 })), [false])
    assert.equal(bench.status.vote, 2)
  })

  test('and so does who is no member at all', () => {
    const bench = new RawBench({ voters: [2, 3] })
    assert.deepEqual([bench.tick(100).sent, bench.campaign().sent], [[], []])
    assert.deepEqual(bench.hear(requestVote({ term: 2 })), [requestVoteReply({ term: 2, from: 1, to: 2, granted: true })])
  })

  test('promoted without knowing it elects the only voter that is left, and is caught up then', () => {
    for (const preVote of [false, true]) {
      const conf: ConfState = { voters: [1, 2], votersOutgoing: [], learners: [3], learnersNext: [], autoLeave: false }
      const group = new RawCluster({ voters: [], preVote, checkQuorum: true })
      for (const id of [1, 2, 3]) group.add({ id, preVote, checkQuorum: true, initial: { confState: conf } })
      group.campaign(1)
      group.isolate(3)
      group.node(1).proposeConfChange(PROMOTION)
      group.settle()
      assert.deepEqual(
        [group.status(2).confState.voters, group.status(3).confState.voters],
        [
          [1, 2, 3],
          [1, 2],
        ],
      )
      group.heal()
      group.isolate(1)
      group.tick(10, [2, 3])
      group.campaign(2)
      assert.equal(group.status(2).role, 'leader')
      assert.deepEqual([group.status(3).confState.voters, group.terms(3)], [[1, 2, 3], group.terms(2)])
    }
  })

  test('once promoted, and knowing it, can win', () => {
    const conf: ConfState = { voters: [1, 2], votersOutgoing: [], learners: [3], learnersNext: [], autoLeave: false }
    const group = new RawCluster({ voters: [], ...PLAIN })
    for (const id of [1, 2, 3]) group.add({ id, ...PLAIN, initial: { confState: conf } })
    group.campaign(1)
    group.campaign(3)
    assert.notEqual(group.status(3).role, 'candidate')
    group.node(1).proposeConfChange(PROMOTION)
    group.settle()
    assert.equal(group.status(3).role, 'follower')
    group.campaign(3)
    assert.deepEqual([group.status(3).role, group.status(1).role], ['leader', 'follower'])
  })

  test('is heard as a candidate only by its log, like anybody: whom it asks does not look at members', () => {
    const bench = new RawBench({ preVote: true })
    const [answer] = bench.hear(preVote({ term: 1, from: 9 }))
    assert.equal(answer?.type === 'PreVoteReply' && answer.granted, true)
  })
})

describe('a configuration that is committed and not applied', () => {
  const CHANGES: Readonly<Record<string, ConfChange>> = {
    simple: change('AddNode', 4),
    joint: {
      transition: 'jointExplicit',
      steps: [
        { type: 'AddNode', peer: 4 },
        { type: 'RemoveNode', peer: 3 },
      ],
      context: '',
    },
  }
  for (const [name, what] of Object.entries(CHANGES))
    for (const asking of [false, true])
      test(`keeps a peer from asking for votes until it is applied: ${name}${asking ? ', with pre-vote' : ''}`, () => {
        const entries = [entry(1, 1), changing(2, what), entry(3, 1)]
        const bench = new RawBench({ entries, commit: 2, preVote: asking })
        bench.node.campaign()
        for (let i = 0; i < 60; i++) bench.node.tick()
        bench.node.step(timeoutNow({ term: 1 }))
        assert.deepEqual(bench.standing, ['follower', 1])
        const ready = bench.node.ready()
        assert.deepEqual(
          ready.committedEntries.map(({ index }) => index),
          [1, 2],
        )
        bench.node.applyConfChange(ready.committedEntries[1] as Entry)
        bench.node.advance(ready)
        bench.work()
        if (bench.status.role === 'follower') bench.campaign()
        assert.notEqual(bench.status.role, 'follower')
      })

  test('is no obstacle while it is not committed', () => {
    const bench = new RawBench({ entries: [entry(1, 1), changing(2, PROMOTION)], commit: 1 })
    assert.deepEqual(bench.campaign().standing, ['candidate', 2])
  })

  test('does not keep the group without a leader for longer than it takes to apply', () => {
    const entries = [entry(1, 1), changing(2, PROMOTION)]
    const group = new RawCluster({ voters: [], ...PLAIN })
    const confState = { voters: [1, 2, 3], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }
    for (const id of [1, 2, 3])
      group.add({ id, ...PLAIN, initial: { confState, entries, hardState: { term: 1, vote: null, commit: 2 } } })
    group.tick(40)
    assert.ok(group.leader)
  })
})

describe('a snapshot that is not yet in place', () => {
  test('keeps a peer from asking for votes until it is', () => {
    const bench = new RawBench()
    const conf = bench.status.confState
    bench.node.step({
      type: 'InstallSnapshot',
      from: 2,
      to: 1,
      term: 3,
      snapshot: { index: 9, term: 2, conf, data: Buffer.of() },
    })
    bench.node.campaign()
    for (let i = 0; i < 60; i++) bench.node.tick()
    bench.node.step(timeoutNow({ term: 3 }))
    assert.deepEqual(bench.standing, ['follower', 3])
    bench.work()
    assert.deepEqual(bench.campaign().standing, ['candidate', 4])
    assert.deepEqual([bench.status.commit, bench.status.lastIndex], [9, 9])
  })
})
