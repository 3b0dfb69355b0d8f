/** Which way is next: the words of the session's chart, one by one. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  backoffMs,
  countFailure,
  followAnswer,
  followHint,
  isHinted,
  isOutdated,
  isRestless,
  settle,
} from '../../../src/client/routes.ts'

const group = { route: { kind: 'group' }, serial: 3, failures: 0 } as const
const atB = { route: { kind: 'node', node: 'b' }, serial: 3, failures: 1 } as const

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

test('routes take turns: from the group to the leader by name, from a node back to the group', () => {
  assert.deepEqual(followAnswer(group, 'b'), { route: { kind: 'node', node: 'b' }, serial: 4 })
  assert.deepEqual(followAnswer(atB, 'c'), { route: { kind: 'group' }, serial: 4 })
  assert.deepEqual(followHint(group, { serial: 3, hint: 'c' }), { route: { kind: 'node', node: 'c' }, serial: 4, failures: 1 })
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
