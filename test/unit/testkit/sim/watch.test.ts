/** What the watch over a simulated world makes of reads that are answered alone. Knows no world; of states, as much as the watch looks at. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TracedState } from '../../../../src/ports/trace.ts'
import type { RaftState } from '../../../../src/protocol/state.ts'
import { votersOnly } from '../../../../src/protocol/types.ts'
import { Watch } from '../../../../src/testkit/sim/watch.ts'

const CONF = votersOnly([1, 2, 3])

/** A leader with so many entries of its term in an otherwise empty log. */
function leading(peer: number, { term, commit, answers = 0 }: { term: number; commit: number; answers?: number }): TracedState {
  const log = {
    truncated: { index: 0, term: 0 },
    lastIndex: commit,
    lastTerm: term,
    durableIndex: commit,
    termAt: () => term,
    since: () => [],
  }
  const due = { reads: Array.from({ length: answers }, (_, i) => ({ tickets: [i] })) }
  const raft = { id: peer, term, vote: peer, leader: peer, conf: CONF, commit, applied: 0, log, due }
  return { role: 'leader', states: [], raft: raft as unknown as RaftState }
}

/** Peer 1 leads term 1, and peer 2 commits in term 2 at 100 ms; at 200 ms peer 1 answers a read of its own. */
function answeredAlone({ awakeSince = 0, answers = 1 }): readonly string[] {
  const seen: string[] = []
  let now = 100
  const around = { holds: () => true, now: () => now, awakeSince: () => awakeSince }
  const watch = new Watch(around, ({ invariant }) => seen.push(invariant))
  const [old, young] = [watch.traceOf('a', () => true), watch.traceOf('b', () => true)]
  const cause = { type: 'HeartbeatReply' }
  young.stepped?.({
    group: 'g',
    peer: 2,
    cause,
    before: leading(2, { term: 2, commit: 0 }),
    after: leading(2, { term: 2, commit: 1 }),
  })
  now = 200
  const idle = leading(1, { term: 1, commit: 0 })
  old.stepped?.({
    group: 'g',
    peer: 1,
    cause: { type: 'client.read' },
    before: idle,
    after: leading(1, { term: 1, commit: 0, answers }),
  })
  return seen.filter((invariant) => invariant === 'LEASE_SAFETY')
}

test('nobody answers a read alone when a later term has committed', () => {
  assert.deepEqual(answeredAlone({}), ['LEASE_SAFETY'])
})

test('a read that waits for others is no lease', () => {
  assert.deepEqual(answeredAlone({ answers: 0 }), [])
})

test('who slept when the later term committed may answer for the moment of the question', () => {
  assert.deepEqual(answeredAlone({ awakeSince: 150 }), [])
})
