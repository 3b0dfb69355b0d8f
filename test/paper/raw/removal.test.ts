/** Who goes (thesis 4.2.2), on the public peer: leaders that remove themselves, peers that never hear of it, and those who stay. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { votersOnly } from '../../../src/protocol/types.ts'
import { changeOf, short } from '../../harness/conf-changes.ts'
import { accepted } from '../../harness/letters.ts'
import { streaming } from '../../harness/raw-bench.ts'
import { RawCluster, type RawClusterOptions } from '../../harness/raw-cluster.ts'

function led(voters: readonly number[], options: Partial<RawClusterOptions> = {}): RawCluster {
  const group = new RawCluster({ voters, ...options })
  group.campaign(1)
  return group
}

const remove = (group: RawCluster, id: number): void => {
  group.node(1).proposeConfChange(changeOf('auto', `r${id}`))
  group.settle()
}

describe('a leader that removes itself', () => {
  test('is not counted any more: what comes after takes both of the others', () => {
    const bench = streaming([2, 3], { stepDownOnRemoval: false })
    const { index } = bench.node.proposeConfChange(changeOf('auto', 'r1'))
    bench.propose('foo', 'bar')
    bench.hear(accepted({ term: 1, from: 2, index: index + 1 }))
    assert.equal(bench.status.commit, index + 1, 'the change, and what the old majority had of the rest')
    bench.hear(accepted({ term: 1, from: 2, index: index + 2 }))
    assert.equal(bench.status.commit, index + 1)
    bench.hear(accepted({ term: 1, from: 3, index: index + 2 }))
    assert.equal(bench.status.commit, index + 2)
  })

  test('tells everybody all it has, lets the best take over at once, and follows', () => {
    const group = led([1, 2, 3])
    const from = group.sent.length
    remove(group, 1)
    assert.ok(group.sent.slice(from).some((m) => m.type === 'TimeoutNow' && m.from === 1))
    assert.ok([2, 3].includes(group.leader?.id ?? 0), 'without a tick in between')
    assert.notEqual(group.status(1).role, 'leader')
    assert.throws(() => group.node(1).proposeConfChange(changeOf('auto', 'v1')), { code: 'NOT_LEADER' })
    const { term } = group.status(1)
    group.isolate(1)
    group.campaign(1)
    group.tick(50, [1])
    assert.equal(group.status(1).term, term)
    group.propose(group.leader?.id ?? 0)
    assert.equal(group.status(2).commit, group.status(3).commit)
  })

  test('and does not step down goes on to take proposals: it is no leader that refuses everything', () => {
    const group = led([1, 2, 3], { stepDownOnRemoval: false })
    remove(group, 1)
    assert.equal(group.leader?.id, 1)
    group.propose(1, 'taken')
    assert.equal(group.status(2).commit, group.status(1).lastIndex)
    group.tick(30)
    assert.equal(group.leader?.id, 1)
  })

  test('leaves a group of two to the other', () => {
    const group = led([1, 2])
    remove(group, 1)
    group.tick(30)
    assert.equal(group.leader?.id, 2)
    group.isolate(1)
    group.propose(2)
    assert.equal(group.status(2).commit, group.status(2).lastIndex)
  })

  test('leaves a group of two to the other, though its last words were lost and its own log is longer', () => {
    const group = led([1, 2])
    group.node(1).proposeConfChange(changeOf('auto', 'r1'))
    group.work(1)
    group.lose((m) => m.type === 'AppendEntries' && m.from === 1 && m.entries.some(({ index }) => index > 2))
    group.lose((m) => m.type === 'AppendEntries' && m.from === 1 && m.commit > 1)
    group.lose((m) => m.type === 'TimeoutNow')
    group.node(1).propose(Buffer.from('too late'))
    group.settle()
    assert.deepEqual([group.status(1).lastIndex, group.status(2).lastIndex, group.status(2).commit], [3, 2, 1])
    group.heal()
    group.tick(60)
    assert.equal(group.leader?.id, 2)
    assert.equal(short(group.status(2).confState), '2')
  })
})

describe('a removed peer', () => {
  test('that never hears of it disturbs nobody', () => {
    const group = led([1, 2, 3])
    group.isolate(3)
    remove(group, 3)
    group.tick(50)
    group.heal()
    group.tick(50)
    assert.equal(group.leader?.id, 1)
    assert.equal(group.status(1).term, 1)
    assert.equal(group.status(3).confState.voters.length, 3)
  })

  test('does not slow down the others, reachable or not', () => {
    const group = led([1, 2, 3])
    group.isolate(3)
    group.tick(5)
    remove(group, 3)
    for (let i = 0; i < 5; i++) group.propose(1)
    assert.equal(group.status(2).commit, group.status(1).lastIndex)
    assert.deepEqual(Object.keys(group.status(1).progress), ['2'])
  })

  test('of a group of two may never learn of it, and the survivor goes on', () => {
    const group = led([1, 2])
    group.lose((m) => m.to === 2 && m.type === 'AppendEntries' && m.commit >= 2)
    remove(group, 2)
    group.isolate(2)
    group.propose(1)
    assert.deepEqual([group.status(1).commit, short(group.status(1).confState)], [3, '1'])
    group.heal()
    group.tick(60)
    assert.equal(group.leader?.id, 1)
  })

  test('that led comes back, its own change unfinished, and gets the one that was made meanwhile: no two majorities', () => {
    const group = led([1, 2, 3, 4])
    group.add({ id: 5, initial: { confState: votersOnly([]) } })
    group.lose((m) => m.from === 1 && m.type === 'AppendEntries')
    group.node(1).proposeConfChange(changeOf('auto', 'v5'))
    group.settle()
    group.isolate(1)
    group.tick(60, [2, 3, 4, 5])
    const heir = group.leader?.id as number
    assert.notEqual(heir, 1)
    group.node(heir).proposeConfChange(changeOf('auto', 'r1'))
    group.settle()
    assert.equal(short(group.status(heir).confState), '2 3 4')
    group.heal()
    group.tick(40)
    assert.equal(group.leader?.id, heir)
    assert.deepEqual(group.status(5).confState.voters, [])
    group.propose(heir)
    assert.equal(new Set([2, 3, 4].map((id) => group.status(id).commit)).size, 1)
  })
})
