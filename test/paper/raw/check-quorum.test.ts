/** A leader has to hear its followers, and followers protect a leader they hear (thesis 4.2.3, 6.2), on the public peer. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Message } from '../../../src/protocol/messages.ts'
import type { PeerId } from '../../../src/protocol/types.ts'
import { accepted, heartbeatReply, preVote, requestVote, requestVoteReply } from '../../harness/letters.ts'
import { leading, RawBench } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const CHECKING = { checkQuorum: true } as const
const QUORUM_ONLY = { preVote: false, checkQuorum: true } as const
const standing = (group: RawCluster, id: PeerId) => {
  const { role, term } = group.status(id)
  return [role, term]
}

describe('a leader that checks its quorum', () => {
  const SIGNS: readonly Message[] = [heartbeatReply({ term: 1 }), accepted({ term: 1, index: 1 })]

  test('follows after an election timeout in which nobody answered', () => {
    const bench = leading(CHECKING)
    assert.deepEqual(bench.tick(9).standing, ['leader', 1])
    assert.deepEqual(bench.tick().standing, ['follower', 1])
    assert.equal(bench.status.leader, null)
  })

  for (const sign of SIGNS)
    test(`leads on for one more if a follower said so much as ${sign.type} in it`, () => {
      const bench = leading(CHECKING)
      bench.tick(4).hear(sign)
      assert.deepEqual(bench.tick(15).standing, ['leader', 1])
      assert.deepEqual(bench.tick().standing, ['follower', 1])
    })

  test('and hears nobody gains no time by handing over, to whomever, however often', () => {
    const bench = leading(CHECKING)
    bench.tick(4).hear(heartbeatReply({ term: 1 }))
    for (let t = 0; t < 40 && bench.status.role === 'leader'; t++) {
      bench.node.transferLeader(t % 2 === 0 ? 2 : 3)
      bench.tick()
      if (t < 9) assert.equal(bench.status.role, 'leader')
      else assert.equal(bench.status.role, 'follower')
    }
  })

  test('puts no heartbeat off twice, however often it is to hand over', () => {
    const bench = leading({ ...CHECKING, heartbeatTick: 4 })
    const beats: number[] = []
    for (let tick = 0; tick < 60; tick++) {
      bench.tick().node.transferLeader(tick % 2 === 0 ? 2 : 3)
      const [beat] = bench.sentOf('Heartbeat', 2)
      if (!beat) continue
      beats.push(tick)
      bench.hear(heartbeatReply({ term: 1, round: beat.round }))
    }
    for (const [i, tick] of beats.entries()) assert.ok(tick - (beats[i - 1] ?? 0) < 8, `${beats}`)
    assert.equal(bench.status.role, 'leader')
  })

  test('gives a handover its whole election timeout, if somebody was heard in this one', () => {
    const bench = leading(CHECKING)
    bench.hear(accepted({ term: 1, index: 1 }))
    bench.tick(8).node.transferLeader(3)
    bench.hear(heartbeatReply({ term: 1 }))
    assert.equal(bench.tick(9).status.transferee, 3)
    assert.equal(bench.tick().status.transferee, null)
    assert.equal(bench.status.role, 'leader')
  })

  test('leads on while one of two followers answers once in each interval', () => {
    const bench = leading(CHECKING)
    for (let interval = 0; interval < 20; interval++) {
      bench.tick(interval === 0 ? 9 : 10).hear(heartbeatReply({ term: 1 }))
      assert.deepEqual(bench.standing, ['leader', 1])
    }
  })

  test('needs more than half: of five, one that answers is not enough', () => {
    const bench = leading({ ...CHECKING, voters: [1, 2, 3, 4, 5] })
    for (let tick = 0; tick < 10; tick++) bench.tick().hear(heartbeatReply({ term: 1 }))
    assert.deepEqual(bench.standing, ['follower', 1])
  })

  test('does not count learners', () => {
    const bench = leading({ ...CHECKING, conf: { learners: [4, 5] } })
    for (let tick = 0; tick < 10; tick++) for (const from of [4, 5]) bench.tick().hear(heartbeatReply({ term: 1, from }))
    assert.equal(bench.status.role, 'follower')
  })

  test('does not step down for a new member that has had no time to answer', () => {
    const bench = leading({ ...CHECKING, voters: [1] })
    bench.tick(9)
    bench.node.proposeConfChange({ transition: 'auto', steps: [{ type: 'AddNode', peer: 2 }], context: '' })
    bench.work()
    assert.deepEqual(bench.status.confState.voters, [1, 2])
    assert.deepEqual(bench.tick(1).standing, ['leader', 1])
    assert.deepEqual(bench.tick(9).standing, ['leader', 1])
    assert.deepEqual(bench.tick(2).standing, ['follower', 1])
  })

  test('of one voter needs nobody', () =>
    assert.deepEqual(leading({ ...CHECKING, voters: [1] }).tick(50).standing, ['leader', 1]))

  test('that is heard and hears nothing steps down, and the others elect one', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.lose((m) => m.to === 1)
    group.tick(60)
    assert.notEqual(group.status(1).role, 'leader')
    assert.ok([2, 3].some((id) => group.status(id).role === 'leader'))
  })

  test('and reaches one voter only does not keep the four that reach each other from electing one', () => {
    for (let seed = 0; seed < 20; seed++) {
      const group = new RawCluster({ voters: [1, 2, 3, 4, 5], seed })
      group.campaign(1)
      for (const id of [3, 4, 5]) group.cut(1, id)
      group.tick(80)
      assert.ok(
        [2, 3, 4, 5].some((id) => group.status(id).role === 'leader'),
        `seed ${seed}`,
      )
      assert.notEqual(group.status(1).role, 'leader')
    }
  })

  test('and does not know it, leads on without the check', () => assert.deepEqual(leading().tick(100).standing, ['leader', 1]))
})

describe('a voter that hears a leader', () => {
  test('is deaf to vote requests until an election timeout of silence, and its term stays', () => {
    const bench = new RawBench({ ...QUORUM_ONLY, seed: 3 })
    bench.hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 })
    assert.deepEqual(bench.tick(9).hear(requestVote({ term: 2, from: 3 })), [])
    assert.deepEqual(bench.standing, ['follower', 1])
    assert.deepEqual(bench.tick().hear(requestVote({ term: 2, from: 3 })), [
      requestVoteReply({ term: 2, from: 1, to: 3, granted: true }),
    ])
  })

  test('listens when the leader itself asked for the election', () => {
    const bench = new RawBench({ ...QUORUM_ONLY })
    bench.hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 })
    assert.deepEqual(bench.hear(requestVote({ term: 2, from: 3, transfer: true })), [
      requestVoteReply({ term: 2, from: 1, to: 3, granted: true }),
    ])
  })

  test('may be the leader itself: it is deaf, too', () => {
    const bench = leading(CHECKING)
    void bench.sent
    assert.deepEqual(bench.hear(requestVote({ term: 2, from: 3 }), preVote({ term: 2, from: 3 })), [])
    assert.deepEqual(bench.standing, ['leader', 1])
  })

  test('without the check hears everybody', () => {
    const bench = new RawBench()
    bench.hear({ type: 'Heartbeat', from: 2, to: 1, term: 1, commit: 0, round: 1 })
    assert.equal(bench.hear(requestVote({ term: 2, from: 3 })).length, 1)
    assert.deepEqual([...bench.standing, bench.status.vote], ['follower', 2, 3])
  })
})

describe('a candidate in a later term than the leader', () => {
  test('that nobody hears frees itself by its answer to the next heartbeat, and can win then', () => {
    const group = new RawCluster({ voters: [1, 2, 3], ...QUORUM_ONLY })
    group.campaign(1)
    group.isolate(1)
    group.campaign(3)
    group.campaign(3)
    assert.deepEqual(
      [standing(group, 2), standing(group, 3)],
      [
        ['follower', 1],
        ['candidate', 3],
      ],
    )
    group.heal()
    group.tick(1, [1])
    assert.deepEqual(
      [standing(group, 1), standing(group, 3)],
      [
        ['follower', 3],
        ['candidate', 3],
      ],
    )
    group.campaign(3)
    assert.deepEqual(standing(group, 3), ['leader', 4])
  })

  test('whose timer ran out before a late heartbeat came deposes the leader by its answer', () => {
    const group = new RawCluster({ voters: [1, 2, 3], ...QUORUM_ONLY })
    group.campaign(1)
    group.node(1).tick()
    group.settle((m) => m.type === 'Heartbeat' && m.to === 3)
    group.node(3).campaign()
    group.settle((m) => m.type === 'Heartbeat' && m.to === 3)
    assert.deepEqual(
      [standing(group, 1), standing(group, 3)],
      [
        ['leader', 1],
        ['candidate', 2],
      ],
    )
    group.settle()
    assert.deepEqual(
      [standing(group, 1), standing(group, 2)],
      [
        ['follower', 2],
        ['follower', 1],
      ],
    )
  })

  test('does not come to be with pre-vote: the late heartbeat finds the terms as they were', () => {
    const group = new RawCluster({ voters: [1, 2, 3] })
    group.campaign(1)
    group.node(1).tick()
    group.settle((m) => m.type === 'Heartbeat' && m.to === 3)
    group.node(3).campaign()
    group.settle((m) => m.type === 'Heartbeat' && m.to === 3)
    assert.deepEqual(
      [standing(group, 1), standing(group, 3)],
      [
        ['leader', 1],
        ['preCandidate', 1],
      ],
    )
    group.settle()
    assert.deepEqual(
      [1, 2, 3].map((id) => standing(group, id)),
      [
        ['leader', 1],
        ['follower', 1],
        ['follower', 1],
      ],
    )
  })
})
