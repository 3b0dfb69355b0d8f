/** Section 6 and chapter 4 of the thesis: other members, one change at a time, in force as it is applied. */

import assert from 'node:assert/strict'
import type { ConfChangeStep } from '../../src/protocol/confchange.ts'
import { type ConfState, votersOnly } from '../../src/protocol/types.ts'
import type { Chapter } from '../harness/lab.ts'
import { append, heartbeat, preVote, preVoteReply, requestVote, requestVoteReply, timeoutNow } from '../harness/letters.ts'
import { acknowledge, appendConf, isAppend, leading, propose, reconfigure } from '../harness/reign.ts'

const add = (peer: number): ConfChangeStep => ({ type: 'AddNode', peer })
const learn = (peer: number): ConfChangeStep => ({ type: 'AddLearner', peer })
const remove = (peer: number): ConfChangeStep => ({ type: 'RemoveNode', peer })

/** Three voters, and a fourth peer that only learns. */
const WITH_LEARNER: ConfState = { ...votersOnly([1, 2, 3]), learners: [4] }

const codes = (peer: { readonly refused: readonly { readonly code: string }[] }) => peer.refused.map(({ code }) => code)

/** How the leader changes who counts. */
export const changing: Chapter = {
  'a change is an entry of the log, sent to all, and in force as it is applied': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    const said = reconfigure(bench, [add(4)])
    assert.deepEqual(
      said.filter(isAppend).map((m) => [m.to, m.entries.map(({ kind }) => kind)]),
      [[2, ['configuration']]],
    )
    assert.deepEqual(
      bench.peer.accepted.map(({ index, term }) => [index, term]),
      [[2, 1]],
    )
    assert.deepEqual(bench.peer.context.conf, votersOnly([1, 2, 3]))
    const news = acknowledge(bench, 2)
    assert.deepEqual(bench.peer.context.conf, votersOnly([1, 2, 3, 4]))
    assert.ok(
      news.some((m) => isAppend(m) && m.to === 4),
      'the new member is fed at once',
    )
  },

  'only one change is under way at a time': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    reconfigure(bench, [add(4)])
    reconfigure(bench, [add(5)])
    assert.deepEqual([codes(bench.peer), bench.peer.lastIndex], [['CONF_IN_PROGRESS'], 2])
    acknowledge(bench, 2)
    reconfigure(bench, [add(5)])
    assert.equal(bench.peer.lastIndex, 3)
  },

  'a leader hears from others, too, what is committed, and tells everybody': (lab) => {
    const bench = leading(lab, [1, 1], { size: 5, settings: { checkQuorum: false } })
    acknowledge(bench, 3)
    const news = bench.hear(preVote({ term: 3, from: 2, lastIndex: 2, lastTerm: 1, commit: 2, commitTerm: 1 }))
    assert.deepEqual([bench.peer.role, bench.peer.commit], ['leader', 2])
    assert.deepEqual(
      news.filter(isAppend).map((m) => [m.to, m.commit]),
      [[3, 2]],
    )
  },

  'no change before an entry of the own term is committed': (lab) => {
    const bench = leading(lab)
    reconfigure(bench, [add(4)])
    assert.deepEqual([codes(bench.peer), bench.peer.lastIndex], [['CONF_IN_PROGRESS'], 1])
  },

  'what cannot be is refused: nobody would be left, nothing is to be left': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    reconfigure(bench, [remove(1), remove(2), remove(3)])
    reconfigure(bench, [])
    assert.equal(bench.peer.lastIndex, 2 - 1)
    assert.ok(codes(bench.peer).every((code) => code.startsWith('CONF_')))
    assert.equal(codes(bench.peer)[0], 'CONF_INVALID')
  },

  'only the leader is asked': (lab) => {
    const bench = lab.bench()
    bench.hear(heartbeat({ term: 1 }))
    reconfigure(bench, [add(4)])
    assert.deepEqual(codes(bench.peer), ['NOT_LEADER'])
  },

  'more than one voter at once goes through two majorities, which are left by themselves': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    reconfigure(bench, [add(4), add(5)])
    acknowledge(bench, 2)
    assert.deepEqual(bench.peer.context.conf.votersOutgoing, [1, 2, 3])
    assert.equal(bench.peer.lastIndex, 3, 'the leave is in the log')
    acknowledge(bench, 2)
    assert.equal(bench.peer.commit, 2, 'a majority of the old alone commits nothing')
    acknowledge(bench, 4)
    assert.deepEqual(bench.peer.context.conf, votersOnly([1, 2, 3, 4, 5]))
  },

  'joint voters are left after a handover that came to nothing, and all hear of it': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2, 3)
    bench.peer.slowMachine = true
    reconfigure(bench, [add(4), add(5)])
    acknowledge(bench, 2, 3)
    bench.peer.tell({ type: 'client.transfer', ticket: 1, to: 3 })
    bench.peer.slowMachine = false
    bench.peer.apply()
    assert.deepEqual([bench.peer.context.conf.autoLeave, bench.peer.lastIndex], [true, 2], 'not while handing over')
    acknowledge(bench, 2, 3, 4, 5)
    void bench.sent
    bench.peer.fire('quorumInterval')
    assert.equal(bench.peer.lastIndex, 3)
    assert.ok(bench.sent.some((m) => isAppend(m) && m.entries.some(({ index }) => index === 3)))
  },

  'a smaller group may need fewer copies: what waited is committed, and reads with it': (lab) => {
    const bench = leading(lab, [], { size: 2 })
    acknowledge(bench, 2)
    bench.peer.slowMachine = true
    reconfigure(bench, [remove(2)])
    acknowledge(bench, 2)
    bench.peer.tell({ type: 'client.read', tickets: [7] })
    propose(bench, 'waits')
    bench.peer.slowMachine = false
    bench.peer.apply()
    assert.deepEqual([bench.peer.commit, bench.peer.context.conf], [3, votersOnly([1])])
    assert.deepEqual(bench.peer.reads, [{ type: 'readReady', tickets: [7], index: 2 }])
  },

  'a leader that is removed leads until that is committed; then it hands over and follows': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2)
    bench.peer.slowMachine = true
    reconfigure(bench, [remove(1)])
    acknowledge(bench, 2)
    assert.deepEqual([bench.peer.role, bench.peer.commit], ['leader', 2])
    void bench.sent
    bench.peer.slowMachine = false
    bench.peer.apply()
    const said = bench.sent
    assert.equal(bench.peer.role, 'learner')
    assert.deepEqual(bench.peer.delays, ['voteLease'], 'and stands for no election')
    assert.deepEqual(
      said.filter((m) => m.type === 'TimeoutNow'),
      [timeoutNow({ term: 1, from: 1, to: 2 })],
    )
  },

  'before it goes, everybody gets what it has': (lab) => {
    const bench = leading(lab)
    acknowledge(bench, 2, 3)
    bench.peer.slowMachine = true
    reconfigure(bench, [remove(1)])
    acknowledge(bench, 2)
    bench.peer.tell({ type: 'peer.unreachable', peer: 3 })
    void bench.sent
    bench.peer.slowMachine = false
    bench.peer.apply()
    assert.ok(bench.sent.some((m) => isAppend(m) && m.to === 3 && m.entries.length === 1 && m.commit === 2))
  },

  'a leader that is wanted although it does not vote leads on': (lab) => {
    const bench = leading(lab, [], { settings: { stepDownOnRemoval: false } })
    acknowledge(bench, 2)
    reconfigure(bench, [remove(1)])
    acknowledge(bench, 2)
    assert.deepEqual([bench.peer.role, bench.peer.context.conf], ['leader', votersOnly([2, 3])])
  },
}

/** What a change means for who does not lead. */
export const following: Chapter = {
  'a learner takes the log, and never campaigns': (lab) => {
    const bench = lab.bench({ id: 4, conf: WITH_LEARNER })
    bench.hear(append({ term: 1, to: 4, terms: [1] }))
    assert.deepEqual([bench.peer.terms, bench.peer.delays], [[1], ['voteLease']])
    bench.hear(timeoutNow({ term: 1, to: 4 }))
    assert.equal(bench.peer.role, 'learner')
  },

  'it votes when asked, for it may be a voter and not know it yet; but not while it hears a leader': (lab) => {
    const bench = lab.bench({ id: 4, conf: WITH_LEARNER })
    bench.hear(heartbeat({ term: 1, to: 4 }))
    assert.deepEqual(bench.hear(requestVote({ term: 2, from: 3, to: 4 })), [])
    bench.peer.fire('voteLease')
    const [reply] = bench.hear(requestVote({ term: 2, from: 3, to: 4 }))
    assert.deepEqual(reply, requestVoteReply({ term: 2, from: 4, to: 3, granted: true }))
  },

  'a learner that is promoted may campaign, a voter that is demoted may not': (lab) => {
    const bench = lab.bench({ id: 3 })
    bench.hear({ ...appendConf({ term: 1, commit: 1 }, learn(3)), to: 3 })
    assert.deepEqual(bench.peer.delays, ['voteLease'])
    bench.hear({ ...appendConf({ term: 1, prevIndex: 1, commit: 2 }, add(3)), to: 3 })
    assert.deepEqual(bench.peer.delays, ['electionTimeout', 'voteLease'])
    bench.peer.fire('electionTimeout')
    assert.equal(bench.peer.role, 'preCandidate')
  },

  'nobody campaigns while a committed change is not in force; it goes on waiting': (lab) => {
    for (const preVote of [true, false]) {
      const bench = lab.bench({ settings: { preVote } })
      bench.peer.slowMachine = true
      bench.hear(appendConf({ term: 1, commit: 1 }, add(4)))
      for (let i = 0; i < 2; i++) {
        bench.peer.fire('electionTimeout')
        assert.equal(bench.peer.role, 'follower')
      }
      bench.peer.apply()
      bench.peer.fire('electionTimeout')
      assert.equal(bench.peer.role, preVote ? 'preCandidate' : 'candidate')
      assert.equal(bench.sent.filter((m) => m.type === 'PreVote' || m.type === 'RequestVote').length, 3)
    }
  },

  'who is told to take over meanwhile does so as soon as the change is in force': (lab) => {
    const bench = lab.bench()
    bench.peer.slowMachine = true
    bench.hear(appendConf({ term: 1, commit: 1 }, add(4)))
    assert.deepEqual([bench.hear(timeoutNow({ term: 1 })), bench.peer.role], [[], 'follower'])
    bench.peer.apply()
    assert.deepEqual([bench.peer.role, bench.peer.context.conf], ['candidate', votersOnly([1, 2, 3, 4])])
    const asked = bench.sent
    assert.ok(asked.length === 3 && asked.every((m) => m.type === 'RequestVote' && m.transfer))
  },

  'who was not told waits for silence': (lab) => {
    const bench = lab.bench()
    bench.hear(appendConf({ term: 1, commit: 1 }, add(4)))
    assert.deepEqual([bench.peer.role, bench.peer.context.conf.voters.length], ['follower', 4])
  },

  'who learns from a refusal that a change is committed does not try again before it is in force': (lab) => {
    for (const role of ['preCandidate', 'candidate'] as const) {
      const bench = lab.bench({ settings: { preVote: role === 'preCandidate' } })
      bench.peer.slowMachine = true
      bench.hear(appendConf({ term: 1 }, add(4)))
      bench.peer.fire('electionTimeout')
      assert.equal(bench.peer.role, role)
      const { term } = bench.peer
      bench.hear((role === 'candidate' ? requestVoteReply : preVoteReply)({ term, granted: false, commit: 1, commitTerm: 1 }))
      assert.equal(bench.peer.commit, 1)
      bench.peer.fire('electionTimeout')
      assert.deepEqual([bench.peer.role, bench.peer.term], ['follower', term])
      bench.peer.apply()
      bench.peer.fire('electionTimeout')
      assert.equal(bench.peer.role, role)
    }
  },

  'what another peer knows to be committed is so for whoever holds it, whatever the roles and the terms': (lab) => {
    const bench = lab.bench({ settings: { preVote: false, checkQuorum: false } })
    bench.hear(append({ term: 3, terms: [3, 3, 3, 3] }))
    bench.hear(requestVote({ term: 3, from: 3, lastIndex: 1, lastTerm: 3, commit: 1, commitTerm: 3 }))
    assert.equal(bench.peer.commit, 1)
    bench.hear(requestVoteReply({ term: 2, granted: false, commit: 2, commitTerm: 2 }))
    assert.equal(bench.peer.commit, 1, 'another entry is here')
    bench.peer.fire('electionTimeout')
    bench.hear(requestVoteReply({ term: 3, from: 3, granted: false, commit: 2, commitTerm: 3 }))
    assert.deepEqual([bench.peer.role, bench.peer.commit], ['candidate', 2])
  },

  'whoever is removed while campaigning gives up': (lab) => {
    const change = { transition: 'auto' as const, steps: [remove(1)], context: '' }
    for (const role of ['preCandidate', 'candidate'] as const) {
      const bench = lab.bench({ settings: { preVote: role === 'preCandidate' } })
      bench.peer.fire('electionTimeout')
      assert.equal(bench.peer.role, role)
      bench.peer.tell({ type: 'conf.applied', index: 0, change })
      assert.deepEqual([bench.peer.role, bench.peer.delays], ['learner', ['voteLease']])
    }
  },

  'without pre-vote a candidate tries again at once': (lab) => {
    const bench = lab.bench({ settings: { preVote: false } })
    for (const term of [1, 2]) {
      bench.peer.fire('electionTimeout')
      assert.deepEqual([bench.peer.role, bench.peer.term], ['candidate', term])
    }
    bench.hear(preVoteReply({ term: 2, granted: true }))
    assert.equal(bench.peer.role, 'candidate')
  },
}
