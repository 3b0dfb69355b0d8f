/** A history holds what its operations did, in the order in which they did it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareMoments, HistoryRecorder, UNKNOWN } from '../../../src/testkit/history.ts'

test('what was answered, what was not, and nothing of what failed', () => {
  const recorder = new HistoryRecorder<string, number>()
  const first = recorder.invoke('a', 'one', 5)
  const second = recorder.invoke('b', 'two', 5)
  const third = recorder.invoke('a', 'three', 6)
  const fourth = recorder.invoke('c', 'four', 7)
  recorder.ok(second, 2, 7)
  recorder.failed(third)
  recorder.unknown(first)
  recorder.hint(second, 12)
  const [one, two, four, ...none] = recorder.history()
  assert.deepEqual(none, [])
  assert.deepEqual([one?.returnedAt, one?.result, one?.hint], [null, UNKNOWN, null])
  assert.deepEqual([two?.client, two?.op, two?.result, two?.returnedAt?.time, two?.hint], ['b', 'two', 2, 7, 12])
  assert.deepEqual([four?.id, four?.returnedAt], [fourth, null])
  assert.deepEqual(recorder.tally(), { ok: 1, failed: 1, unknown: 2 })
})

test('what happens at one time has an order', () => {
  const recorder = new HistoryRecorder<string, null>()
  const ids = [recorder.invoke('a', 'x', 1), recorder.invoke('b', 'y', 1)]
  for (const id of ids) recorder.ok(id, null, 1)
  const moments = recorder.history().flatMap(({ invokedAt, returnedAt }) => [invokedAt, returnedAt ?? invokedAt])
  const ordered = [...moments].sort(compareMoments)
  assert.deepEqual(
    ordered.map((moment) => moments.indexOf(moment)),
    [0, 2, 1, 3],
  )
})

test('an operation ends once, after it began', () => {
  const recorder = new HistoryRecorder<string, null>()
  assert.throws(() => recorder.failed(0), /OPERATION_NEVER_BEGAN/)
  const id = recorder.invoke('a', 'x', 1)
  recorder.unknown(id)
  assert.throws(() => recorder.ok(id, null, 2), /OPERATION_ENDED_TWICE/)
})
