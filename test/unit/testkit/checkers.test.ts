/** What was acknowledged, what was told, and what replicas hold in the end. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkAcknowledged, withFinalReads } from '../../../src/testkit/checkers/acknowledged.ts'
import { checkConverged } from '../../../src/testkit/checkers/converged.ts'
import { checkSubscription, type SeenEntry } from '../../../src/testkit/checkers/subscription.ts'
import { checkLinearizable } from '../../../src/testkit/linearizable.ts'
import { kvModel } from '../../../src/testkit/models/kv.ts'
import { story } from './stories.ts'

const row = (key: string, value: string) => ({ family: 'default', key, value })

describe('what was acknowledged', () => {
  const judge = (drawing: string, ...rows: ReturnType<typeof row>[]) => [
    checkLinearizable(withFinalReads(story(drawing), rows), kvModel()).verdict,
    checkAcknowledged(story(drawing), rows).length > 0,
  ]
  const kept = ['ok', false]
  const lost = ['violation', true]

  test('is in the rows', () => {
    assert.deepEqual(judge('a: |put k 1| |put j 1|', row('k', '1'), row('j', '1')), kept)
    assert.deepEqual(judge('a: |put k 1| |put j 1|', row('j', '1')), lost)
    assert.deepEqual(judge('a: |put k 1| |batch put k 2, put j 2|', row('k', '1'), row('j', '2')), lost)
    assert.deepEqual(judge('a: |cas k - 1| |cas k 1 2|', row('k', '1')), lost)
  })

  test('or was overwritten or deleted', () => {
    assert.deepEqual(judge('a: |put k 1| |put k 2|', row('k', '2')), kept)
    assert.deepEqual(judge('a: |put k 1| |put k 2|', row('k', '1')), lost)
    assert.deepEqual(judge('a: |put k 1| |del k|'), kept)
    assert.deepEqual(judge('a: |put k 1| |batch del k, put j 3|', row('j', '3')), kept)
  })

  test('or may have been', () => {
    const drawing = `
      a: |put k 1|      |put k 3|
      b:           |put k 2~`
    assert.deepEqual(judge(drawing, row('k', '2')), kept)
    assert.deepEqual(judge(drawing, row('k', '3')), kept)
    assert.deepEqual(judge(drawing, row('k', '1')), lost)
    assert.deepEqual(judge(drawing), lost)
  })

  test('and nothing is there that nobody wrote', () => {
    assert.deepEqual(judge('a: |get k -|', row('k', '1')), lost)
    assert.deepEqual(judge('a: |scan ..|', row('k', '1')), lost)
    assert.match(
      checkAcknowledged(story('a: |put k 1|'), [row('k', '2')]).join('\n'),
      /default\/k:\n.*\nbut nobody had written "2"/,
    )
  })

  test('is all that is asked of: what was read meanwhile is another check', () => {
    assert.deepEqual(judge('a: |put k 1| |put k 2| |get k 1|', row('k', '2')), ['violation', false])
  })

  test('is also seen by a search where a glance sees nothing', () => {
    // both writes of 1 were over before the 2, so that they are two says nothing
    assert.deepEqual(judge('a: |put k 1| |put k 1| |put k 2|', row('k', '1')), ['violation', false])
  })
})

describe('a subscriber', () => {
  const entry = (index: number, of: Partial<SeenEntry> = {}): SeenEntry => ({
    ...{ index, term: 1, kind: 'command', data: Uint8Array.of(index) },
    ...of,
  })
  const committed = [3, 4, 5, 6, 7].map((index) => entry(index))

  test('sees every index once and in order', () => {
    assert.deepEqual(checkSubscription(committed, committed, { from: 3 }), [])
    assert.deepEqual(checkSubscription(committed.slice(2), committed, { from: 5 }), [])
    assert.deepEqual(checkSubscription(committed.slice(2), committed, { from: null }), [])
    assert.deepEqual(checkSubscription([], committed, { from: 8 }), [])
    assert.deepEqual(checkSubscription([], committed, { from: null }), [])
    assert.deepEqual(checkSubscription([], [], { from: 1 }), [])
  })

  test('that misses some is told of', () => {
    const [three, four, five, six, seven] = committed as [SeenEntry, SeenEntry, SeenEntry, SeenEntry, SeenEntry]
    const lines = (...seen: SeenEntry[]) => checkSubscription(seen, committed, { from: 3 })
    assert.deepEqual(lines(three, five, six, seven), ['event 1: 5, but 4 was to come'])
    assert.deepEqual(lines(four, five, six, seven), ['event 0: 4, but 3 was to come'])
    assert.deepEqual(lines(three, four, five), ['nothing after 5, but 7 is committed'])
    assert.deepEqual(checkSubscription([three], committed, { from: 3, caughtUp: false }), [])
    assert.deepEqual(lines(three, four, four, five, six, seven), ['event 2: 4 again, or late: 5 was to come'])
    assert.deepEqual(lines(three, five, four, six, seven), [
      'event 1: 5, but 4 was to come',
      'event 2: 4 again, or late: 6 was to come',
    ])
    assert.deepEqual(lines(three, four, five, six, seven, entry(8)), ['event 5: 8 is not committed'])
  })

  test('that sees something else is told of', () => {
    const other = { kind: 'a command of term 1 and 1 bytes is committed' }
    for (const of of [{ term: 2 }, { kind: 'noop' }, { data: Uint8Array.of(9) }, { data: Uint8Array.of() }]) {
      const [line, ...more] = checkSubscription([entry(3, of)], committed.slice(0, 1), { from: 3 })
      assert.ok(line?.startsWith('event 0: 3 is a ') && line.endsWith(other.kind), line)
      assert.deepEqual(more, [])
    }
  })

  test('with a hundred troubles is told of in ten lines', () => {
    const seen = Array.from({ length: 100 }, () => entry(3))
    const lines = checkSubscription(seen, committed, { from: 3 })
    assert.equal(lines.length, 11)
    assert.equal(lines[10], 'and 90 more')
  })
})

test('replicas are the same in the end, and those that are behind are as others were', () => {
  const replica = (name: string, applied: number, hash: string) => ({ name, applied, hash })
  assert.deepEqual(checkConverged([]), [])
  assert.deepEqual(checkConverged([replica('a', 7, 'x'), replica('b', 7, 'x')]), [])
  assert.deepEqual(checkConverged([replica('a', 7, 'x'), replica('b', 6, 'y')]), ['b has applied 6, others 7'])
  assert.deepEqual(checkConverged([replica('a', 7, 'x'), replica('b', 7, 'y'), replica('c', 6, 'z')]), [
    'c has applied 6, others 7',
    'b and a differ at 7: y, x',
  ])
})
