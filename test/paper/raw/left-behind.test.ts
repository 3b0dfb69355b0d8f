/** Terms far ahead of one's own: damage to whoever is well, and the way back for whoever was left behind or is new. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TERM_JUMP_MAX } from '../../../src/base/limits.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { changeOf } from '../../harness/conf-changes.ts'
import { append, heartbeat, preVote, requestVote } from '../../harness/letters.ts'
import { RawBench } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const FAR = 3 * TERM_JUMP_MAX + 5

/** Peers 1 and 2 in the far term; others as they are added. */
function far(): RawCluster {
  const group = new RawCluster({ voters: [] })
  const hardState = { term: FAR, vote: null, commit: 0 }
  for (const id of [1, 2]) group.add({ id, initial: { confState: votersOnly([1, 2]), hardState } })
  group.campaign(1)
  return group
}

test('a new member of a group in a high term hears it from the first word on', () => {
  const group = far()
  group.add({ id: 3 })
  group.node(1).proposeConfChange(changeOf('auto', 'v3'))
  group.tick(3)
  assert.deepEqual([group.status(3).commit, group.status(3).term, group.status(3).dropped], [2, FAR + 1, 0])
})

describe('a peer that was left behind by more terms than any election takes', () => {
  test('climbs a step with each word of the leader, and is one of the group again', () => {
    const group = far()
    group.node(1).proposeConfChange(changeOf('auto', 'v3'))
    group.settle()
    group.add({ id: 3, initial: { confState: votersOnly([1, 2, 3]), hardState: { term: 5, vote: 2, commit: 0 } } })
    group.tick(30)
    assert.deepEqual([group.status(3).commit, group.status(3).leader], [2, 1])
    assert.deepEqual([group.status(1).term, group.leader?.id], [FAR + 1, 1], 'and disturbed nobody')
  })

  test('climbs also to whoever asks for its vote, where nobody leads', () => {
    const group = new RawCluster({ voters: [] })
    const of = (term: number) => ({ confState: votersOnly([1, 2, 3]), hardState: { term, vote: null, commit: 0 } })
    group.add({ id: 1, initial: of(FAR) })
    group.add({ id: 2, initial: of(5) })
    group.tick(200)
    assert.ok(group.leader)
  })

  test('goes no further than a step at a time, and gives no vote on the way', () => {
    const bench = new RawBench({ log: [1], term: 5 })
    assert.deepEqual(bench.hear(requestVote({ term: FAR, lastIndex: 9, lastTerm: 9 })), [])
    assert.deepEqual([bench.status.term, bench.status.vote], [5 + TERM_JUMP_MAX, null])
    assert.deepEqual(bench.hear(preVote({ term: 2 ** 52, lastIndex: 9, lastTerm: 9 })), [])
    assert.equal(bench.status.term, 5 + 2 * TERM_JUMP_MAX)
  })
})

test('who hears a leader believes nobody a term out of all proportion', () => {
  const bench = new RawBench({ log: [1] })
  bench.hear(heartbeat({ term: 1 }))
  for (const m of [heartbeat({ term: FAR, from: 3 }), append({ term: FAR, from: 3 }), requestVote({ term: FAR, from: 3 })])
    assert.equal(bench.node.step(m), false)
  assert.deepEqual([bench.status.term, bench.status.leader, bench.status.dropped], [1, 2, 3])
})
