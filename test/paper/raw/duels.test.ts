/** Candidates that get in each other's way (§5.2, §5.4.1, thesis 9.6), on the public peer. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type PeerId, votersOnly } from '../../../src/protocol/types.ts'
import { PLAIN } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const upTo = (size: number): PeerId[] => Array.from({ length: size }, (_, i) => i + 1)

describe('duelling candidates', () => {
  const duel = (preVote: boolean): RawCluster => {
    const group = new RawCluster({ voters: upTo(3), preVote, checkQuorum: false })
    group.cut(1, 3)
    group.node(1).campaign()
    group.node(3).campaign()
    group.settle()
    return group
  }
  const standings = (group: RawCluster) => upTo(3).map((id) => [group.status(id).role, group.status(id).term])

  test('the one who heard of no winner goes on asking', () => {
    assert.deepEqual(standings(duel(false)), [
      ['leader', 1],
      ['follower', 1],
      ['candidate', 1],
    ])
  })

  test('without pre-vote its shorter log loses the next one, but the leader falls', () => {
    const group = duel(false)
    group.heal()
    group.campaign(3)
    assert.deepEqual(standings(group), [
      ['follower', 2],
      ['follower', 2],
      ['follower', 2],
    ])
    assert.deepEqual(
      upTo(3).map((id) => group.status(id).lastIndex),
      [1, 1, 0],
    )
  })

  test('with pre-vote the leader leads on, in its term', () => {
    const group = duel(true)
    group.heal()
    group.campaign(3)
    assert.deepEqual(standings(group).slice(0, 2), [
      ['leader', 1],
      ['follower', 1],
    ])
    group.tick(1, [1])
    assert.deepEqual(standings(group), [
      ['leader', 1],
      ['follower', 1],
      ['follower', 1],
    ])
  })

  test('a candidate that was cut off concedes to the leader it hears, and takes its log', () => {
    const group = new RawCluster({ voters: upTo(3), ...PLAIN })
    group.isolate(1)
    group.node(1).campaign()
    group.campaign(3)
    group.heal()
    group.tick(1, [3])
    group.propose(3, 'force')
    assert.deepEqual(standings(group), [
      ['follower', 1],
      ['follower', 1],
      ['leader', 1],
    ])
    for (const id of upTo(3)) assert.deepEqual([group.terms(id), group.status(id).commit], [[1, 1], 2])
  })

  test('a winner of a later term overwrites longer tails of earlier ones that were never committed', () => {
    const group = new RawCluster({ voters: upTo(5), ...PLAIN, logs: { 1: [1], 2: [1], 3: [2] } })
    for (const id of [4, 5]) // they voted for 3 in term 2, and heard no more of it
      group.add({ id, initial: { confState: votersOnly(upTo(5)), hardState: { term: 2, vote: 3, commit: 0 } } })
    group.campaign(1)
    assert.deepEqual([group.status(1).role, group.status(1).term], ['follower', 2])
    group.campaign(1)
    assert.deepEqual([group.status(1).role, group.status(1).term], ['leader', 3])
    for (const id of upTo(5)) assert.deepEqual(group.terms(id), [1, 3])
  })
})
