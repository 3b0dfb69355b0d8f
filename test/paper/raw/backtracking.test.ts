/** How a leader finds where a follower's log agrees (§5.3), on the public peer: one round trip for each term that conflicts. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AppendEntries, AppendEntriesReply, Message } from '../../../src/protocol/messages.ts'
import type { Term } from '../../../src/protocol/types.ts'
import { rejected, requestVoteReply } from '../../harness/letters.ts'
import { RawBench } from '../../harness/raw-bench.ts'

type Position = readonly [index: number, term: Term]
const eight3: readonly Term[] = Array(8).fill(3)

/** The leader's log, the follower's, what the follower names, and where the leader asks next. */
const TABLE: readonly [leader: readonly Term[], follower: readonly Term[], hint: Position, next: Position][] = [
  [
    [1, 2, 2, 4, 4, 4, 4],
    [1, 2, 2, ...eight3],
    [7, 3],
    [3, 2],
  ],
  [
    [1, 2, 2, 3, 4, 4, 4, 5],
    [1, 2, 2, ...eight3],
    [8, 3],
    [4, 3],
  ],
  [
    [1, 1, 1, 1],
    [1, 2, 2, 4],
    [1, 1],
    [1, 1],
  ],
  [
    [1, 1, 1, 1, 1, 1],
    [1, 2, 2, 4],
    [1, 1],
    [1, 1],
  ],
  [
    [1, 1, 1, 1],
    [1, 2, 2, 4, 4, 4],
    [1, 1],
    [1, 1],
  ],
  [
    [1, 1, 1, 4, 5],
    [1, 1, 1, 4],
    [4, 4],
    [4, 4],
  ],
  [
    [2, ...Array(8).fill(5)],
    [2, ...Array(5).fill(4)],
    [6, 4],
    [1, 2],
  ],
  [Array(5).fill(2), [2, ...Array(7).fill(4)], [1, 2], [1, 2]],
]

const named = (m: Message | undefined): Position => {
  const { hintIndex, hintTerm } = m as AppendEntriesReply
  return [hintIndex, hintTerm]
}
const asked = (m: Message | undefined): Position => {
  const { prevIndex, prevTerm } = m as AppendEntries
  return [prevIndex, prevTerm]
}

/** A leader in a term above both logs, and its first append to peer 2. */
function leader(log: readonly Term[], term: Term): { bench: RawBench; first: AppendEntries } {
  const bench = new RawBench({ log, term, voters: [1, 2, 3] }).campaign()
  void bench.sent
  bench.node.step(requestVoteReply({ term: term + 1, from: 3, granted: true }))
  return { bench, first: bench.sentOf('AppendEntries', 2)[0] as AppendEntries }
}

describe('a refusal skips all entries of a term, on both sides', () => {
  for (const [leads, follows, hint, next] of TABLE)
    test(`leader [${leads}], follower [${follows}]: hint (${hint}), next (${next})`, () => {
      const term = Math.max(...leads, ...follows)
      const { bench, first } = leader(leads, term)
      const follower = new RawBench({ id: 2, log: follows, term: Math.max(term, follows.at(-1) ?? 0) })
      const [no] = follower.hear(first)
      assert.deepEqual(named(no), hint)
      const [again] = bench.hear(no as Message)
      assert.deepEqual(asked(again), next)
      assert.equal((follower.hear(again as Message)[0] as AppendEntriesReply).accepted, true)
    })

  test('a hint without a term, of who has cut off that far: one step back', () => {
    const { bench, first } = leader([1, 1, 3], 3)
    assert.deepEqual(asked(first), [3, 3])
    const [again] = bench.hear(rejected({ term: 4, index: 3, hintIndex: 3, hintTerm: 0 }))
    assert.deepEqual(asked(again), [2, 1])
  })
})

describe('a refusal that is late', () => {
  test('of another place than the one asked for, changes nothing', () => {
    const { bench } = leader([1, 1, 1, 2, 2], 2)
    assert.deepEqual(bench.hear(rejected({ term: 3, index: 4, hintIndex: 1, hintTerm: 1 })), [])
    assert.equal(bench.status.progress[2]?.next, 6)
  })

  test('of what was acknowledged since, changes nothing while it streams', () => {
    const { bench } = leader([1, 1, 1, 2, 2], 2)
    bench.hear({ type: 'AppendEntriesReply', from: 2, to: 1, term: 3, accepted: true, index: 6, hintIndex: 0, hintTerm: 0 })
    assert.deepEqual(bench.hear(rejected({ term: 3, index: 5, hintIndex: 1, hintTerm: 1 })), [])
    const { state, match, next } = bench.status.progress[2] ?? {}
    assert.deepEqual([state, match, next], ['replicate', 6, 7])
  })

  test('never leads behind what is known to match, whatever it names', () => {
    const { bench } = leader([1, 1, 1, 2, 2], 2)
    bench.hear({ type: 'AppendEntriesReply', from: 2, to: 1, term: 3, accepted: true, index: 4, hintIndex: 0, hintTerm: 0 })
    bench.hear(rejected({ term: 3, index: 6, hintIndex: 0, hintTerm: 0 }))
    const { match, next } = bench.status.progress[2] ?? {}
    assert.deepEqual([match, next], [4, 5])
  })
})
