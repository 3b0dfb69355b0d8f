/** The page's words, and which arrows it flashes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayHaveLed } from '../../../src/inspector/web/chart-view.ts'
import { bytes, count, lag, share } from '../../../src/inspector/web/words.ts'

test('numbers have their thousands apart, and none is a dash', () => {
  assert.deepEqual([count(10_432), count(0), count(null), count(undefined)], ['10,432', '0', '–', '–'])
})

test('bytes have a unit and at most one decimal', () => {
  assert.deepEqual([0, 1023, 1536, 3_481_600, 200 * 2 ** 20].map(bytes), ['0 B', '1023 B', '1.5 KiB', '3.3 MiB', '200 MiB'])
})

test('a replica is in step or so many entries behind', () => {
  assert.deepEqual([lag(5, 5), lag(6, 5), lag(3, 1005)], ['in step', 'in step', '1,002 behind'])
})

test('a share never leaves its bar, and an empty log is full', () => {
  assert.deepEqual([share(1, 4), share(9, 4), share(0, 0)], ['25.00%', '100.00%', '100%'])
})

test('an arrow can have been taken if it starts where one was and enters where one is', () => {
  const move = { from: 'campaigning.candidate', to: 'following.follower' }
  assert.ok(mayHaveLed({ from: 'campaigning', enters: 'following.follower' }, move))
  assert.ok(mayHaveLed({ from: '*', enters: 'following.follower' }, move))
  assert.ok(!mayHaveLed({ from: 'leader', enters: 'following.follower' }, move))
  assert.ok(!mayHaveLed({ from: 'campaigning', enters: 'leader.round.beat' }, move))
  assert.ok(!mayHaveLed({ from: 'camp', enters: 'following.follower' }, move))
})
