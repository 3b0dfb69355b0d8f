/** What a follower does with appends (§5.3), on the public peer: row by row. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Term } from '../../../src/protocol/types.ts'
import { accepted, append, heartbeat, rejected } from '../../harness/letters.ts'
import { RawBench } from '../../harness/raw-bench.ts'

/** prevIndex, prevTerm, terms of the entries, the leader's commit; then what is to be: last index and commit, or null where it is refused. */
type Row = readonly [prev: readonly [number, Term], terms: readonly Term[], told: number, then: readonly [number, number] | null]

const ROWS: readonly Row[] = [
  [[2, 3], [], 3, null],
  [[3, 3], [], 3, null],
  [[3, 2], [4], 3, null],
  [[1, 1], [], 1, [2, 1]],
  [[0, 0], [2], 1, [1, 1]],
  [[2, 2], [3, 3], 3, [4, 3]],
  [[2, 2], [3], 4, [3, 3]],
  [[1, 1], [2], 4, [2, 2]],
  [[1, 1], [], 3, [2, 1]],
  [[1, 1], [2], 3, [2, 2]],
  [[2, 2], [], 3, [2, 2]],
  [[2, 2], [], 4, [2, 2]],
]

describe('a follower with log [1, 2] and nothing committed', () => {
  for (const [[prevIndex, prevTerm], terms, told, then] of ROWS) {
    const what = `(${prevIndex}, term ${prevTerm}) + [${terms}], commit ${told}`
    test(then === null ? `refuses ${what}` : `after ${what}: last index ${then[0]}, commit ${then[1]}`, () => {
      const bench = new RawBench({ log: [1, 2] })
      const [answer] = bench.hear(append({ term: 4, prevIndex, prevTerm, terms, commit: told }))
      const { lastIndex, commit } = bench.status
      assert.equal(answer?.type === 'AppendEntriesReply' && answer.accepted, then !== null)
      assert.deepEqual([lastIndex, commit], then ?? [2, 0])
      if (then) assert.deepEqual(answer, accepted({ term: 4, from: 1, to: 2, index: prevIndex + terms.length }))
    })
  }

  const CUTS: readonly [prev: readonly [number, Term], terms: readonly Term[], log: readonly Term[]][] = [
    [[2, 2], [3], [1, 2, 3]],
    [
      [1, 1],
      [3, 4],
      [1, 3, 4],
    ],
    [[0, 0], [1], [1, 2]],
    [[0, 0], [3], [3]],
    [
      [0, 0],
      [1, 2],
      [1, 2],
    ],
    [[1, 1], [], [1, 2]],
  ]
  for (const [[prevIndex, prevTerm], terms, log] of CUTS)
    test(`holds [${log}] after (${prevIndex}, term ${prevTerm}) + [${terms}]`, () => {
      const bench = new RawBench({ log: [1, 2] })
      bench.hear(append({ term: 4, prevIndex, prevTerm, terms }))
      assert.deepEqual(bench.terms, log)
    })

  test('writes just what is new, from the first new entry on', () => {
    const bench = new RawBench({ log: [1, 2] })
    bench.node.step(append({ term: 4, prevIndex: 0, prevTerm: 0, terms: [1, 3, 4] }))
    assert.deepEqual(
      bench.work().flatMap(({ entries }) => entries.map(({ index, term }) => [index, term])),
      [
        [2, 3],
        [3, 4],
      ],
    )
  })

  test('writes no entry it has', () => {
    const bench = new RawBench({ log: [1, 2] })
    bench.node.step(append({ term: 4, prevIndex: 0, prevTerm: 0, terms: [1, 2] }))
    assert.deepEqual(
      bench.work().flatMap(({ entries }) => entries),
      [],
    )
  })

  test('names in a refusal what was refused, and the last position that may agree', () => {
    const bench = new RawBench({ log: [1, 2] })
    assert.deepEqual(bench.hear(append({ term: 4, prevIndex: 9, prevTerm: 4 })), [
      rejected({ term: 4, from: 1, to: 2, index: 9, hintIndex: 2, hintTerm: 2 }),
    ])
    assert.deepEqual(bench.hear(append({ term: 4, prevIndex: 2, prevTerm: 1 })), [
      rejected({ term: 4, from: 1, to: 2, index: 2, hintIndex: 1, hintTerm: 1 }),
    ])
  })
})

describe('a consistency check', () => {
  const CHECKS: readonly [index: number, term: Term, hint: readonly [number, Term] | null][] = [
    [0, 0, null],
    [1, 1, null],
    [2, 2, null],
    [1, 2, [1, 1]],
    [3, 3, [2, 2]],
    [2, 3, [2, 2]],
  ]
  for (const [prevIndex, prevTerm, hint] of CHECKS)
    test(`of (${prevIndex}, term ${prevTerm}) against [1, 2] with 1 committed ${hint ? 'fails' : 'holds'}`, () => {
      const bench = new RawBench({ log: [1, 2], term: 2, commit: 1 })
      const m = append({ term: 3, prevIndex, prevTerm })
      const answer = hint
        ? rejected({ term: 3, from: 1, to: 2, index: prevIndex, hintIndex: hint[0], hintTerm: hint[1] })
        : accepted({ term: 3, from: 1, to: 2, index: Math.max(prevIndex, 1) })
      assert.deepEqual(bench.hear(m), [answer])
    })
})

describe('what is committed', () => {
  const committed = (): RawBench => new RawBench({ log: [1, 1, 1, 2, 2], commit: 4 })

  test('answers for itself: an append entirely below is acknowledged up to the commit index', () => {
    const bench = committed()
    assert.deepEqual(bench.hear(append({ term: 3, prevIndex: 1, prevTerm: 1, terms: [1] })), [
      accepted({ term: 3, from: 1, to: 2, index: 4 }),
    ])
    assert.deepEqual([bench.terms, bench.status.commit], [[1, 1, 1, 2, 2], 4])
  })

  test('is not replaced: entries that say otherwise are no message that can be, and nothing comes of them', () => {
    const bench = committed()
    bench.hear(heartbeat({ term: 3 }))
    const before = bench.status
    assert.deepEqual(bench.hear(append({ term: 3, prevIndex: 2, prevTerm: 1, terms: [2, 3] })), [])
    assert.deepEqual({ ...bench.status, dropped: 0 }, before)
    assert.equal(bench.status.dropped, 1)
  })

  test('never becomes less', () => {
    const bench = committed()
    bench.hear(append({ term: 2, prevIndex: 5, prevTerm: 2, commit: 1 }), heartbeat({ term: 2, commit: 0 }))
    assert.equal(bench.status.commit, 4)
  })

  const BEATS: readonly [told: number, commit: number][] = [
    [5, 5],
    [3, 4],
    [9, 5],
  ]
  for (const [told, commit] of BEATS)
    test(`is ${commit} after a heartbeat that says ${told}, of 5 entries with 4 committed`, () => {
      const bench = committed()
      assert.equal(bench.hear(heartbeat({ term: 2, commit: told }))[0]?.type, 'HeartbeatReply')
      assert.equal(bench.status.commit, commit)
    })

  test('is handed out once, in order, as the commit index moves', () => {
    for (const commit of [1, 2, 3, 4]) {
      const bench = new RawBench({ log: [1, 1, 2, 2] })
      bench.hear(append({ term: 2, prevIndex: 4, prevTerm: 2, commit }))
      assert.deepEqual(
        bench.applied.map(({ index }) => index),
        [1, 2, 3, 4].slice(0, commit),
      )
      bench.hear(append({ term: 2, prevIndex: 4, prevTerm: 2, commit: 4 }), heartbeat({ term: 2, commit: 4 }))
      assert.deepEqual(
        bench.applied.map(({ index }) => index),
        [1, 2, 3, 4],
      )
    }
  })
})
