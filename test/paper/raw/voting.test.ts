/** Who gets a vote (§5.2, §5.4.1) and what hearing of another term does (§5.1), on the public peer in every role. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Message } from '../../../src/protocol/messages.ts'
import type { Term } from '../../../src/protocol/types.ts'
import { append, heartbeat, preVote, preVoteReply, requestVote, requestVoteReply } from '../../harness/letters.ts'
import { leading, RawBench, type RawBenchOptions } from '../../harness/raw-bench.ts'

/** A peer in each role, in term 1 or 2, all with log [1, 1], the leader with an entry of its own behind it. */
const ROLES: Readonly<Record<string, (options?: RawBenchOptions) => RawBench>> = {
  follower: (options) => new RawBench({ log: [1, 1], ...options }),
  'pre-candidate': (options) => new RawBench({ log: [1, 1], ...options, preVote: true }).campaign(),
  candidate: (options) => new RawBench({ log: [1, 1], ...options }).campaign(),
  leader: (options) => leading({ log: [1, 1], ...options }),
}

const TABLE: readonly [index: number, term: Term, granted: boolean][] = [
  ...[0, 1, 2, 3].flatMap((index): [number, Term, boolean][] => [
    [index, 0, false],
    [index, 1, false],
  ]),
  [0, 2, false],
  [1, 2, false],
  [2, 2, true],
  [3, 2, true],
  ...[0, 1, 2, 3].map((index): [number, Term, boolean] => [index, 3, true]),
]

describe('a voter whose log ends at index 2 in term 2', () => {
  for (const [lastIndex, lastTerm, granted] of TABLE) {
    test(`${granted ? 'votes' : 'does not vote'} for a log that ends at ${lastIndex} in term ${lastTerm}`, () => {
      const bench = new RawBench({ log: [2, 2], term: 3 })
      assert.deepEqual(bench.hear(requestVote({ term: 3, lastIndex, lastTerm })), [
        requestVoteReply({ term: 3, from: 1, to: 2, granted }),
      ])
      assert.equal(bench.status.vote, granted ? 2 : null)
    })

    test(`${granted ? 'would vote' : 'would not vote'} for one, and notes nothing of it`, () => {
      const bench = new RawBench({ log: [2, 2], term: 3 })
      const term = granted ? 4 : 3 // a grant speaks of the term to come, a refusal of ours
      assert.deepEqual(bench.hear(preVote({ term: 4, lastIndex, lastTerm })), [preVoteReply({ term, from: 1, to: 2, granted })])
      assert.deepEqual([bench.status.vote, bench.status.term], [null, 3])
    })
  }
})

describe('one vote a term', () => {
  const asks = (from: number): Message => requestVote({ term: 3, from, lastIndex: 2, lastTerm: 2 })
  const says = (to: number, granted: boolean): Message[] => [requestVoteReply({ term: 3, from: 1, to, granted })]

  test('goes to who asks first; who has it may ask again, others may not', () => {
    const bench = new RawBench({ log: [2, 2], term: 3 })
    assert.deepEqual(bench.hear(asks(2)), says(2, true))
    assert.deepEqual(bench.hear(asks(3)), says(3, false))
    assert.deepEqual(bench.hear(asks(2)), says(2, true))
  })

  test('outlives a restart', () => {
    const bench = new RawBench({ log: [2, 2], term: 3, vote: 2 })
    assert.deepEqual(bench.hear(asks(3)), says(3, false))
    assert.deepEqual(bench.hear(asks(2)), says(2, true))
  })

  test('is free again in the next term', () => {
    const bench = new RawBench({ log: [2, 2], term: 3, vote: 2 })
    assert.deepEqual(bench.hear(requestVote({ term: 4, from: 3, lastIndex: 2, lastTerm: 2 })), [
      requestVoteReply({ term: 4, from: 1, to: 3, granted: true }),
    ])
  })

  test('is not given in the term of a leader one follows', () => {
    const bench = new RawBench({ log: [1, 1] })
    bench.hear(heartbeat({ term: 1 }))
    assert.deepEqual(bench.hear(requestVote({ term: 1, from: 3, lastIndex: 9, lastTerm: 1 })), [
      requestVoteReply({ term: 1, from: 1, to: 3, granted: false }),
    ])
  })

  for (const role of ['candidate', 'leader'])
    test(`is a ${role}'s own`, () => {
      const bench = (ROLES[role] as () => RawBench)()
      const { term } = bench.status
      assert.deepEqual(bench.hear(requestVote({ term, lastIndex: 9, lastTerm: term })), [
        requestVoteReply({ term, from: 1, to: 2, granted: false }),
      ])
      assert.deepEqual([bench.status.role, bench.status.vote], [role, 1])
    })

  for (const [role, make] of Object.entries(ROLES))
    test(`of a later term is had from a ${role}, which follows then; a pre-vote from it changes nothing`, () => {
      const bench = make()
      const { role: was, term } = bench.status
      const ask = { from: 2, lastIndex: 9, lastTerm: 2 }
      const [answer] = bench.hear(preVote({ term: 5, ...ask }))
      assert.deepEqual(answer, preVoteReply({ term: 5, from: 1, to: 2, granted: true }))
      assert.deepEqual(bench.standing, [was, term])
      const [vote] = bench.hear(requestVote({ term: 5, ...ask }))
      assert.deepEqual(vote, requestVoteReply({ term: 5, from: 1, to: 2, granted: true }))
      assert.deepEqual([...bench.standing, bench.status.vote], ['follower', 5, 2])
    })
})

describe('a later term', () => {
  for (const [role, make] of Object.entries(ROLES)) {
    test(`in a vote request makes a ${role} a follower of nobody, with the log it had`, () => {
      const bench = make()
      const { lastIndex } = bench.status
      bench.hear(requestVote({ term: 3, lastIndex: 0, lastTerm: 0 }))
      assert.deepEqual([...bench.standing, bench.status.leader, bench.status.lastIndex], ['follower', 3, null, lastIndex])
    })

    test(`in an append makes a ${role} a follower of its sender`, () => {
      const bench = make()
      const { lastIndex } = bench.status
      bench.hear(append({ term: 3, prevIndex: 2, prevTerm: 1 }))
      assert.deepEqual([...bench.standing, bench.status.leader, bench.status.lastIndex], ['follower', 3, 2, lastIndex])
    })

    test(`in a reply makes a ${role} a follower, too`, () => {
      const bench = make()
      bench.hear({ type: 'HeartbeatReply', from: 2, to: 1, term: 3, round: 1 })
      assert.deepEqual([...bench.standing, bench.status.leader], ['follower', 3, null])
    })
  }

  test('is nothing a vote is owed in: a candidate with a shorter log moves the term and gets none', () => {
    const bench = new RawBench({ log: [1, 1] })
    assert.deepEqual(bench.hear(requestVote({ term: 7, lastIndex: 1, lastTerm: 1 })), [
      requestVoteReply({ term: 7, from: 1, to: 2, granted: false }),
    ])
    assert.deepEqual([bench.status.term, bench.status.vote], [7, null])
  })
})

describe('an earlier term', () => {
  const STALE: readonly Message[] = [
    append({ term: 1, prevIndex: 2, prevTerm: 1, terms: [1], commit: 2 }),
    heartbeat({ term: 1, commit: 2 }),
    requestVote({ term: 1, lastIndex: 9, lastTerm: 1 }),
    preVote({ term: 1, lastIndex: 9, lastTerm: 1 }),
    requestVoteReply({ term: 1, granted: true }),
    preVoteReply({ term: 1, granted: true }),
    { type: 'AppendEntriesReply', from: 2, to: 1, term: 1, accepted: true, index: 2, hintIndex: 0, hintTerm: 0 },
    { type: 'HeartbeatReply', from: 2, to: 1, term: 1, round: 1 },
    { type: 'TimeoutNow', from: 2, to: 1, term: 1 },
    {
      ...{ type: 'InstallSnapshot', from: 2, to: 1, term: 1 },
      snapshot: { index: 9, term: 1, conf: new RawBench().status.confState, data: Buffer.of() },
    },
  ]
  for (const [role, make] of Object.entries(ROLES))
    for (const m of STALE)
      test(`in a ${m.type} changes nothing of a ${role}; who asks is told the term`, () => {
        const bench = make({ term: 4 })
        void bench.sent
        const before = bench.status
        const answers = bench.hear(m)
        assert.deepEqual(bench.status, before)
        const owed = !m.type.endsWith('Reply')
        assert.deepEqual(
          answers.map(({ to, term }) => [to, term]),
          owed ? [[2, before.term]] : [],
        )
        assert.equal(
          answers.some((answer) => 'granted' in answer && answer.granted),
          false,
        )
      })
})

describe('the same term', () => {
  for (const [role, make] of Object.entries(ROLES).filter(([name]) => name !== 'leader'))
    for (const m of ['append', 'heartbeat'])
      test(`in ${m === 'append' ? 'an append' : 'a heartbeat'} shows a ${role} its leader`, () => {
        const bench = make()
        const { term } = bench.status
        bench.hear(m === 'append' ? append({ term, prevIndex: 2, prevTerm: 1 }) : heartbeat({ term }))
        assert.deepEqual([...bench.standing, bench.status.leader], ['follower', term, 2])
      })
})
