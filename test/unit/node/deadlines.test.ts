/** Deadlines: numbers that one tick compares; a stall of the process is not mistaken for silence of others. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prng } from '../../../src/base/prng.ts'
import { type ManualClock, manualClock } from '../../../src/clock/manual.ts'
import { Deadlines, type Timers } from '../../../src/node/deadlines.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Arm } from '../../../src/protocol/ready.ts'

const ELECTION_MS = 1000
const HEARTBEAT_MS = 100

const arm = (id: string, delay: string): Arm => ({ type: 'arm', id, delay, event: { type: `xstate.after.${id}` } })

function started(
  clock: Clock,
  onTick: (jumped: boolean) => void = () => {},
): { readonly deadlines: Deadlines; readonly timers: Timers } {
  const random = prng(7)
  const deadlines = new Deadlines({ clock, random, electionTimeoutMs: ELECTION_MS, heartbeatMs: HEARTBEAT_MS })
  deadlines.start(onTick)
  return { deadlines, timers: new Map() }
}

/** Milliseconds until the timer is due, as the ticks see them. */
function lengthOf(delay: string): number {
  const clock = manualClock()
  const { deadlines, timers } = started(clock)
  deadlines.arm(timers, arm('t', delay))
  while (!deadlines.isDue(timers)) clock.advance(1)
  return clock.now()
}

test('a heartbeat comes at its interval, leases and quorum rounds at the election timeout', () => {
  assert.equal(lengthOf('heartbeatInterval'), HEARTBEAT_MS)
  assert.equal(lengthOf('voteLease'), ELECTION_MS)
  assert.equal(lengthOf('quorumInterval'), ELECTION_MS)
})

test('an election timeout is drawn anew each time from [t, 2t)', () => {
  const clock = manualClock()
  const { deadlines } = started(clock)
  const lengths = Array.from({ length: 200 }, () => {
    const timers: Timers = new Map()
    deadlines.arm(timers, arm('t', 'electionTimeout'))
    return [...timers.values()][0]?.dueAt ?? 0
  })
  assert(lengths.every((length) => length >= ELECTION_MS && length < 2 * ELECTION_MS))
  assert(new Set(lengths).size > 100)
})

test('what is due comes out once, oldest first; a timer armed again is put off', () => {
  const clock = manualClock()
  const { deadlines, timers } = started(clock)
  deadlines.arm(timers, arm('late', 'voteLease'))
  deadlines.arm(timers, arm('early', 'heartbeatInterval'))
  deadlines.arm(timers, arm('put off', 'voteLease'))
  clock.advance(500)
  deadlines.arm(timers, arm('put off', 'voteLease'))
  clock.advance(600)
  assert.deepEqual(deadlines.due(timers), [{ type: 'xstate.after.early' }, { type: 'xstate.after.late' }])
  assert.deepEqual(deadlines.due(timers), [])
  clock.advance(400)
  assert.deepEqual(deadlines.due(timers), [{ type: 'xstate.after.put off' }])
})

test('a process that stood still does not conclude from silence: a stall counts for a quarter of an election timeout at most', () => {
  let stalled = 0
  const inner: ManualClock = manualClock()
  const clock: Clock = { now: () => inner.now() + stalled, after: inner.after }
  const { deadlines, timers } = started(clock)
  deadlines.arm(timers, arm('election', 'voteLease'))
  stalled = 60_000
  inner.advance(20)
  assert.equal(deadlines.isDue(timers), false)
  inner.advance(ELECTION_MS / 2)
  assert.equal(deadlines.isDue(timers), false)
  inner.advance(ELECTION_MS / 2)
  assert.equal(deadlines.isDue(timers), true)
})

test('it ticks five times per heartbeat, until it is stopped', () => {
  const clock = manualClock()
  let ticks = 0
  const { deadlines } = started(clock, () => ticks++)
  clock.advance(HEARTBEAT_MS)
  assert.equal(ticks, 5)
  deadlines.stop()
  clock.advance(1000)
  assert.equal(ticks, 5)
})

test('who hears a leader after a stall is silent for the whole length from then on: the stall is not taken off', () => {
  for (const delay of ['voteLease', 'electionTimeout']) {
    let stalled = 0
    const inner: ManualClock = manualClock()
    const clock: Clock = { now: () => inner.now() + stalled, after: inner.after }
    const { deadlines, timers } = started(clock)
    inner.advance(20)
    stalled = 240 // the event loop stood still; what waited in the sockets comes before the tick
    const heardAt = clock.now()
    deadlines.arm(timers, arm('t', delay))
    while (!deadlines.isDue(timers)) inner.advance(1)
    assert(clock.now() - heardAt >= ELECTION_MS, `${delay} lasted ${clock.now() - heardAt} ms`)
  }
})

test('a tick that comes far too late says that the clock cannot be trusted, and so does one before its time', () => {
  let skew = 0
  let date = 0
  const jumps: boolean[] = []
  const inner: ManualClock = manualClock()
  const clock: Clock = { now: () => inner.now() + skew, after: inner.after, date: () => inner.now() + date }
  started(clock, (jumped) => void jumps.push(jumped))
  const tickAfter = (change: () => void): boolean | undefined => {
    change()
    inner.advance(20)
    return jumps.at(-1)
  }
  assert.equal(
    tickAfter(() => {}),
    false,
  )
  assert.equal(
    tickAfter(() => (skew += ELECTION_MS / 2)),
    false,
  )
  assert.equal(
    tickAfter(() => (skew += ELECTION_MS / 2 + 1)),
    true,
  )
  assert.equal(
    tickAfter(() => {}),
    false,
  )
  assert.equal(
    tickAfter(() => (skew -= 100)),
    true,
  )
  assert.equal(
    tickAfter(() => (date += 60_000)),
    true,
    'the machine slept',
  )
  assert.equal(
    tickAfter(() => (date -= 60_000)),
    false,
  )
})
