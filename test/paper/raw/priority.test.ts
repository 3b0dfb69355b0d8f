/** Leadership priority: of two whose logs end alike, the one that should lead does not help the other to. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Term, votersOnly } from '../../../src/protocol/types.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

/** Three peers; the third has the higher priority. `logs` as terms. */
function three(logs: readonly (readonly Term[])[] = [[], [], []], priority = 5): RawCluster {
  const cluster = new RawCluster({ voters: [] })
  for (const [i, terms] of logs.entries()) {
    const hardState = { term: terms.at(-1) ?? 0, vote: null, commit: 0 }
    const initial = { confState: votersOnly([1, 2, 3]), hardState, entries: terms.map((term, at) => entry(at + 1, term)) }
    cluster.add({ id: i + 1, priority: i === 2 ? priority : 0, initial })
  }
  return cluster
}

/** How the third peer answered the first one's first question. */
const answerOf = (cluster: RawCluster): boolean | undefined =>
  cluster.sent.flatMap((m) => (m.from === 3 && m.type === 'PreVoteReply' ? [m.granted] : [])).at(0)

describe('a voter of higher priority', () => {
  test('refuses a candidate whose log ends where its own does', () => {
    const cluster = three()
    cluster.campaign(1)
    assert.equal(answerOf(cluster), false)
  })

  test('grants its vote to a longer log', () => {
    const cluster = three([[1, 1], [1], [1]])
    cluster.campaign(1)
    assert.equal(answerOf(cluster), true)
  })

  test('grants its vote to a log of a newer term', () => {
    const cluster = three([[2], [1], [1, 1]])
    cluster.campaign(1)
    assert.equal(answerOf(cluster), true)
  })

  test('has the votes of the others for itself', () => {
    const cluster = three()
    cluster.campaign(3)
    assert.equal(cluster.status(3).role, 'leader')
  })

  test('votes for whoever the leader wants to take over', () => {
    const cluster = three()
    cluster.campaign(3)
    cluster.lose((m) => m.from === 2) // so that the third peer's vote is needed
    cluster.node(3).transferLeader(1)
    cluster.settle()
    assert.equal(cluster.status(1).role, 'leader')
  })
})

test('voters of one priority vote as if there were none', () => {
  const cluster = three(undefined, 0)
  cluster.campaign(1)
  assert.equal(answerOf(cluster), true)
})
