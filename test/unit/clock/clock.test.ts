/** The two clocks: one that goes on when told, one that goes on by itself. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../../src/clock/manual.ts'
import { wallClock } from '../../../src/clock/wall.ts'

test('manual timers fire in order, each at its own time', () => {
  const clock = manualClock()
  const fired: [string, number][] = []
  const note = (name: string) => (): void => void fired.push([name, clock.now()])
  clock.after(30, note('late'))
  clock.after(10, note('early'))
  clock.after(10, note('early too'))
  clock.advance(9)
  assert.deepEqual(fired, [])
  clock.advance(100)
  assert.deepEqual(fired, [
    ['early', 10],
    ['early too', 10],
    ['late', 30],
  ])
  assert.equal(clock.now(), 109)
})

test('a timer may set another, and both fire in one advance', () => {
  const clock = manualClock()
  const fired: number[] = []
  const again = (): void => {
    fired.push(clock.now())
    if (fired.length < 3) clock.after(10, again)
  }
  clock.after(10, again)
  clock.advance(35)
  assert.deepEqual(fired, [10, 20, 30])
})

test('a cancelled timer does not fire, and cancelling twice is no error', () => {
  const clock = manualClock()
  const cancel = clock.after(1, () => assert.fail('it fired'))
  cancel()
  cancel()
  clock.advance(10)
})

test('the wall clock goes forward, calls back, and can be told not to', async () => {
  const begun = wallClock.now()
  const cancel = wallClock.after(1, () => assert.fail('it fired'))
  cancel()
  await new Promise<void>((resolve) => wallClock.after(5, resolve))
  assert(wallClock.now() > begun)
})
