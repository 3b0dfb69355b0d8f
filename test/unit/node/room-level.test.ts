/** How full a disk is, from numbers: the table of levels, and what is counted. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isTight, levelAfter, type RoomLevel, reserveBytes, usableBytes } from '../../../src/node/room-level.ts'

const MIB = 1024 * 1024

test('levels by room and by the level before: who came down needs a quarter more to come up', () => {
  const table: readonly (readonly [usable: number, ok: RoomLevel, low: RoomLevel, critical: RoomLevel])[] = [
    [0, 'critical', 'critical', 'critical'],
    [49, 'critical', 'critical', 'critical'],
    [50, 'low', 'low', 'critical'],
    [62, 'low', 'low', 'critical'],
    [63, 'low', 'low', 'low'],
    [99, 'low', 'low', 'low'],
    [100, 'ok', 'low', 'low'],
    [124, 'ok', 'low', 'low'],
    [125, 'ok', 'ok', 'ok'],
  ]
  for (const [usable, ok, low, critical] of table) {
    assert.deepEqual(
      [levelAfter('ok', usable, 100), levelAfter('low', usable, 100), levelAfter('critical', usable, 100)],
      [ok, low, critical],
      `with ${usable} of 100`,
    )
  }
})

test('with no reserve every disk has room', () => {
  for (const before of ['ok', 'low', 'critical'] as const) assert.equal(levelAfter(before, 0, 0), 'ok')
})

test('half of what is empty inside the file counts, and no more of it than seven times what is free outside', () => {
  assert.equal(usableBytes({ freeBytes: 100, reusableBytes: 0 }), 100)
  assert.equal(usableBytes({ freeBytes: 100, reusableBytes: 31 }), 115)
  assert.equal(usableBytes({ freeBytes: 100, reusableBytes: 1400 }), 800)
  assert.equal(usableBytes({ freeBytes: 100, reusableBytes: 1_000_000 }), 800)
  assert.equal(usableBytes({ freeBytes: 0, reusableBytes: 1_000_000 }), 0)
})

test('the reserve grows with the store, to a bound, unless somebody has said what it is', () => {
  assert.equal(reserveBytes(0, null), 128 * MIB)
  assert.equal(reserveBytes(10 * MIB, null), 138 * MIB)
  assert.equal(reserveBytes(1000 * MIB * MIB, null), 640 * MIB)
  assert.equal(reserveBytes(10 * MIB, 5), 5)
  assert.equal(reserveBytes(10 * MIB, 0), 0)
})

test('it is tight before a level falls, and not where it would rise again', () => {
  assert.deepEqual(
    [0, 99, 100, 124, 125, 1000].map((usable) => isTight(usable, 100)),
    [true, true, true, true, false, false],
  )
  assert.equal(isTight(0, 0), false)
})
