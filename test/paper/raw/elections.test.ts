/** Elections on the public peer (§5.2, §5.4.1): who wins, who does not, and what a campaign is. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PeerId, Role, Term } from '../../../src/protocol/types.ts'
import { requestVoteReply } from '../../harness/letters.ts'
import { leading, PLAIN, RawBench } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const upTo = (size: number): PeerId[] => Array.from({ length: size }, (_, i) => i + 1)

interface Outcome {
  readonly what: string
  readonly size: number
  readonly down: readonly PeerId[]
  readonly logs?: Readonly<Record<PeerId, readonly Term[]>>
  readonly plain: readonly [Role, Term]
  readonly asking: readonly [Role, Term]
}

const OUTCOMES: readonly Outcome[] = [
  { what: 'all of three are up: it leads', size: 3, down: [], plain: ['leader', 1], asking: ['leader', 1] },
  { what: 'one of three is down: it leads', size: 3, down: [3], plain: ['leader', 1], asking: ['leader', 1] },
  {
    what: 'two of three are down: it goes on asking',
    size: 3,
    down: [2, 3],
    plain: ['candidate', 1],
    asking: ['preCandidate', 0],
  },
  {
    what: 'two of four are down: it goes on asking',
    size: 4,
    down: [2, 3],
    plain: ['candidate', 1],
    asking: ['preCandidate', 0],
  },
  { what: 'two of five are down: it leads', size: 5, down: [2, 3], plain: ['leader', 1], asking: ['leader', 1] },
  {
    what: 'the three that are up have longer logs: it follows',
    ...{ size: 5, down: [5], logs: { 2: [1], 3: [1], 4: [1, 1] }, plain: ['follower', 1], asking: ['follower', 1] },
  },
]

describe('the outcome of a campaign', () => {
  for (const { what, size, down, logs = {}, plain, asking } of OUTCOMES) {
    for (const preVote of [false, true]) {
      test(`${what}${preVote ? ', with pre-vote' : ''}`, () => {
        const group = new RawCluster({ voters: upTo(size), logs, preVote, checkQuorum: false })
        for (const peer of down) group.isolate(peer)
        group.campaign(1)
        const { role, term } = group.status(1)
        assert.deepEqual([role, term], preVote ? asking : plain)
      })
    }
  }

  const COUNTS: readonly [size: number, answers: readonly [PeerId, boolean][], role: Role][] = [
    [1, [], 'leader'],
    [
      3,
      [
        [2, true],
        [3, true],
      ],
      'leader',
    ],
    [3, [[2, true]], 'leader'],
    [
      5,
      [
        [2, true],
        [3, true],
        [4, true],
        [5, true],
      ],
      'leader',
    ],
    [
      5,
      [
        [2, true],
        [3, true],
        [4, true],
      ],
      'leader',
    ],
    [
      5,
      [
        [2, true],
        [3, true],
      ],
      'leader',
    ],
    [
      3,
      [
        [2, false],
        [3, false],
      ],
      'follower',
    ],
    [
      5,
      [
        [2, false],
        [3, false],
        [4, false],
        [5, false],
      ],
      'follower',
    ],
    [
      5,
      [
        [2, true],
        [3, false],
        [4, false],
        [5, false],
      ],
      'follower',
    ],
    [3, [], 'candidate'],
    [5, [[2, true]], 'candidate'],
    [
      5,
      [
        [2, false],
        [3, false],
      ],
      'candidate',
    ],
    [5, [], 'candidate'],
  ]
  for (const [size, answers, role] of COUNTS) {
    const granted = answers.filter(([, yes]) => yes).length
    test(`of ${size} voters, ${granted} others for it and ${answers.length - granted} against: ${role}`, () => {
      const bench = new RawBench({ voters: upTo(size) }).campaign()
      for (const [from, yes] of answers) bench.hear(requestVoteReply({ term: 1, from, granted: yes }))
      assert.deepEqual(bench.standing, [role, 1])
    })
  }

  test('an answer that comes twice counts once, and cannot be taken back', () => {
    const bench = new RawBench({ voters: upTo(5) }).campaign()
    for (let i = 0; i < 4; i++) bench.hear(requestVoteReply({ term: 1, from: 2, granted: true }))
    assert.deepEqual(bench.standing, ['candidate', 1])
    for (let i = 0; i < 4; i++) bench.hear(requestVoteReply({ term: 1, from: 3, granted: false }))
    bench.hear(requestVoteReply({ term: 1, from: 3, granted: true }))
    assert.deepEqual(bench.standing, ['candidate', 1])
  })

  test('who is no voter has no vote to give', () => {
    const bench = new RawBench({ voters: upTo(3), conf: { learners: [4] } }).campaign()
    for (const from of [4, 9]) bench.hear(requestVoteReply({ term: 1, from, granted: true }))
    assert.deepEqual(bench.standing, ['candidate', 1])
  })

  test('with pre-vote the same counts decide the round before, and change neither term nor vote', () => {
    const bench = new RawBench({ voters: upTo(5), preVote: true }).campaign()
    assert.deepEqual([...bench.standing, bench.status.vote], ['preCandidate', 0, null])
    assert.equal(
      bench.sentOf('PreVote').every(({ term }) => term === 1),
      true,
    )
    bench.hear({ type: 'PreVoteReply', from: 2, to: 1, term: 1, granted: true })
    bench.hear({ type: 'PreVoteReply', from: 3, to: 1, term: 0, granted: false })
    assert.deepEqual(bench.standing, ['preCandidate', 0])
    bench.hear({ type: 'PreVoteReply', from: 4, to: 1, term: 1, granted: true })
    assert.deepEqual([...bench.standing, bench.status.vote], ['candidate', 1, 1])
  })
})

describe('a campaign', () => {
  test('raises the term, votes for itself, asks every other voter once, and no learner', () => {
    const bench = new RawBench({ voters: upTo(4), conf: { learners: [5] }, log: [1, 1], term: 2 })
    bench.node.campaign()
    const asked = bench.sentOf('RequestVote')
    assert.deepEqual([...bench.standing, bench.status.vote, bench.status.leader], ['candidate', 3, 1, null])
    assert.deepEqual(
      asked.map(({ to, term, lastIndex, lastTerm, transfer }) => [to, term, lastIndex, lastTerm, transfer]),
      [
        [2, 3, 2, 1, false],
        [3, 3, 2, 1, false],
        [4, 3, 2, 1, false],
      ],
    )
  })

  test('of a leader is nothing', () => {
    const bench = leading()
    void bench.sent
    bench.campaign()
    assert.deepEqual([bench.standing, bench.sent], [['leader', 1], []])
  })

  test('each of three can win in turn, each time one term later, and takes over from the one before', () => {
    for (const preVote of [false, true]) {
      const group = new RawCluster({ voters: upTo(3), preVote, checkQuorum: false })
      for (const [i, id] of [1, 2, 3, 1].entries()) {
        group.campaign(id)
        const roles = upTo(3).map((peer) => group.status(peer).role)
        assert.deepEqual(
          roles,
          upTo(3).map((peer) => (peer === id ? 'leader' : 'follower')),
        )
        assert.equal(group.status(id).term, i + 1)
      }
    }
  })

  test('of the only voter is won without a letter, and its proposals commit by its own disk', () => {
    const bench = new RawBench({ voters: [1] }).campaign()
    assert.deepEqual([bench.standing, bench.sent, bench.status.commit], [['leader', 1], [], 1])
    bench.propose('a')
    assert.deepEqual([bench.sent, bench.status.commit, bench.applied.length], [[], 2, 2])
  })

  test('two at once split the votes; the next to time out wins, one term later', () => {
    const group = new RawCluster({ voters: upTo(3), ...PLAIN })
    group.campaign(1)
    group.isolate(1)
    group.node(2).campaign()
    group.node(3).campaign()
    group.settle()
    assert.deepEqual([group.status(2).role, group.status(3).role], ['candidate', 'candidate'])
    group.campaign(2)
    assert.deepEqual([group.status(2).role, group.status(2).term, group.status(3).role], ['leader', 3, 'follower'])
  })

  test('two at once that both heard all grants before split the votes after pre-votes, too', () => {
    const group = new RawCluster({ voters: upTo(3), preVote: true, checkQuorum: false })
    group.campaign(1)
    group.isolate(1)
    group.node(2).campaign()
    group.node(3).campaign()
    group.settle()
    const two = [2, 3].map((id) => [group.status(id).role, group.status(id).term])
    assert.deepEqual(two, [
      ['candidate', 2],
      ['candidate', 2],
    ])
    group.campaign(2)
    assert.deepEqual([group.status(2).role, group.status(2).term, group.status(3).role], ['leader', 3, 'follower'])
  })
})

describe('the roles', () => {
  test('a follower never leads without having asked; a leader never asks', () => {
    const follower = new RawBench()
    for (const from of [2, 3]) {
      follower.hear(requestVoteReply({ term: 0, from, granted: true }))
      follower.hear(requestVoteReply({ term: 1, from, granted: true }))
      follower.hear({ type: 'PreVoteReply', from, to: 1, term: 2, granted: true })
    }
    assert.deepEqual(follower.standing, ['follower', 1])
    const leader = leading({ preVote: false })
    leader.campaign().tick(60)
    for (const from of [2, 3]) {
      leader.hear({ type: 'TimeoutNow', from, to: 1, term: 1 })
      leader.hear({ type: 'PreVoteReply', from, to: 1, term: 2, granted: true })
      leader.hear(requestVoteReply({ term: 1, from, granted: false }))
    }
    assert.deepEqual(leader.standing, ['leader', 1])
  })
})
