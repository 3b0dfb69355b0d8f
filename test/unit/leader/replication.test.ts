/** What a leader sends to whom: bounded by bytes and by the window, and nothing for nothing. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { APPEND_BYTES_MAX, INFLIGHT_MESSAGES_MAX } from '../../../src/base/limits.ts'
import type { Bench } from '../../harness/lab.ts'
import { labOf, STEPS } from '../../harness/lab.ts'
import { accepted, heartbeatReply } from '../../harness/letters.ts'
import { isAppend, leading, progressOf, propose } from '../../harness/reign.ts'

const lab = labOf(STEPS)

/** A leader whose followers hold all it has. */
function settled(): Bench {
  const bench = leading(lab)
  for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
  for (const from of [2, 3]) bench.hear(accepted({ term: 1, from, index: 1 }))
  return bench
}

function proposeBytes(bench: Bench, sizes: readonly number[]) {
  void bench.sent
  const proposals = sizes.map((size, ticket) => ({ ticket, kind: 'command' as const, data: new Uint8Array(size) }))
  bench.peer.tell({ type: 'client.propose', proposals })
  return bench.sent.filter(isAppend).filter((m) => m.to === 2)
}

describe('an append', () => {
  test('is bounded in bytes; what does not fit follows in the next', () => {
    const half = APPEND_BYTES_MAX / 2
    const sent = proposeBytes(settled(), [half - 100, half - 100, half, half + 1, 10])
    assert.deepEqual(
      sent.map((m) => m.entries.length),
      [2, 1, 2],
    )
    for (const [i, m] of sent.entries())
      assert.equal(m.prevIndex, 1 + sent.slice(0, i).reduce((sum, one) => sum + one.entries.length, 0))
  })

  test('carries one entry at least, however large', () => {
    const sent = proposeBytes(settled(), [2 * APPEND_BYTES_MAX, 10])
    assert.deepEqual(
      sent.map((m) => m.entries.length),
      [1, 1],
    )
  })

  test('goes no further than the window', () => {
    const bench = settled()
    let count = 0
    for (let i = 0; i < INFLIGHT_MESSAGES_MAX + 5; i++) count += proposeBytes(bench, [10]).length
    assert.equal(count, INFLIGHT_MESSAGES_MAX)
    const [next] = bench
      .hear(accepted({ term: 1, index: 2 }))
      .filter((m) => m.to === 2)
      .filter(isAppend)
    assert.equal(next?.entries.length, 5, 'room for one more message, which takes what has waited')
  })
})

describe('a follower', () => {
  test('that has all and knows it is told nothing', () => {
    const bench = settled()
    assert.deepEqual(bench.hear(heartbeatReply({ term: 1 })), [])
    assert.deepEqual(bench.hear(accepted({ term: 1, index: 1 })), [])
  })

  test('that has all learns of a commit at once, once', () => {
    const bench = settled()
    propose(bench, 'a')
    bench.hear(accepted({ term: 1, from: 3, index: 2 }))
    const told = bench.hear(accepted({ term: 1, index: 2 })).filter(isAppend)
    assert.deepEqual(
      told.map((m) => [m.to, m.entries.length, m.commit]),
      [[2, 0, 2]],
    )
  })

  test('whose window is full and silent is tried again after a heartbeat', () => {
    const bench = settled()
    for (let i = 0; i < INFLIGHT_MESSAGES_MAX; i++) proposeBytes(bench, [10])
    const [probe] = bench.hear(heartbeatReply({ term: 1 })).filter(isAppend)
    assert.deepEqual([probe?.entries.length, probe?.prevIndex], [0, 1 + INFLIGHT_MESSAGES_MAX])
    assert.equal(progressOf(bench, 2).state, 'replicate')
  })
})
