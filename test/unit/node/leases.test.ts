/** Leases: a round counts for less than an election timeout from when it began, by the clock or by the calendar, whichever says more. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../../src/clock/manual.ts'
import { leaseMsOf, Rounds } from '../../../src/node/leases.ts'
import { ageOf, momentOf } from '../../../src/node/moments.ts'

const LEASE_MS = 900
const at = (ms: number, date = ms) => ({ at: ms, date })

test('a lease is shorter than the silence it counts on', () => {
  assert.equal(leaseMsOf(1000), LEASE_MS)
})

test('a round counts from when it began, for less than a lease', () => {
  const rounds = new Rounds(LEASE_MS)
  assert.equal(rounds.fresh(at(0)), undefined)
  rounds.note(1, at(0))
  rounds.note(2, at(400))
  rounds.note(2, at(700)) // the same round: no step forward
  assert.equal(rounds.fresh(at(LEASE_MS - 1)), 1)
  assert.equal(rounds.fresh(at(LEASE_MS)), 2)
  assert.equal(rounds.fresh(at(400 + LEASE_MS)), undefined)
})

test('of rounds that begin close together the first stands for all: older is safe, and their number is bounded', () => {
  const rounds = new Rounds(LEASE_MS)
  for (let i = 1; i <= 10_000; i++) rounds.note(i, at(i))
  const fresh = rounds.fresh(at(10_000)) ?? 0
  assert(fresh > 10_000 - LEASE_MS, 'never a round that is too old')
  assert(fresh < 10_000 - LEASE_MS + 60, 'nor much younger than need be')
})

test('a machine that was suspended has no lease, though its clock stood still', () => {
  const rounds = new Rounds(LEASE_MS)
  rounds.note(1, at(0, 0))
  assert.equal(rounds.fresh(at(10, 10)), 1)
  assert.equal(rounds.fresh(at(10, 60_000)), undefined)
})

test('a calendar that is set back changes nothing; a clock that runs backwards vouches for nothing', () => {
  assert.equal(ageOf(at(100, 5000), at(150, 10)), 50)
  assert.equal(ageOf(at(100), at(99)), Number.POSITIVE_INFINITY)
})

test('what is forgotten does not come back with the next round', () => {
  const rounds = new Rounds(LEASE_MS)
  rounds.note(7, at(0))
  rounds.forget()
  assert.equal(rounds.fresh(at(1)), undefined)
  rounds.note(7, at(2)) // still the round of before
  assert.equal(rounds.fresh(at(3)), undefined)
  rounds.note(8, at(4))
  assert.equal(rounds.fresh(at(5)), 8)
})

test('a clock without a calendar is a clock', () => {
  const clock = manualClock()
  const then = momentOf(clock)
  clock.advance(30)
  assert.equal(ageOf(then, momentOf(clock)), 30)
})
