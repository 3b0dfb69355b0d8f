/** Figures 7 and 8 of the paper, on public peers: whatever a follower's log holds, it becomes the leader's; and what a count does not commit. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Term } from '../../../src/protocol/types.ts'
import { accepted } from '../../harness/letters.ts'
import { leading, PLAIN } from '../../harness/raw-bench.ts'
import { RawCluster } from '../../harness/raw-cluster.ts'

const LEADER: readonly Term[] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]

const FOLLOWERS: Readonly<Record<string, readonly Term[]>> = {
  'a, which lacks the last entry': [1, 1, 1, 4, 4, 5, 5, 6, 6],
  'b, which lacks most': [1, 1, 1, 4],
  'b with one entry more': [1, 1, 1, 4, 4],
  'c, with one entry too many': [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  'd, with two of another term': [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  'd with two more of them': [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7],
  'e, which lacks some and has others': [1, 1, 1, 4, 4, 4, 4],
  'f, which was a leader of terms 2 and 3': [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
}

describe('figure 7', () => {
  for (const [name, log] of Object.entries(FOLLOWERS)) {
    for (const settings of [PLAIN, {}]) {
      test(`follower ${name}, ends with the leader’s log${settings === PLAIN ? '' : ', with pre-vote and check-quorum'}`, () => {
        const group = new RawCluster({ voters: [1, 2, 3], logs: { 1: LEADER, 2: log }, terms: { 1: 8, 2: 8, 3: 8 }, ...settings })
        group.campaign(1) // by the vote of 3, which has nothing
        group.propose(1)
        assert.equal(group.leader?.id, 1)
        const whole = [...LEADER, group.status(1).term, group.status(1).term]
        for (const id of [1, 2, 3]) assert.deepEqual([group.terms(id), group.status(id).commit], [whole, 12])
        assert.deepEqual(group.applied.get(2), group.applied.get(1))
      })
    }
  }

  test('all of them at once, and none refuses more appends than it has terms that conflict, and one for what it lacks', () => {
    const logs = Object.values(FOLLOWERS)
    const voters = Array.from({ length: logs.length + 8 }, (_, i) => i + 1)
    const terms = Object.fromEntries(voters.map((id) => [id, 8]))
    const byId = Object.fromEntries(logs.map((log, i) => [i + 2, log]))
    const group = new RawCluster({ voters, logs: { 1: LEADER, ...byId }, terms, ...PLAIN })
    group.campaign(1)
    group.propose(1)
    for (const id of voters) assert.deepEqual(group.terms(id), group.terms(1))
    for (const [i, log] of logs.entries()) {
      const refusals = group.sent.filter((m) => m.type === 'AppendEntriesReply' && !m.accepted && m.from === i + 2)
      const conflicts = new Set(log.filter((term, at) => term !== LEADER[at])).size
      assert.ok(refusals.length <= conflicts + 1, `${i + 2}: ${refusals.length} refusals of ${log}`)
    }
  })
})

describe('figure 8', () => {
  /** As in (c): 1 leads term 4, its entry of term 2 stands on three of five; 4 and 5 hear nothing, and its own entry waits. */
  const stageC = (): RawCluster => {
    const group = new RawCluster({
      ...{ voters: [1, 2, 3, 4, 5], ...PLAIN, maxSizePerMessage: 1 },
      ...{ logs: { 1: [1, 2], 2: [1], 3: [1], 4: [1], 5: [1, 3] }, terms: { 1: 3, 2: 3, 3: 3, 4: 3 } },
    })
    for (const id of [4, 5]) group.isolate(id)
    group.node(1).campaign()
    group.settle(
      (m) =>
        m.type === 'AppendEntries' &&
        m.entries.some(({ term }) => term === 4) &&
        m.prevIndex === 2 &&
        m.prevTerm === 2 &&
        group.terms(m.to).length === 2,
    )
    return group
  }
  const logs = (group: RawCluster) => [1, 2, 3, 4, 5].map((id) => group.terms(id))

  test('(c): an entry of an earlier term on a majority is not committed', () => {
    const group = stageC()
    assert.deepEqual([group.status(1).role, group.status(1).term], ['leader', 4])
    assert.deepEqual(logs(group), [[1, 2, 4], [1, 2], [1, 2], [1], [1, 3]])
    assert.deepEqual(
      [2, 3].map((id) => group.status(1).progress[id]?.match),
      [2, 2],
    )
    assert.equal(group.status(1).commit, 0)
  })

  test('(d): if its leader crashes then, another may lead and overwrite it everywhere', () => {
    const group = stageC()
    group.letters = []
    group.heal()
    group.isolate(1)
    group.campaign(5)
    group.campaign(5)
    assert.deepEqual([group.status(5).role, group.status(5).term], ['leader', 5])
    group.heal()
    group.tick(2, [5])
    for (const log of logs(group)) assert.deepEqual(log, [1, 3, 5])
  })

  test('(e): once an entry of the leader’s own term is on a majority, both are committed, and the other can never win', () => {
    const group = stageC()
    group.settle()
    assert.deepEqual([group.status(1).commit, ...logs(group).slice(0, 3)], [3, [1, 2, 4], [1, 2, 4], [1, 2, 4]])
    group.heal()
    group.isolate(1)
    for (let i = 0; i < 5; i++) group.campaign(5)
    assert.notEqual(group.status(5).role, 'leader')
    group.campaign(2)
    assert.deepEqual([group.status(2).role, group.terms(5)], ['leader', [1, 2, 4, group.status(2).term]])
  })

  test('in small: with log [1, 2], a leader of term 3 commits nothing by answers for entries 1 and 2, and all by one for its own', () => {
    const bench = leading({ log: [1, 2] })
    assert.equal(bench.status.term, 3)
    for (const index of [1, 2]) {
      bench.hear(accepted({ term: 3, index }))
      assert.equal(bench.status.commit, 0)
    }
    bench.hear(accepted({ term: 3, index: 3 }))
    assert.equal(bench.status.commit, 3)
  })

  test('with two of five a leader commits nothing; the next one, whose first entry is held up, neither; both when it passes', () => {
    const group = new RawCluster({ voters: [1, 2, 3, 4, 5], ...PLAIN })
    group.campaign(1)
    for (const id of [3, 4, 5]) group.cut(1, id)
    group.propose(1)
    group.propose(1)
    assert.equal(group.status(1).commit, 1)
    group.heal()
    group.lose((m) => m.type === 'AppendEntries')
    group.campaign(2)
    assert.deepEqual([group.leader?.id, group.leader?.term, group.leader?.commit], [2, 2, 1])
    group.heal()
    group.tick(1, [2])
    group.propose(2)
    assert.equal(group.status(2).commit, 5)
    for (const id of [1, 2, 3, 4, 5]) assert.deepEqual(group.terms(id), [1, 1, 1, 2, 2])
  })
})
