/** Requests that wait: each ends once, the bound holds, deadlines are cancelled. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { REQUESTS_MAX, Requests } from '../../../src/transport/requests.ts'
import { refusedWith } from '../../contract/transport-waiting.ts'

test('above the bound a request is BUSY, and an end makes room', async () => {
  let cancelled = 0
  const requests = new Requests(() => () => {
    cancelled++
  })
  const open = Array.from({ length: REQUESTS_MAX }, () => requests.open('x', 1000))
  assert.throws(() => requests.open('x', 1000), refusedWith('BUSY'))
  requests.refuseUnheard(open[0]?.token ?? '')
  const more = requests.open('y', 1000)
  requests.refuseAll(new FlotillaError('CLOSED', 'over'), 'x')
  assert.equal(requests.size, 1)
  requests.refuseAll(new FlotillaError('CLOSED', 'over'))
  const ends = await Promise.allSettled([...open, more].map(({ answer }) => answer))
  const codes = ends.map((end) => (end.status === 'rejected' ? end.reason.code : 'answered'))
  assert.deepEqual([codes[0], new Set(codes.slice(1))], ['UNAVAILABLE', new Set(['CLOSED'])])
  assert.equal(cancelled, REQUESTS_MAX + 1)
})

test('tokens are never the same', () => {
  const requests = new Requests(() => () => {})
  const tokens = Array.from({ length: 1000 }, () => requests.open('x', 1).token)
  assert.equal(new Set(tokens).size, 1000)
})
