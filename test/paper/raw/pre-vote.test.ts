/** Asking around before an election (thesis 9.6), on the public peer: it disturbs nobody, and nobody gets stuck in it. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConfState, PeerId } from '../../../src/protocol/types.ts'
import { heartbeat, preVote, preVoteReply, requestVoteReply } from '../../harness/letters.ts'
import { leading, RawBench } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

const ASKING = { preVote: true, checkQuorum: false } as const
const standing = (group: RawCluster, id: PeerId) => {
  const { role, term } = group.status(id)
  return [role, term]
}

describe('a pre-candidate that fell behind', () => {
  test('adopts the later term of a refusal, and a leader is elected all the same', () => {
    const group = new RawCluster({ voters: [1, 2, 3], terms: { 1: 1, 2: 1, 3: 1 }, ...ASKING })
    group.isolate(3)
    group.campaign(1)
    group.campaign(3)
    assert.deepEqual(
      [standing(group, 1), standing(group, 3)],
      [
        ['leader', 2],
        ['preCandidate', 1],
      ],
    )
    group.campaign(2)
    assert.deepEqual(
      [standing(group, 2), standing(group, 1)],
      [
        ['leader', 3],
        ['follower', 3],
      ],
    )
    group.heal()
    group.isolate(2)
    group.campaign(3)
    group.campaign(1)
    assert.ok(
      [1, 3].some((id) => group.status(id).role === 'leader'),
      'nobody leads',
    )
  })

  test('is answered, not ignored, and the refusal carries the voter’s own term', () => {
    const bench = new RawBench({ log: [1, 3], ...ASKING })
    assert.deepEqual(bench.hear(preVote({ term: 2, lastIndex: 1, lastTerm: 1 })), [
      preVoteReply({ term: 3, from: 1, to: 2, granted: false }),
    ])
    const behind = new RawBench({ log: [1], ...ASKING }).campaign()
    behind.hear(preVoteReply({ term: 3, granted: false }))
    assert.deepEqual(behind.standing, ['follower', 3])
  })
})

describe('a candidate from before pre-votes were asked, in a later term with a shorter log', () => {
  /** 1 leads term 2, 2 follows, 3 is at term 4. */
  const group = (): RawCluster => {
    const made = new RawCluster({ voters: [1, 2, 3], logs: { 1: [1, 1], 2: [1, 1], 3: [1] }, ...ASKING })
    made.isolate(3)
    made.campaign(1)
    made.add({
      ...{ id: 3, ...ASKING },
      initial: { confState: made.status(1).confState, hardState: { term: 4, vote: 3, commit: 0 }, entries: [entry(1, 1)] },
    })
    made.heal()
    made.campaign(3)
    return made
  }

  test('does not depose the leader by asking; the next heartbeat does, and frees it', () => {
    const made = group()
    assert.deepEqual(
      [standing(made, 1), standing(made, 3)],
      [
        ['leader', 2],
        ['preCandidate', 4],
      ],
    )
    made.tick(1, [1])
    assert.deepEqual(
      [standing(made, 1), standing(made, 3)],
      [
        ['follower', 4],
        ['preCandidate', 4],
      ],
    )
    made.campaign(1)
    assert.deepEqual(
      [standing(made, 1), standing(made, 3)],
      [
        ['leader', 5],
        ['follower', 5],
      ],
    )
    assert.deepEqual(made.terms(3), made.terms(1))
  })

  test('does not stop the others from electing a leader when the first dies', () => {
    const made = group()
    made.isolate(1)
    for (const id of [3, 2, 3, 2]) made.campaign(id)
    assert.ok([2, 3].some((id) => made.status(id).role === 'leader'))
  })
})

describe('pre-votes', () => {
  test('that come after the election was won change nothing', () => {
    const bench = new RawBench({ preVote: true }).campaign()
    bench.hear(preVoteReply({ term: 1, from: 2, granted: true }), requestVoteReply({ term: 1, from: 2, granted: true }))
    assert.deepEqual(bench.standing, ['leader', 1])
    assert.deepEqual(bench.hear(preVoteReply({ term: 1, from: 3, granted: true })), [])
    assert.deepEqual(bench.standing, ['leader', 1])
  })

  test('do not count in the election itself', () => {
    const bench = new RawBench({ voters: [1, 2, 3, 4, 5], preVote: true }).campaign()
    for (const from of [2, 3]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    assert.deepEqual(bench.standing, ['candidate', 1])
    for (const from of [4, 5]) bench.hear(preVoteReply({ term: 1, from, granted: true }))
    bench.hear(requestVoteReply({ term: 1, from: 2, granted: true }))
    assert.deepEqual(bench.standing, ['candidate', 1])
  })

  test('granted for a term that has come meanwhile do not count', () => {
    const bench = new RawBench({ preVote: true, log: [1] }).campaign()
    bench.hear(heartbeat({ term: 5, from: 3 })).at(0)
    bench.campaign()
    bench.hear(preVoteReply({ term: 2, from: 2, granted: true }))
    assert.deepEqual(bench.standing, ['preCandidate', 5])
  })

  test('are asked again after each silence, and the term stays: who is cut off returns as it left', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.isolate(3)
    group.tick(200)
    assert.deepEqual(
      [standing(group, 1), standing(group, 3)],
      [
        ['leader', 1],
        ['preCandidate', 1],
      ],
    )
    group.heal()
    group.tick(20)
    assert.deepEqual(
      [standing(group, 1), standing(group, 3)],
      [
        ['leader', 1],
        ['follower', 1],
      ],
    )
  })

  test('of who hears nobody but is heard raise no term: half a broken line disturbs nobody', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.lose((m) => m.to === 3)
    group.tick(200)
    assert.deepEqual(
      [standing(group, 1), standing(group, 2)],
      [
        ['leader', 1],
        ['follower', 1],
      ],
    )
    assert.equal(group.status(3).term, 1)
  })
})

describe('while a joint configuration is in force, each half with a candidate of its own', () => {
  const conf: ConfState = {
    ...{ voters: [1, 2, 3], votersOutgoing: [3, 4, 5], learners: [], learnersNext: [], autoLeave: false },
  }

  test('two pre-candidates of different terms end with a leader', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const group = new RawCluster({ voters: [1, 2, 3, 4, 5], ...ASKING, seed })
      for (const id of [1, 2, 3, 4, 5]) {
        const term = id === 1 ? 2 : id === 5 ? 4 : 3
        const entries = [entry(1, 1)]
        group.add({ id, seed, initial: { confState: conf, hardState: { term, vote: null, commit: 0 }, entries } })
      }
      group.cut(1, 5)
      group.node(1).campaign()
      group.node(5).campaign()
      group.settle()
      for (let i = 0; i < 80 && group.leader === undefined; i++) group.tick()
      assert.ok(group.leader, `seed ${seed}: nobody leads`)
    }
  })
})

describe('who heard a leader lately', () => {
  const hearing = (): RawBench => {
    const bench = new RawBench({ preVote: true, checkQuorum: true, seed: 3 })
    bench.hear(heartbeat({ term: 1, from: 2 }))
    return bench
  }

  test('is deaf to pre-votes, and grants them after an election timeout of silence', () => {
    const bench = hearing()
    assert.deepEqual(bench.tick(9).hear(preVote({ term: 2, from: 3 })), [])
    assert.deepEqual(bench.tick().hear(preVote({ term: 2, from: 3 })), [preVoteReply({ term: 2, from: 1, to: 3, granted: true })])
  })

  test('hears them again once it asks for itself: a majority of pre-candidates replaces a leader that lives', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.lose((m) => m.type === 'Heartbeat')
    group.node(2).campaign()
    group.settle()
    assert.deepEqual(
      [standing(group, 1), standing(group, 2)],
      [
        ['leader', 1],
        ['preCandidate', 1],
      ],
    )
    group.campaign(3)
    assert.deepEqual([standing(group, 3)[0], group.status(1).role], ['leader', 'follower'])
  })

  test('is free at once when told to forget it, but not for a shorter log; the next heartbeat restores it', () => {
    const bench = new RawBench({ preVote: true, checkQuorum: true, log: [1, 1] })
    bench.hear(heartbeat({ term: 1, from: 2 }))
    bench.node.forgetLeader()
    assert.deepEqual([bench.standing, bench.status.leader], [['follower', 1], null])
    assert.deepEqual(bench.hear(preVote({ term: 2, from: 3, lastIndex: 1, lastTerm: 1 })), [
      preVoteReply({ term: 1, from: 1, to: 3, granted: false }),
    ])
    assert.deepEqual(bench.hear(preVote({ term: 2, from: 3, lastIndex: 2, lastTerm: 1 })), [
      preVoteReply({ term: 2, from: 1, to: 3, granted: true }),
    ])
    bench.hear(heartbeat({ term: 1, from: 2 }))
    assert.deepEqual([bench.standing, bench.status.leader], [['follower', 1], 2])
  })

  test('forgets nobody if it leads itself', () => {
    const bench = leading()
    bench.node.forgetLeader()
    assert.deepEqual([bench.standing, bench.status.leader], [['leader', 1], 1])
  })
})
