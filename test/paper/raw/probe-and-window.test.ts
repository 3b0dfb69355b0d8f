/** How much a leader sends at a time (§5.3), on the public peer: one append while it probes, a window of them when it streams. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AppendEntries, Message } from '../../../src/protocol/messages.ts'
import { accepted, heartbeatReply } from '../../harness/letters.ts'
import { leading, type RawBench, streaming } from '../../harness/raw-bench.ts'

const counts = (letters: readonly Message[]): number[] =>
  letters.filter((m): m is AppendEntries => m.type === 'AppendEntries' && m.to === 2).map(({ entries }) => entries.length)
const beat = heartbeatReply({ term: 1 })
const ack = (index: number): Message => accepted({ term: 1, index })

describe('a follower that is probed', () => {
  test('is sent one append, however much is proposed, until it answers', () => {
    const bench = leading()
    assert.deepEqual(counts(bench.sent), [1])
    bench.propose('a', 'b', 'c')
    assert.deepEqual(counts(bench.sent), [])
    assert.equal(bench.status.progress[2]?.paused, true)
    assert.deepEqual(counts(bench.hear(ack(1))), [3])
  })

  test('is sent one more with each answer to a heartbeat, and none in between', () => {
    const bench = leading()
    bench.propose('a', 'b')
    void bench.sent
    for (let round = 0; round < 5; round++) {
      assert.deepEqual(counts(bench.hear(beat)), [3])
      assert.deepEqual(counts(bench.propose('').tick().sent), [])
      bench.node.reportUnreachable(2)
      assert.deepEqual(counts(bench.sent), [])
      if (round === 0) break
    }
  })

  test('is sent its first append before any other, and the second only when that is acknowledged', () => {
    const bench = leading({ log: [1, 1] })
    bench.propose('a')
    const first = bench.sentOf('AppendEntries', 2)
    assert.deepEqual(
      first.map(({ prevIndex, entries }) => [prevIndex, entries.length]),
      [[2, 1]],
    )
    const second = bench.hear(accepted({ term: 2, index: 3 })).filter((m) => m.type === 'AppendEntries')
    assert.deepEqual(
      second.map(({ prevIndex, entries }) => [prevIndex, entries.length]),
      [[3, 1]],
    )
  })

  test('and has everything, streams again after a heartbeat, an empty append and its answer', () => {
    const bench = streaming([2, 3])
    bench.node.reportUnreachable(2)
    void bench.sent
    assert.equal(bench.status.progress[2]?.state, 'probe')
    assert.deepEqual(counts(bench.hear(beat)), [0])
    assert.deepEqual(counts(bench.hear(ack(1))), [])
    assert.equal(bench.status.progress[2]?.state, 'replicate')
  })
})

describe('a follower that streams', () => {
  test('is sent each proposal at once, before the one before is acknowledged', () => {
    const bench = streaming([2])
    for (const word of ['a', 'b', 'c']) assert.deepEqual(counts(bench.propose(word).sent), [1])
  })

  test('is probed from behind what it acknowledged, when it cannot be reached', () => {
    const bench = streaming([2]).propose('a', 'b', 'c')
    bench.hear(ack(2))
    assert.equal(bench.status.progress[2]?.next, 5)
    bench.node.reportUnreachable(2)
    const { state, match, next } = bench.status.progress[2] ?? {}
    assert.deepEqual([state, match, next], ['probe', 2, 3])
  })

  test('is sent nothing beyond the window; an answer frees everything up to it, a late one nothing', () => {
    const bench = streaming([2], { maxInflightMessages: 3 })
    bench.propose('a', 'b', 'c', 'd', 'e')
    assert.deepEqual([counts(bench.sent), bench.status.progress[2]?.inflight], [[1, 1, 1], 3])
    assert.deepEqual(counts(bench.hear(ack(1))), []) // late: of the first entry
    assert.deepEqual(counts(bench.hear(ack(3))), [2])
    assert.equal(bench.status.progress[2]?.inflight, 2)
    assert.deepEqual(counts(bench.hear(ack(2))), [])
    assert.equal(bench.status.progress[2]?.inflight, 2)
  })

  test('and whose window stays full, is tried again with each heartbeat it answers', () => {
    const bench = streaming([2], { maxInflightMessages: 3 })
    bench.propose('a', 'b', 'c', 'd', 'e')
    void bench.sent
    assert.deepEqual(counts(bench.propose('f').sent), [])
    for (let round = 0; round < 3; round++) {
      assert.ok(counts(bench.hear(beat)).length <= 1)
      assert.deepEqual(counts(bench.propose('g').sent), [])
      assert.equal(bench.status.progress[2]?.inflight, 3)
    }
  })
})

describe('three messages of 2048 bytes, 9000 bytes on their way', () => {
  const SMALL = 1000
  const LARGE = 5000
  const filled = (): RawBench => {
    const bench = leading({ maxInflightMessages: 3, maxSizePerMessage: 2048, maxInflightBytes: 9000 })
    void bench.sent // the first append is lost
    bench.propose(SMALL)
    assert.deepEqual(counts(bench.hear(beat)), [2])
    bench.propose(...Array<number>(9).fill(SMALL), ...Array<number>(6).fill(LARGE), ...Array<number>(6).fill(SMALL))
    assert.deepEqual(counts(bench.sent), [])
    return bench
  }

  test('each answer to everything that was sent brings as much as the window holds', () => {
    const bench = filled()
    let index = 2
    for (const expected of [[2, 2, 2], [2, 1, 1], [1, 1], [1, 1], [1, 2, 2], [2]]) {
      assert.deepEqual(counts(bench.hear(ack(index))), expected)
      index += expected.reduce((sum, count) => sum + count)
    }
    assert.equal(index, bench.status.lastIndex)
    assert.deepEqual(
      counts(bench.hear(ack(index))).filter((count) => count > 0),
      [],
    )
  })

  test('an entry larger than a message travels alone, not never', () => {
    const bench = streaming([2], { maxSizePerMessage: 10, maxInflightBytes: 10 })
    assert.deepEqual(counts(bench.propose(LARGE).sent), [1])
    assert.deepEqual(counts(bench.propose(LARGE).sent), [])
    assert.deepEqual(counts(bench.hear(ack(2))), [1])
  })
})
