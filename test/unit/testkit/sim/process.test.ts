/** The clocks of a simulated process: paused, and asleep. Knows nothing of what runs in it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Oscillator, Process } from '../../../../src/testkit/sim/process.ts'
import { Timeline } from '../../../../src/testkit/sim/timeline.ts'

/** A process of a machine, and a way to let time pass. */
function started() {
  const timeline = new Timeline()
  const oscillator = new Oscillator(timeline)
  const process = new Process(timeline, oscillator)
  const pass = (ms: number): void => {
    const until = timeline.now + ms
    while (timeline.step(until));
  }
  const { clock } = process
  return { process, oscillator, pass, clock, date: () => clock.date?.() ?? 0 }
}

test('while a process is paused both of its clocks go on', () => {
  const { process, pass, clock, date } = started()
  const before = date()
  process.pause()
  pass(3000)
  process.resume()
  assert.equal(clock.now(), 3000)
  assert.equal(date() - before, 3000)
})

test('while a machine sleeps its monotonic clock stands still, and the calendar goes on', () => {
  const { process, pass, clock, date } = started()
  const before = date()
  pass(500)
  process.suspend()
  pass(3000)
  process.resume()
  pass(250)
  assert.equal(clock.now(), 750)
  assert.equal(date() - before, 3750)
})

test('what was due while a machine slept is done when it wakes', () => {
  const { process, pass, clock } = started()
  const done: number[] = []
  clock.after(1000, () => done.push(clock.now()))
  process.suspend()
  pass(5000)
  assert.deepEqual(done, [])
  process.resume()
  pass(0)
  assert.equal(done.length, 1)
})

test('a clock goes wrong when it does, not when somebody looks at it next', () => {
  const stories = [false, true].map((isLookedAt) => {
    const { process, oscillator, pass, clock } = started()
    const live = (ms: number): void => {
      pass(ms)
      if (isLookedAt) clock.now()
    }
    live(1000)
    oscillator.rate = 1.5
    live(1000)
    process.suspend()
    live(1000)
    oscillator.rate = 0.5
    live(1000)
    process.resume()
    live(1000)
    oscillator.rate = 1
    live(1000)
    return clock.now()
  })
  assert.deepEqual(stories, [4000, 4000])
})
