/** Thesis 3.10 and section 8: requests that reach a follower, and handovers that are changed or taken back. */

import assert from 'node:assert/strict'
import { votersOnly } from '../../src/protocol/types.ts'
import type { Bench, Chapter, Lab } from '../harness/lab.ts'
import { append, heartbeat, heartbeatReply, proposal, timeoutNow, transferLeader } from '../harness/letters.ts'
import { acknowledge, isAppend, leading, propose } from '../harness/reign.ts'
import { ELECTION_TICKS } from '../harness/test-peer.ts'

const codes = (bench: Bench) => bench.peer.refused.map(({ code }) => code)

/** A follower of peer 2. */
function follower(lab: Lab, forwardProposals = true): Bench {
  const bench = lab.bench({ settings: { forwardProposals } })
  bench.hear(heartbeat({ term: 1 }))
  return bench
}

/** What followers pass on. */
export const forwarding: Chapter = {
  'a follower passes proposals on to its leader': (lab) => {
    const bench = follower(lab)
    assert.deepEqual(propose(bench, 'a'), [proposal({ from: 1, to: 2, word: 'a' })])
    assert.deepEqual(codes(bench), [])
  },

  'unless it is not to, or knows none': (lab) => {
    for (const bench of [follower(lab, false), lab.bench()])
      assert.deepEqual([propose(bench, 'a'), codes(bench)], [[], ['NOT_LEADER']])
  },

  'the leader takes what was passed on, and sends it': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    const said = bench.hear(proposal({ word: 'a' }))
    assert.equal(bench.peer.lastIndex, 2)
    assert.deepEqual(
      said.filter(isAppend).map((m) => [m.to, m.entries.length]),
      [[2, 1]],
    )
  },

  'but no change of members that way, and nothing while it hands over': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    assert.deepEqual(bench.hear(proposal({ word: '', kind: 'configuration' })), [])
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    void bench.sent
    assert.deepEqual(bench.hear(proposal({ word: 'a' })), [])
    assert.equal(bench.peer.lastIndex, 1)
  },

  'who leads no more passes on what was meant for it, never back, and only if it knows to whom': (lab) => {
    const bench = follower(lab)
    assert.deepEqual(bench.hear(proposal({ from: 3, word: 'a' })), [proposal({ from: 3, to: 2, word: 'a' })])
    assert.deepEqual(bench.hear(transferLeader({ from: 3, target: 3 })), [transferLeader({ from: 3, to: 2, target: 3 })])
    assert.deepEqual(bench.hear(proposal({ word: 'a' })), [])
    assert.deepEqual(lab.bench().hear(proposal({ from: 3, word: 'a' })), [])
    assert.deepEqual(lab.bench().hear(transferLeader({ from: 3, target: 3 })), [])
  },

  'a request to hand over is passed on too': (lab) => {
    const bench = follower(lab)
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    assert.deepEqual([bench.sent, codes(bench)], [[transferLeader({ from: 1, to: 2, target: 3 })], []])
    const alone = lab.bench()
    alone.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    assert.deepEqual([alone.sent, codes(alone)], [[], ['NOT_LEADER']])
  },
}

const handover = (bench: Bench): readonly unknown[] => [
  bench.peer.context.transfer.value,
  bench.peer.context.transfer.context.target,
]

/** A leader that waits for peer 3 to catch up. */
function waiting(lab: Lab): Bench {
  const bench = leading(lab)
  acknowledge(bench, 2)
  bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
  assert.deepEqual(handover(bench), ['catchingUp', 3])
  void bench.sent
  return bench
}

/** Handovers that are changed or taken back. */
export const reconsidering: Chapter = {
  'who asks last decides: another target, and the whole time for it': (lab) => {
    for (const passedOn of [false, true]) {
      const bench = waiting(lab)
      for (let t = 0; t < 3; t++) bench.peer.tick()
      bench.hear(heartbeatReply({ term: 1, round: bench.peer.context.round }))
      const left = bench.peer.ticksLeft('quorumInterval') ?? 0
      void bench.sent
      if (passedOn) bench.hear(transferLeader({ from: 3, target: 2 }))
      else bench.peer.tell({ type: 'client.transfer', ticket: 2, to: 2 })
      assert.deepEqual(handover(bench), ['handedOff', 2])
      assert.ok((bench.peer.ticksLeft('quorumInterval') ?? 0) > left)
    }
  },

  'who hears no quorum gains no time by asking for ever other handovers': (lab) => {
    for (const passedOn of [false, true]) {
      const bench = waiting(lab)
      assert.equal(bench.peer.ticksLeft('quorumInterval'), ELECTION_TICKS)
      for (const to of [2, 3, 2]) {
        bench.peer.tick()
        void bench.sent
        const said = passedOn ? bench.hear(transferLeader({ from: 3, target: to })) : []
        if (!passedOn) bench.peer.tell({ type: 'client.transfer', ticket: 2, to })
        assert.equal(handover(bench)[1], to)
        assert.equal([...said, ...bench.sent].filter(({ type }) => type === 'TimeoutNow').length, to === 2 ? 1 : 0)
      }
      assert.equal(bench.peer.ticksLeft('quorumInterval'), ELECTION_TICKS - 3)
      bench.peer.fire('quorumInterval')
      assert.equal(bench.peer.role, 'follower')
    }
  },

  'a request that was passed on is heard: who has all is told at once': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    assert.deepEqual(bench.hear(transferLeader({ from: 3, target: 2 })), [timeoutNow({ term: 1, from: 1, to: 2 })])
    assert.deepEqual(handover(bench), ['handedOff', 2])
  },

  'who leads is asked to lead: the handover is taken back, and proposals are taken again': (lab) => {
    for (const passedOn of [false, true]) {
      const bench = waiting(lab)
      if (passedOn) bench.hear(transferLeader({ target: 1 }))
      else bench.peer.tell({ type: 'client.transfer', ticket: 2, to: 1 })
      assert.deepEqual(handover(bench), ['idle', null])
      propose(bench, 'a')
      assert.deepEqual([codes(bench), bench.peer.lastIndex], [[], 2])
    }
  },

  'a request for the same, or for nobody that votes, takes nothing back': (lab) => {
    const bench = waiting(lab)
    for (const target of [3, 9]) assert.deepEqual(bench.hear(transferLeader({ target })), [])
    bench.peer.tell({ type: 'client.transfer', ticket: 2, to: 9 })
    assert.deepEqual([handover(bench), codes(bench)], [['catchingUp', 3], ['TARGET_INVALID']])
  },

  'a learner takes over nothing': (lab) => {
    const bench = leading(lab, [], { conf: { ...votersOnly([1, 2, 3]), learners: [4] } })
    acknowledge(bench, 2, 4)
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 4 })
    assert.deepEqual([handover(bench), codes(bench)], [['idle', null], ['TARGET_INVALID']])
  },

  'the election it leads to says so, and pays no regard to who hears the leader': (lab) => {
    const bench = lab.bench()
    bench.hear(append({ term: 1, terms: [1] }))
    const asked = bench.hear(timeoutNow({ term: 1 }))
    assert.ok(asked.length === 2 && asked.every((m) => m.type === 'RequestVote' && m.transfer))
    const loner = lab.bench({ settings: { preVote: false } })
    loner.peer.fire('electionTimeout')
    assert.ok(loner.sent.every((m) => m.type === 'RequestVote' && !m.transfer))
  },
}
