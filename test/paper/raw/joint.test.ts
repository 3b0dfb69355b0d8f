/** Joint configurations (§6, thesis 4.3), on the public peer: entered, left, and not forgotten by whoever leads next. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LEAVE_JOINT } from '../../../src/protocol/confchange.ts'
import { type ConfState, votersOnly } from '../../../src/protocol/types.ts'
import { changeOf, short } from '../../harness/conf-changes.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

function led(voters: readonly number[], strangers: readonly number[]): RawCluster {
  const group = new RawCluster({ voters })
  for (const id of strangers) group.add({ id, initial: { confState: votersOnly([]) } })
  group.campaign(1)
  return group
}

const confAt = (group: RawCluster, id: number): string => short(group.status(id).confState)

describe('a joint configuration', () => {
  test('that was asked for by itself is left by itself', () => {
    const group = led([1], [2, 3, 4])
    group.node(1).proposeConfChange(changeOf('jointImplicit', 'v2 v3 l4'))
    group.settle()
    for (const id of [1, 2, 3, 4]) assert.equal(confAt(group, id), '1 2 3 learners 4')
  })

  test('is entered by any change of more than one voter, and left by itself', () => {
    const group = led([1, 2, 3], [4, 5])
    group.node(1).proposeConfChange(changeOf('auto', 'r2 r3 v4 v5'))
    group.settle()
    for (const id of [1, 4, 5]) assert.equal(confAt(group, id), '1 4 5')
    group.propose(1)
    assert.equal(group.status(5).commit, group.status(1).commit)
  })

  test('that is to be left by hand stays, takes no other change, and needs both halves meanwhile', () => {
    const group = led([1, 2, 3], [4, 5])
    group.node(1).proposeConfChange(changeOf('jointExplicit', 'r2 r3 v4 v5'))
    group.settle()
    group.tick(30)
    assert.equal(confAt(group, 1), '1 4 5&& 1 2 3'.replace('&&', ' &&'))
    assert.throws(() => group.node(1).proposeConfChange(changeOf('auto', 'v6')), { code: 'CONF_IN_PROGRESS' })
    for (const half of [
      [2, 3],
      [4, 5],
    ]) {
      const { commit } = group.status(1)
      for (const id of half) group.cut(1, id)
      group.propose(1)
      assert.equal(group.status(1).commit, commit)
      group.heal()
      group.tick(3)
      assert.equal(group.status(1).commit, commit + 1)
    }
    group.node(1).proposeConfChange(LEAVE_JOINT)
    group.settle()
    assert.equal(confAt(group, 1), '1 4 5')
    assert.throws(() => group.node(1).proposeConfChange(LEAVE_JOINT), { code: 'CONF_INVALID' })
  })

  test('keeps a voter that is to be a learner voting until it is left', () => {
    const group = led([1, 2, 3], [])
    group.node(1).proposeConfChange(changeOf('jointExplicit', 'l3'))
    group.settle()
    assert.deepEqual(group.status(3).confState.learnersNext, [3])
    group.node(1).proposeConfChange(LEAVE_JOINT)
    group.settle()
    assert.equal(confAt(group, 3), '1 2 learners 3')
  })

  test('whose maker died before leaving it is left by its heir', () => {
    const group = led([1, 2, 3], [4])
    group.lose((m) => m.type === 'AppendEntries' && m.from === 1 && m.entries.some(({ index }) => index >= 3))
    group.node(1).proposeConfChange(changeOf('jointImplicit', 'v4'))
    group.settle()
    assert.equal(group.status(2).confState.votersOutgoing.length, 3)
    group.heal()
    group.isolate(1)
    group.tick(60, [2, 3, 4])
    const heir = group.leader?.id as number
    assert.notEqual(heir, 1)
    for (const id of [2, 3, 4]) assert.equal(confAt(group, id), '1 2 3 4')
    group.heal()
    group.tick(5)
    assert.equal(confAt(group, 1), '1 2 3 4')
  })

  test('goes on after a restart of everybody in the middle of it', () => {
    const joint: ConfState = { ...votersOnly([1, 4, 5]), votersOutgoing: [1, 2, 3], autoLeave: true }
    const group = new RawCluster({ voters: [] })
    for (const id of [1, 2, 3, 4, 5]) group.add({ id, initial: { confState: joint } })
    group.campaign(1)
    for (const id of [1, 4, 5]) assert.equal(confAt(group, id), '1 4 5')
  })

  test('comes with a snapshot that was made in the middle of it, and is left by who got it so', () => {
    const group = led([1, 2, 3], [])
    group.isolate(3)
    group.node(1).proposeConfChange(changeOf('jointExplicit', 'l2'))
    group.settle()
    const { applied } = group.status(1)
    assert.equal(group.node(1).createSnapshot(applied, Buffer.from('state')).conf.votersOutgoing.length, 3)
    group.node(1).compact(applied)
    group.heal()
    group.tick(3)
    assert.equal(confAt(group, 3), confAt(group, 1))
    group.node(1).transferLeader(3)
    group.settle()
    assert.equal(group.leader?.id, 3)
    group.node(3).proposeConfChange(LEAVE_JOINT)
    group.settle()
    for (const id of [1, 2, 3]) assert.equal(confAt(group, id), '1 3 learners 2')
  })

  test('does not stop an outgoing voter that is far behind from getting a snapshot', () => {
    const group = led([1, 2, 3], [4])
    group.isolate(3)
    group.node(1).proposeConfChange(changeOf('jointExplicit', 'r3 v4'))
    group.settle()
    const { applied } = group.status(1)
    group.node(1).createSnapshot(applied, Buffer.from('state'))
    group.node(1).compact(applied)
    group.heal()
    group.tick(3)
    assert.equal(confAt(group, 3), '1 2 4 && 1 2 3')
  })
})
