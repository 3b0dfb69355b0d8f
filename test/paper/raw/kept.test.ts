/** What a change of members leaves alone, and what those who left can still tell. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawNode } from '../../../src/peer/raw-node.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { changeOf } from '../../harness/conf-changes.ts'
import { accepted } from '../../harness/letters.ts'
import { streaming } from '../../harness/raw-bench.ts'
import { entry, RawCluster } from '../../harness/raw-cluster.ts'

test('whoever stays in the group is streamed to as before: what is known of it is not forgotten', () => {
  const bench = streaming([2, 3])
  const { index } = bench.node.proposeConfChange(changeOf('auto', 'l4'))
  bench.hear(accepted({ term: 1, index }))
  assert.deepEqual(bench.status.confState.learners, [4])
  const { state, match } = bench.status.progress[2] ?? {}
  assert.deepEqual([state, match], ['replicate', index])
})

describe('what a voter knows to be committed, told with its refusal,', () => {
  /** Asks around in term 3, with two entries of term 1, and is refused by one who knows an entry to be committed. */
  const refused = (commit: number, commitTerm: number): number => {
    const hardState = { term: 3, vote: null, commit: 0 }
    const node = new RawNode({
      id: 1,
      initial: { confState: votersOnly([1, 2]), hardState, entries: [entry(1, 1), entry(2, 1)] },
    })
    node.campaign()
    assert.equal(node.status().role, 'preCandidate')
    node.step({ type: 'PreVoteReply', from: 2, to: 1, term: 3, granted: false, commit, commitTerm })
    return node.status().commit
  }

  test('is so for a candidate that holds the same entry', () => assert.equal(refused(2, 1), 2))

  test('is nothing to one that holds another entry there', () => assert.equal(refused(2, 2), 0))

  test('is nothing to one that holds none there', () => assert.equal(refused(3, 1), 0))
})

test('a group of two goes on without the leader that left, though its last words were lost', () => {
  const cluster = new RawCluster({ voters: [1, 2] })
  cluster.campaign(1)
  cluster.propose(1)
  cluster.lose((m) => m.from === 1 && ((m.type === 'AppendEntries' && m.entries.length === 0) || m.type === 'TimeoutNow'))
  cluster.node(1).proposeConfChange({ transition: 'auto', steps: [{ type: 'RemoveNode', peer: 1 }], context: '' })
  cluster.settle()
  assert.deepEqual([cluster.status(1).role, cluster.status(2).commit], ['learner', 2], 'the second does not know')
  cluster.tick(40)
  assert.equal(cluster.status(2).role, 'leader')
  cluster.propose(2)
  assert.deepEqual(cluster.status(2).confState.voters, [2])
})
