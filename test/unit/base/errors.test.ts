/** Errors as codes. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { InvariantError, assert as invariant } from '../../../src/base/assert.ts'
import { CODES, FlotillaError, isCode, toFlotillaError } from '../../../src/base/errors.ts'

test('only refusals after which nothing was done may be retried', () => {
  const retryable = CODES.filter((code) => new FlotillaError(code, '').retryable)
  assert.deepEqual(retryable, [
    'NOT_LEADER',
    'BUSY',
    'TRANSFERRING',
    'CONF_IN_PROGRESS',
    'UNAVAILABLE',
    'STORAGE_FULL',
    'DISCONNECTED',
  ])
})

test('codes are known by name', () => {
  assert.ok(isCode('BUSY'))
  for (const stranger of ['busy', '', null, 7, {}]) assert.ok(!isCode(stranger))
  assert.equal(new Set(CODES).size, CODES.length)
})

describe('whatever was thrown becomes an error of ours', () => {
  test('ours stays what it is', () => {
    const error = new FlotillaError('BUSY', 'later', { group: 'kv' })
    assert.equal(toFlotillaError(error, 'CLOSED'), error)
  })

  test('a stranger gets the fallback, and stays the cause', () => {
    const cause = new TypeError('x is not a function')
    const error = toFlotillaError(cause, 'UNAVAILABLE')
    assert.deepEqual([error.code, error.message, error.cause], ['UNAVAILABLE', 'x is not a function', cause])
    assert.equal(toFlotillaError('no error at all', 'CLOSED').message, 'no error at all')
  })

  test('a broken rule keeps its code', () => {
    assert.equal(toFlotillaError(new InvariantError('TERM_FELL'), 'UNAVAILABLE').code, 'INVARIANT')
    const coded = Object.assign(new Error('disk'), { code: 'ENOSPC' })
    assert.equal(toFlotillaError(coded, 'STORAGE_FAILED').code, 'STORAGE_FAILED')
  })
})

test('a broken rule says which, and with what', () => {
  invariant(true, 'FINE')
  assert.throws(
    () => invariant(false, 'TERM_FELL', { from: 3, to: 2 }),
    (error) => error instanceof InvariantError && error.invariant === 'TERM_FELL' && error.message.includes('{"from":3,"to":2}'),
  )
})
