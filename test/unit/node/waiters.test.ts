/** Waiters: each hears exactly once, and never that something certainly did not happen when it may have. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { WAITERS_MAX } from '../../../src/base/limits.ts'
import { type Outcome, Waiters } from '../../../src/node/waiters.ts'

const outcome = (index: number, term: number): Outcome => ({ index, term, body: EMPTY })

/** What became of a promise so far: its value, the code of its error, or `waiting`. */
async function fateOf(promise: Promise<Outcome>): Promise<Outcome | string> {
  const waiting = new Promise<string>((resolve) => setImmediate(() => resolve('waiting')))
  return Promise.race([promise, waiting]).catch((error: unknown) => (error instanceof FlotillaError ? error.code : String(error)))
}

test('who proposed an entry hears of it when it is applied', async () => {
  const waiters = new Waiters()
  const one = waiters.wait(100, true)
  const two = waiters.wait(100, true)
  waiters.seat([one.ticket, two.ticket], 5, 2)
  waiters.applied(outcome(5, 2))
  assert.deepEqual(await fateOf(one.outcome), outcome(5, 2))
  assert.equal(await fateOf(two.outcome), 'waiting')
  waiters.applied(outcome(6, 2))
  assert.deepEqual(await fateOf(two.outcome), outcome(6, 2))
})

test('losing leadership tells nobody anything yet: the entry may still commit', async () => {
  const waiters = new Waiters()
  const { ticket, outcome: promise } = waiters.wait(100, true)
  waiters.seat([ticket], 5, 2)
  waiters.applied(outcome(4, 3)) // the next leader's entries come first
  assert.equal(await fateOf(promise), 'waiting')
  waiters.applied(outcome(5, 2)) // it was on a majority after all
  assert.deepEqual(await fateOf(promise), outcome(5, 2))
})

test('who proposed an entry that another one replaced hears that it was dropped, and may try again', async () => {
  const waiters = new Waiters()
  const { ticket, outcome: promise } = waiters.wait(100, true)
  waiters.seat([ticket], 5, 2)
  waiters.applied(outcome(5, 3))
  await assert.rejects(promise, { code: 'NOT_LEADER', retryable: true })
})

test('who led twice may have two proposals for one place: the committed one decides for both', async () => {
  const waiters = new Waiters()
  const first = waiters.wait(100, true)
  const second = waiters.wait(100, true)
  waiters.seat([first.ticket], 5, 2)
  waiters.seat([second.ticket], 5, 4)
  waiters.failed(5, 4, new FlotillaError('COMMAND_INVALID', 'the state machine refused'))
  assert.equal(await fateOf(first.outcome), 'NOT_LEADER')
  assert.equal(await fateOf(second.outcome), 'COMMAND_INVALID')
})

test('of what a snapshot jumps over nobody knows what it was: the outcome is unknown; what lies behind waits on', async () => {
  const waiters = new Waiters()
  const [inside, behind] = [waiters.wait(100, true), waiters.wait(100, true)]
  waiters.seat([inside.ticket, behind.ticket], 5, 2)
  waiters.skip(5)
  assert.deepEqual([await fateOf(inside.outcome), await fateOf(behind.outcome)], ['TIMEOUT_UNKNOWN', 'waiting'])
})

test('the clock ends the waiting: of a write the outcome is unknown, of a read there is no answer', async () => {
  const waiters = new Waiters()
  const write = waiters.wait(100, true)
  const read = waiters.wait(101, false)
  waiters.seat([write.ticket], 5, 2)
  waiters.expire(99)
  assert.equal(await fateOf(write.outcome), 'waiting')
  waiters.expire(100)
  assert.equal(await fateOf(write.outcome), 'TIMEOUT_UNKNOWN')
  assert.equal(await fateOf(read.outcome), 'waiting')
  waiters.expire(101)
  assert.equal(await fateOf(read.outcome), 'TIMEOUT')
  waiters.applied(outcome(5, 2)) // nobody waits any more, and that is no error
})

test('at the end everybody hears; of what is in a log, only that nobody knows', async () => {
  const waiters = new Waiters()
  const inLog = waiters.wait(100, true)
  const inMailbox = waiters.wait(100, true)
  waiters.seat([inLog.ticket], 5, 2)
  const end = new FlotillaError('CLOSED', 'over')
  waiters.rejectAll(end)
  await assert.rejects(inLog.outcome, { code: 'TIMEOUT_UNKNOWN', cause: end })
  await assert.rejects(inMailbox.outcome, end)
})

test('they are bounded, and a place is free again when somebody heard', () => {
  const waiters = new Waiters()
  const tickets = Array.from({ length: WAITERS_MAX }, () => {
    const { ticket, outcome: promise } = waiters.wait(100, true)
    promise.catch(() => {})
    return ticket
  })
  assert.equal(new Set(tickets).size, WAITERS_MAX)
  assert.equal(waiters.isFull, true)
  waiters.reject(tickets[0] as number, new FlotillaError('NOT_LEADER', 'no'))
  assert.equal(waiters.isFull, false)
})
