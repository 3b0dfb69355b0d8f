/** What a failed attempt means: the whole table, and the last words. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CODES, FlotillaError } from '../../../src/base/errors.ts'
import { finalError, hintOf, lastWord, NO_PAST, remember, type Verdict, verdictOn } from '../../../src/client/outcome.ts'

const READ = { writes: false, repeatable: true }
const WRITE = { writes: true, repeatable: false }
const IDEMPOTENT = { writes: true, repeatable: true }
const error = (code: (typeof CODES)[number]): FlotillaError => new FlotillaError(code, 'x')

const AGAIN: Readonly<Partial<Record<(typeof CODES)[number], Verdict>>> = {
  NOT_LEADER: 'lost',
  UNAVAILABLE: 'lost',
  BUSY: 'pause',
  TRANSFERRING: 'pause',
  CONF_IN_PROGRESS: 'pause',
  STORAGE_FULL: 'pause',
  DISCONNECTED: 'pause',
  STORE_MISMATCH: 'lost',
}

for (const code of CODES) {
  test(`after ${code}`, () => {
    const silence = ['TIMEOUT', 'TIMEOUT_UNKNOWN', 'STORAGE_FAILED', 'STORE_DAMAGED'].includes(code)
    assert.equal(verdictOn(error(code), WRITE), AGAIN[code] ?? 'fail')
    for (const call of [READ, IDEMPOTENT]) assert.equal(verdictOn(error(code), call), silence ? 'lost' : (AGAIN[code] ?? 'fail'))
    const looked = code === 'STORE_MISMATCH' // the client itself tries once it has looked who is there
    assert.equal(error(code).retryable, !looked && AGAIN[code] !== undefined, 'what is tried again is what is retryable')
  })
}

test('the last words: unknown once is unknown; a refusal is itself; silence of a read is TIMEOUT', () => {
  const after = (call: typeof WRITE, ...codes: (typeof CODES)[number][]): string =>
    finalError(
      codes.reduce((past, code) => remember(past, error(code), call), NO_PAST),
      call,
    ).code
  assert.equal(after(WRITE), 'UNAVAILABLE')
  assert.equal(after(WRITE, 'BUSY'), 'BUSY')
  assert.equal(after(WRITE, 'TIMEOUT'), 'TIMEOUT_UNKNOWN')
  assert.equal(after(IDEMPOTENT, 'TIMEOUT', 'NOT_LEADER'), 'TIMEOUT_UNKNOWN')
  assert.equal(after(IDEMPOTENT, 'NOT_LEADER', 'DISCONNECTED'), 'DISCONNECTED')
  assert.equal(after(READ, 'TIMEOUT_UNKNOWN'), 'TIMEOUT')
  assert.equal(after(READ, 'TIMEOUT', 'UNAVAILABLE'), 'UNAVAILABLE')
  assert.equal(after(WRITE, 'NOT_LEADER'), 'UNAVAILABLE', 'nobody led in time, and nothing was done')
  assert.equal(after(IDEMPOTENT, 'TIMEOUT', 'STORAGE_FAILED'), 'TIMEOUT_UNKNOWN')
})

test('what ends a call does not make known what an earlier attempt left unknown; what is said of the command itself does', () => {
  const last = (code: (typeof CODES)[number], unknown: boolean, call = IDEMPOTENT): string =>
    lastWord(error(code), { last: error('TIMEOUT'), unknown }, call).code
  for (const code of ['CLOSED', 'STORE_MISMATCH', 'UNKNOWN_GROUP', 'CONFIG_INVALID', 'STORAGE_FAILED'] as const) {
    assert.equal(last(code, true), 'TIMEOUT_UNKNOWN')
    assert.equal(last(code, false), code)
    assert.equal(last(code, true, READ), code)
  }
  for (const code of ['COMMAND_INVALID', 'TOO_LARGE', 'ACTOR_EXISTS'] as const) assert.equal(last(code, true), code)
})

test('a hint is the name of a node, and nothing else', () => {
  assert.equal(hintOf(new FlotillaError('NOT_LEADER', '', { leader: 'b' })), 'b')
  assert.equal(hintOf(new FlotillaError('NOT_LEADER', '', { leader: 7 })), null)
  assert.equal(hintOf(error('NOT_LEADER')), null)
})
