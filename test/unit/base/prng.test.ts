/** Chance from a seed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prng } from '../../../src/base/prng.ts'

const draw = (seed: number, count: number): number[] => {
  const chance = prng(seed)
  return Array.from({ length: count }, () => chance.next())
}

test('the same seed gives the same numbers, another seed others', () => {
  assert.deepEqual(draw(7, 50), draw(7, 50))
  for (const other of [0, 6, 8, -7, 7 + 2 ** 31]) assert.notDeepEqual(draw(7, 50), draw(other, 50))
})

test('numbers lie in [0, 1) and are spread evenly', () => {
  const boxes = new Array<number>(10).fill(0)
  for (const number of draw(1, 10_000)) {
    assert.ok(number >= 0 && number < 1)
    boxes[Math.floor(number * 10)] = (boxes[Math.floor(number * 10)] ?? 0) + 1
  }
  for (const count of boxes) assert.ok(count > 850 && count < 1150, `${boxes}`)
})

test('integers lie in [lo, hi), and each of them comes', () => {
  const chance = prng(3)
  const seen = new Set(Array.from({ length: 400 }, () => chance.between(10, 20)))
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
  )
})

test('the stream is pinned: stored seeds of failures must repeat for ever', () => {
  const chance = prng(42)
  assert.deepEqual(
    Array.from({ length: 4 }, () => chance.between(0, 1000)),
    PINNED,
  )
})

const PINNED = [926, 276, 293, 853]
