/** Progress under random events, and what may be sent when. Row by row it is in test/harness/progress-table.ts. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { progressMachine } from '../../../machines/progress.ts'
import { InvariantError } from '../../../src/base/assert.ts'
import {
  checkProgress,
  maySend,
  type ProgressSnapshot,
  spokenProgress,
  startProgress,
  stepProgress,
} from '../../../src/leader/progress-words.ts'
import type { Progress, ProgressEvent, Window } from '../../../src/protocol/progress.ts'
import { DEFAULT_SETTINGS } from '../../../src/protocol/settings.ts'
import { PROGRESS_ROWS, type ProgressState, SOME_PROGRESS } from '../../harness/progress-table.ts'

const chart = spokenProgress as unknown as typeof progressMachine
const at = (value: ProgressState, more: Partial<Progress>): ProgressSnapshot =>
  chart.resolveState({ value, context: { ...SOME_PROGRESS, ...more } })

/** One event after the other. */
const after = (progress: ProgressSnapshot, ...events: readonly ProgressEvent[]): ProgressSnapshot =>
  events.reduce(stepProgress, progress)

const accepted = (index: number, first = 1): ProgressEvent => ({ type: 'accepted', index, first })
const sent = (last: number, bytes = 10): ProgressEvent => ({ type: 'sent', last, bytes })
const beat: ProgressEvent = { type: 'beat' }

describe('whatever happens', () => {
  const index = fc.integer({ min: 0, max: 30 })
  const event: fc.Arbitrary<ProgressEvent> = fc.oneof(
    fc.record({ type: fc.constant('accepted' as const), index, first: fc.integer({ min: 1, max: 31 }) }),
    fc.record({ type: fc.constant('rejected' as const), index, retry: index }),
    fc.record({ type: fc.constant('compacted' as const), index }),
    fc.record({ type: fc.constantFrom('beat' as const, 'unreachable' as const, 'installed' as const, 'failed' as const) }),
  )
  const window = fc.record({
    maxInflightMessages: fc.integer({ min: 1, max: 4 }),
    maxInflightBytes: fc.integer({ min: 1, max: 100 }),
  })

  test('match never falls and stays below next, and a snapshot is pending in its own state only', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        window,
        fc.array(fc.oneof(event, fc.nat({ max: 5 })), { maxLength: 60 }),
        (next, bounds, events) => {
          let progress = startProgress(next, bounds)
          checkProgress(progress)
          for (const one of events) {
            const before = progress.context
            const anEvent = typeof one === 'number' ? sent(before.next - 1 + one, 20) : one // a number: that many entries leave
            progress = stepProgress(progress, anEvent)
            checkProgress(progress)
            assert.ok(before.match <= progress.context.match, JSON.stringify({ before, after: progress.context }))
          }
        },
      ),
    )
  })

  test('a leader that asks before it sends never has more on its way than the window and one', () => {
    fc.assert(
      fc.property(window, fc.array(fc.oneof(event, fc.integer({ min: 1, max: 5 })), { maxLength: 60 }), (bounds, events) => {
        let progress = startProgress(1, bounds)
        for (const one of events) {
          if (typeof one !== 'number') progress = stepProgress(progress, one)
          else if (maySend(progress)) progress = stepProgress(progress, sent(progress.context.next - 1 + one, 20))
          const { match, next, inflight } = progress.context
          assert.ok(inflight.length <= bounds.maxInflightMessages)
          assert.ok(inflight.length * 20 < bounds.maxInflightBytes + 20)
          assert.ok(
            inflight.every(({ last }) => last > match && last < next),
            'the window lies between match and next',
          )
        }
      }),
    )
  })
})

describe('the check', () => {
  test('lets every row of the table pass, before and after', () => {
    for (const row of PROGRESS_ROWS) {
      checkProgress(chart.resolveState({ value: row.state, context: row.before }))
      checkProgress(chart.resolveState({ value: row.then, context: row.after }))
    }
  })

  const inflight = [{ last: 2, bytes: 10 }]
  for (const [name, wrong] of [
    ['PROGRESS_BEHIND_MATCH', at('probe', { match: 3, next: 3 })],
    ['PROGRESS_BEHIND_MATCH', at('replicate', { match: -1, next: 3 })],
    ['PROGRESS_OFF_SNAPSHOT', at('snapshot', { next: 11, pendingSnapshot: 11 })],
    ['PROGRESS_OFF_SNAPSHOT', at('probe', { next: 12, pendingSnapshot: 11 })],
    ['PROGRESS_INFLIGHT_UNSTREAMED', at('probe', { next: 3, inflight })],
    ['PROGRESS_INFLIGHT_UNSTREAMED', at('snapshot', { next: 12, pendingSnapshot: 11, inflight })],
    ['PROGRESS_PAUSED_UNPROBED', at('replicate', { paused: true })],
  ] as const)
    test(`stops ${name} in ${String(wrong.value)}: ${JSON.stringify(wrong.context)}`, () =>
      assert.throws(
        () => checkProgress(wrong),
        (error) => error instanceof InvariantError && error.invariant === name,
      ))
})

/** A stream with so many messages of so many bytes on their way. */
function streaming(count: number, bytes: number, window: Window = DEFAULT_SETTINGS) {
  let progress = stepProgress(startProgress(1, window), accepted(0))
  for (let i = 1; i <= count; i++) progress = stepProgress(progress, sent(i, bytes))
  return progress
}

describe('the window', () => {
  test('begins as it was given', () => {
    const { value, context } = startProgress(8, { maxInflightMessages: 3, maxInflightBytes: 9000 })
    assert.equal(value, 'probe')
    assert.deepEqual(context, {
      match: 0,
      next: 8,
      paused: false,
      inflight: [],
      pendingSnapshot: 0,
      windowMessages: 3,
      windowBytes: 9000,
    })
  })

  test('is bounded in messages and in bytes, by what it was given', () => {
    for (const window of [DEFAULT_SETTINGS, { maxInflightMessages: 3, maxInflightBytes: 9000 }]) {
      const { maxInflightMessages: messages, maxInflightBytes: bytes } = window
      assert.ok(maySend(streaming(messages - 1, 10, window)))
      assert.ok(!maySend(streaming(messages, 10, window)))
      assert.ok(maySend(streaming(1, bytes - 1, window)))
      assert.ok(!maySend(streaming(1, bytes, window)))
      assert.ok(!maySend(streaming(2, bytes / 2, window)))
    }
  })

  test('is freed by an answer of all that it covers, by a late one of nothing', () => {
    const full = streaming(64, 10)
    const freed = stepProgress(full, accepted(40))
    assert.equal(freed.context.inflight.length, 24)
    assert.ok(!maySend(full) && maySend(freed))
    assert.equal(stepProgress(freed, accepted(30)).context.inflight.length, 24)
  })

  test('outlives the states: a snapshot and a probe later it is as wide', () => {
    const window = { maxInflightMessages: 2, maxInflightBytes: 9000 }
    const later = after(streaming(2, 10, window), { type: 'compacted', index: 9 }, accepted(9, 10), sent(10), sent(11))
    assert.equal(later.value, 'replicate')
    assert.ok(!maySend(later))
  })
})

describe('a probe', () => {
  test('waits for its answer, or for a beat', () => {
    const probe = startProgress(5, DEFAULT_SETTINGS)
    const waiting = stepProgress(probe, sent(5))
    assert.deepEqual([maySend(probe), maySend(waiting), maySend(stepProgress(waiting, beat))], [true, false, true])
  })
})

describe('a snapshot at 11 for a follower that has nothing', () => {
  const pending = stepProgress(startProgress(1, DEFAULT_SETTINGS), { type: 'compacted', index: 11 })
  const seen = ({ value, context: { match, next, pendingSnapshot } }: ProgressSnapshot) => [value, match, next, pendingSnapshot]

  test('while it is on its way nothing is sent, beats or not', () => {
    assert.deepEqual(seen(pending), ['snapshot', 0, 12, 11])
    assert.ok(!maySend(pending))
    assert.ok(!maySend(after(pending, beat, { type: 'unreachable' }, { type: 'rejected', index: 4, retry: 2 }, beat)))
  })

  test('reported as failed: from the beginning, at the next beat', () => {
    const failed = stepProgress(pending, { type: 'failed' })
    assert.deepEqual(seen(failed), ['probe', 0, 1, 0])
    assert.deepEqual([maySend(failed), maySend(stepProgress(failed, beat))], [false, true])
  })

  test('reported as installed: right behind it, at the next beat', () => {
    const installed = stepProgress(pending, { type: 'installed' })
    assert.deepEqual(seen(installed), ['probe', 0, 12, 0])
    assert.deepEqual([maySend(installed), maySend(stepProgress(installed, beat))], [false, true])
  })

  test('acknowledged: streaming at once', () => {
    const streams = stepProgress(pending, accepted(11, 12))
    assert.deepEqual(seen(streams), ['replicate', 11, 12, 0])
    assert.ok(maySend(streams))
    assert.deepEqual(seen(stepProgress(streams, sent(12))), ['replicate', 11, 13, 0])
  })

  test('reported as installed, and refused by the follower: from there back', () => {
    const refused = after(pending, { type: 'installed' }, beat, sent(12), { type: 'rejected', index: 11, retry: 0 })
    assert.deepEqual(seen(refused), ['probe', 0, 1, 0])
  })
})
