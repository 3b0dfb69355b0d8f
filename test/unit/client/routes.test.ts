/** Which way is next: the words of the session's chart, one by one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import {
  backoffMs,
  countFailure,
  followFinding,
  followGroup,
  followHint,
  isHinted,
  isNamed,
  isOutdated,
  isRestless,
  isUnheard,
  pauseMs,
  settle,
} from '../../../src/client/routes.ts'

const group = { route: { kind: 'group' }, term: 4, serial: 3, failures: 0 } as const
const atB = { route: { kind: 'node', node: 'b' }, term: 4, serial: 3, failures: 1 } as const

test('a loss on an earlier route is outdated', () => {
  assert.equal(isOutdated(group, { serial: 2, hint: null }), true)
  assert.equal(isOutdated(group, { serial: 3, hint: null }), false)
})

test('a hint counts unless it points back, or losses have piled up', () => {
  assert.equal(isHinted(group, { serial: 3, hint: 'b' }), true)
  assert.equal(isHinted(group, { serial: 3, hint: null }), false)
  assert.equal(isHinted(atB, { serial: 3, hint: 'b' }), false)
  assert.equal(isHinted(atB, { serial: 3, hint: 'c' }), true)
  assert.equal(isHinted({ ...atB, failures: 2 }, { serial: 3, hint: 'c' }), false)
})

test('a finding counts when it names a leader, and none of an earlier term than one believed', () => {
  assert.equal(isNamed(atB, { leader: null, term: 9 }), false)
  assert.equal(isNamed(atB, { leader: 'a', term: 3 }), false)
  assert.equal(isNamed(atB, { leader: 'a', term: 4 }), true)
  assert.equal(isNamed(atB, { leader: 'a', term: 5 }), true)
})

test('findings and hints lead to a node by name; the group is for when nobody can be asked', () => {
  const c = { kind: 'node', node: 'c' } as const
  assert.deepEqual(followFinding(group, { leader: 'c', term: 5 }), { route: c, term: 5, serial: 4 })
  assert.deepEqual(followFinding(atB, { leader: 'c', term: 5 }), { route: c, term: 5, serial: 4 })
  assert.deepEqual(followHint(group, { serial: 3, hint: 'c' }), { route: c, serial: 4, failures: 1 })
  assert.deepEqual(followGroup(atB), { route: { kind: 'group' }, serial: 4 })
})

test('nobody can be asked when none listens or the server forbids it, not when somebody is silent', () => {
  const codes = ['UNAVAILABLE', 'CONFIG_INVALID', 'TIMEOUT', 'DISCONNECTED', 'BUSY', 'CLOSED'] as const
  assert.deepEqual(
    codes.filter((code) => isUnheard(new FlotillaError(code, 'x'))),
    ['UNAVAILABLE', 'CONFIG_INVALID'],
  )
  assert.equal(isUnheard(new Error('x')), false)
})

test('losses are counted until an answer settles them', () => {
  assert.deepEqual(countFailure(atB), { failures: 2 })
  assert.deepEqual(settle(), { failures: 0 })
  assert.deepEqual(
    [0, 1, 2, 3].map((failures) => isRestless({ ...group, failures })),
    [false, false, true, true],
  )
})

test('the pause doubles from 20 to 250 ms, less up to a half by chance', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 99].map((failures) => backoffMs(failures, 0)),
    [20, 40, 80, 160, 250, 250, 250],
  )
  assert.deepEqual(
    [1, 2, 3, 6].map((failures) => backoffMs(failures, 0.999)),
    [20, 20, 40, 125],
  )
})

test('after a full disk one pauses longer, from the first time on: half a second to one', () => {
  const full = new FlotillaError('STORAGE_FULL', 'x')
  assert.deepEqual([pauseMs(full, 1, 0), pauseMs(full, 9, 1)], [1000, 500])
  assert.equal(pauseMs(new FlotillaError('BUSY', 'x'), 1, 0), 20)
})
