/** How many bytes a throttle lets through. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Throttle } from '../../../../src/node/snapshots/throttle.ts'

test('a quarter of a second may pass at once, what comes on top waits', () => {
  const throttle = new Throttle(1000)
  assert.equal(throttle.delay(0), 0)
  throttle.take(250, 0)
  assert.equal(throttle.delay(0), 0)
  throttle.take(100, 0)
  assert.equal(throttle.delay(0), 100)
  assert.equal(throttle.delay(0, 50), 150)
  assert.equal(throttle.delay(100), 0)
})

test('bytes that did not pass after all hold up nobody', () => {
  const throttle = new Throttle(1000)
  throttle.take(1000, 0)
  throttle.giveBack(600)
  assert.equal(throttle.delay(0), 150)
})

test('without a limit nothing waits', () => {
  const throttle = new Throttle(Number.POSITIVE_INFINITY)
  throttle.take(1e12, 0)
  throttle.giveBack(1e12)
  throttle.take(1e12, 0)
  assert.equal(throttle.delay(0, 1e12), 0)
})
