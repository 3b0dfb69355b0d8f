/** Progress under random events: match stays below next, and a window that is full sends nothing. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { INFLIGHT_BYTES_MAX, INFLIGHT_MESSAGES_MAX } from '../../../src/base/limits.ts'
import { maySend, startProgress, stepProgress } from '../../../src/leader/progress-words.ts'
import type { ProgressEvent } from '../../../src/protocol/progress.ts'

const index = fc.integer({ min: 0, max: 30 })
const event: fc.Arbitrary<ProgressEvent> = fc.oneof(
  fc.record({ type: fc.constant('accepted' as const), index }),
  fc.record({ type: fc.constant('rejected' as const), index, retry: index }),
  fc.record({ type: fc.constant('beat' as const) }),
  fc.record({ type: fc.constant('unreachable' as const) }),
)

test('whatever happens, match never falls and stays below next', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.array(fc.oneof(event, fc.nat({ max: 5 })), { maxLength: 60 }),
      (next, events) => {
        let progress = startProgress(next)
        for (const one of events) {
          const before = progress.context
          if (typeof one !== 'number') progress = stepProgress(progress, one)
          else if (maySend(progress) && (one > 0 || progress.value === 'probe'))
            progress = stepProgress(progress, { type: 'sent', last: before.next - 1 + one, bytes: 20 }) // an empty append is not counted when streaming
          const { match, next: now, inflight } = progress.context
          assert.ok(before.match <= match && match < now, JSON.stringify({ before, after: progress.context }))
          assert.ok(
            inflight.every(({ last }) => last > match && last < now),
            'the window lies between match and next',
          )
        }
      },
    ),
  )
})

/** A stream with so many messages of so many bytes on their way. */
function streaming(count: number, bytes: number) {
  let progress = stepProgress(startProgress(1), { type: 'accepted', index: 0 })
  for (let i = 1; i <= count; i++) progress = stepProgress(progress, { type: 'sent', last: i, bytes })
  return progress
}

test('the window is bounded in messages and in bytes', () => {
  assert.ok(maySend(streaming(INFLIGHT_MESSAGES_MAX - 1, 10)))
  assert.ok(!maySend(streaming(INFLIGHT_MESSAGES_MAX, 10)))
  assert.ok(maySend(streaming(3, INFLIGHT_BYTES_MAX / 4)))
  assert.ok(!maySend(streaming(4, INFLIGHT_BYTES_MAX / 4)))
})

test('an answer frees all it covers, a late one nothing', () => {
  const full = streaming(INFLIGHT_MESSAGES_MAX, 10)
  const freed = stepProgress(full, { type: 'accepted', index: 40 })
  assert.equal(freed.context.inflight.length, INFLIGHT_MESSAGES_MAX - 40)
  assert.equal(stepProgress(freed, { type: 'accepted', index: 30 }).context.inflight.length, INFLIGHT_MESSAGES_MAX - 40)
})

test('a probe waits for its answer', () => {
  const probe = startProgress(5)
  assert.ok(maySend(probe))
  assert.ok(!maySend(stepProgress(probe, { type: 'sent', last: 5, bytes: 10 })))
})
