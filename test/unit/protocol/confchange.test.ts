/** What a configuration becomes: the calculus of changes, from the books. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  applyChange,
  type ConfChange,
  changeSimply,
  checkChange,
  checkConf,
  enterJoint,
  isJoint,
  isLearner,
  isMember,
  LEAVE_JOINT,
  leave,
  MEMBERS_MAX,
  membersOf,
  STEPS_MAX,
  type Transition,
} from '../../../src/protocol/confchange.ts'
import type { ConfState } from '../../../src/protocol/types.ts'
import { changeOf, confOf, short, steps } from '../../harness/conf-changes.ts'

const NO_VOTER = 'no voter would be left'
const TWO = 'more than one voter would change at once: that takes a joint configuration'
const LEAVE_FIRST = 'the configuration is joint: it must be left before the next change'

describe('a simple change', () => {
  const rows: readonly (readonly [ConfState, string, string])[] = [
    [confOf([]), 'l1', NO_VOTER],
    [confOf([]), 'v1', '1'],
    [confOf([1]), 'v1', '1'],
    [confOf([1]), 'v2', '1 2'],
    [confOf([1]), 'r1', NO_VOTER],
    [confOf([1]), 'l1', NO_VOTER],
    [confOf([1]), 'v2 l3', '1 2 learners 3'],
    [confOf([1]), 'l2 l3 l4 l5', '1 learners 2 3 4 5'],
    [confOf([1], [2, 3, 4, 5]), 'r2 r3 r4 r5', '1'],
    [confOf([1, 2], [3]), 'r1 v5', TWO],
    [confOf([1, 2], [3]), 'r1 r2', NO_VOTER],
    [confOf([1, 2], [3]), 'v3 v4', TWO],
    [confOf([1, 2], [3]), 'l1 v5', TWO],
    [confOf([1, 2], [3]), 'l1 l2', NO_VOTER],
    [confOf([1, 2]), 'l1', '2 learners 1'],
    [confOf([2], [1]), 'l1', '2 learners 1'],
    [confOf([2], [1]), 'r1', '2'],
    [confOf([2]), 'r4', '2'],
    [confOf([1, 2, 3]), 'l1 v1', '1 2 3'],
    [confOf([1, 3], [2]), 'v2 l2', '1 3 learners 2'],
    [confOf([1, 3], [2]), 'v2', '1 2 3'],
    [confOf([2, 10]), 'v9', '2 9 10'],
  ]
  for (const [conf, text, then] of rows)
    test(`${short(conf)}: ${text} → ${then}`, () => assert.equal(short(changeSimply(conf, steps(text))), then))

  test('is none while the configuration is joint', () => {
    assert.equal(changeSimply({ ...confOf([2, 3]), votersOutgoing: [1] }, steps('l15')), LEAVE_FIRST)
  })
})

describe('a joint change', () => {
  const rows: readonly (readonly [ConfState, string, string, string])[] = [
    [confOf([1]), 'r1 v2 v3 l4', '2 3 && 1 learners 4', '2 3 learners 4'],
    [confOf([1]), 'v2 l1', '2 && 1 next 1', '2 learners 1'],
    [confOf([1]), 'v2 v3', '1 2 3 && 1', '1 2 3'],
    [confOf([1]), 'r1 r2 r9 v2 v3 v4 v2 v3 v4 l2 l2 r4 r4 l1 l1', '3 && 1 learners 2 next 1', '3 learners 1 2'],
    [confOf([1, 2], [3, 4]), 'l1 v1 v3 r4', '1 2 3 && 1 2', '1 2 3'],
    [confOf([1, 2]), 'l1 r1', '2 && 1 2', '2'],
    [confOf([1]), 'v1', '1 && 1', '1'],
  ]
  for (const [conf, text, between, then] of rows)
    test(`${short(conf)}: ${text} → ${between} → ${then}`, () => {
      const joint = enterJoint(conf, steps(text), false) as ConfState
      assert.equal(short(joint), between)
      assert.equal(short(leave(joint)), then)
      assert.equal(short(enterJoint(conf, steps(text), true)), `${between} auto`)
      assert.equal(short(leave({ ...joint, autoLeave: true })), then)
      assert.equal(enterJoint(joint, steps('v12'), false), LEAVE_FIRST)
    })

  test('needs voters before, and after', () => {
    assert.equal(enterJoint(confOf([]), steps('v1'), false), 'without voters nobody can agree to a joint configuration')
    assert.equal(enterJoint(confOf([1]), steps('r1'), false), NO_VOTER)
    assert.equal(enterJoint(confOf([1]), steps('l1'), false), NO_VOTER)
  })

  test('is left once', () => {
    assert.equal(leave(confOf([1])), 'the configuration is not joint: there is nothing to leave')
  })
})

describe('a change says how it is made', () => {
  const rows: readonly (readonly [Transition, string, string])[] = [
    ['auto', 'v4', '1 2 3 4 learners 5'],
    ['auto', 'v4 l6', '1 2 3 4 learners 5 6'],
    ['auto', 'l6 l7 r5', '1 2 3 learners 6 7'],
    ['auto', 'v4 v4 r9', '1 2 3 4 learners 5'],
    ['auto', 'r1 v4', '2 3 4 && 1 2 3 learners 5 auto'],
    ['auto', 'l1 v5', '2 3 5 && 1 2 3 next 1 auto'],
    ['auto', 'v4 r4 v5', '1 2 3 5'],
    ['jointImplicit', 'v4', '1 2 3 4 && 1 2 3 learners 5 auto'],
    ['jointExplicit', 'v4', '1 2 3 4 && 1 2 3 learners 5'],
  ]
  const conf = confOf([1, 2, 3], [5])
  for (const [transition, text, then] of rows)
    test(`${transition} ${text} → ${then}`, () => {
      const change = changeOf(transition, text)
      assert.equal(checkChange(conf, change), null)
      assert.equal(short(applyChange(conf, change)), then)
    })

  test('no steps leave, in whatever words', () => {
    const joint: ConfState = { ...confOf([2]), votersOutgoing: [1], learnersNext: [1], autoLeave: true }
    for (const transition of ['auto', 'jointImplicit', 'jointExplicit'] as const)
      assert.equal(short(applyChange(joint, { transition, steps: [], context: 'x' })), '2 learners 1')
    assert.equal(checkChange(joint, LEAVE_JOINT), null)
    assert.match(checkChange(conf, LEAVE_JOINT) ?? '', /nothing to leave/)
    for (const transition of ['auto', 'jointImplicit', 'jointExplicit'] as const)
      for (const text of ['l9', 'v9', 'v8 v9']) assert.equal(checkChange(joint, changeOf(transition, text)), LEAVE_FIRST)
  })

  test('what cannot be done leaves the very same object', () => {
    for (const change of [
      LEAVE_JOINT,
      changeOf('auto', 'r1 r2 r3'),
      changeOf('jointExplicit', 'r1 r2 r3'),
      changeOf('auto', 'v0'),
    ])
      assert.equal(applyChange(conf, change), conf)
  })
})

describe('bounds', () => {
  const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1)

  test('of peer ids', () => {
    for (const peer of [0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '2', null, undefined]) {
      const change = { transition: 'auto', steps: [{ type: 'AddNode', peer }], context: '' } as ConfChange
      assert.match(checkChange(confOf([1]), change) ?? '', /peer id/)
    }
    assert.equal(checkChange(confOf([1]), changeOf('auto', `v${2 ** 53 - 1}`)), null)
  })

  test('of steps', () => {
    const many = (n: number): ConfChange => ({ transition: 'auto', steps: upTo(n).map(() => steps('r9')[0]!), context: '' })
    assert.equal(checkChange(confOf([1]), many(STEPS_MAX)), null)
    assert.match(checkChange(confOf([1]), many(STEPS_MAX + 1)) ?? '', /at most 64 steps/)
  })

  test('of members, leaving ones included', () => {
    const full = confOf(upTo(3), upTo(MEMBERS_MAX).slice(3))
    assert.match(checkChange(full, changeOf('auto', 'l900')) ?? '', /at most 64 members, this would make 65/)
    assert.equal(checkChange(confOf(upTo(MEMBERS_MAX - 1)), changeOf('auto', 'l900')), null)
    assert.equal(checkChange(full, changeOf('auto', 'r64 l900')), null)
    assert.equal(checkChange(full, changeOf('auto', 'r64 l900 v4')), null)
    assert.match(checkChange(full, changeOf('jointExplicit', 'r1 v900')) ?? '', /members/)
  })

  test('who is too large may shrink', () => {
    const large = confOf(upTo(MEMBERS_MAX + 6))
    assert.equal(checkChange(large, changeOf('auto', 'r1')), null)
    assert.equal(checkChange(large, changeOf('auto', 'r1 r2 r3')), null)
    assert.match(checkChange(large, changeOf('auto', 'v900')) ?? '', /members/)
  })
})

test('who is a member, and who a learner', () => {
  const conf: ConfState = { voters: [2, 9], votersOutgoing: [1, 2], learners: [10], learnersNext: [1], autoLeave: false }
  assert.deepEqual(membersOf(conf), [1, 2, 9, 10])
  assert.deepEqual(
    [1, 2, 3, 9, 10].map((peer) => isMember(conf, peer)),
    [true, true, false, true, true],
  )
  assert.deepEqual(
    [1, 2, 3, 9, 10].map((peer) => isLearner(conf, peer)),
    [false, false, false, false, true],
  )
  assert.deepEqual([isJoint(conf), isJoint(confOf([1]))], [true, false])
})

describe('a configuration from outside', () => {
  const joint: ConfState = { voters: [2, 3], votersOutgoing: [1, 2], learners: [4], learnersNext: [1], autoLeave: true }
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', null, /an object/],
    ['a list missing', { ...joint, learners: undefined }, /learners is a list/],
    ['no peer', { ...joint, voters: [0] }, /voters is a list of peer ids/],
    ['a hole', { ...joint, voters: new Array(1) }, /voters is a list of peer ids/],
    ['twice the same', { ...joint, votersOutgoing: [1, 2, 1] }, /votersOutgoing names a peer twice/],
    ['perhaps', { ...joint, autoLeave: 1 }, /autoLeave is true or false/],
    ['a half without voters', { ...joint, voters: [] }, /without voters/],
    ['learners alone', confOf([], [1]), /without voters/],
    ['a voter that learns', { ...joint, learners: [3] }, /voter and a learner/],
    ['an outgoing voter that learns', { ...joint, learners: [1], learnersNext: [] }, /voter and a learner/],
    ['a voter that is to learn', { ...joint, learnersNext: [2] }, /outgoing half only/],
    ['a stranger that is to learn', { ...joint, learnersNext: [5] }, /outgoing half only/],
    ['nothing to leave', { ...confOf([1]), autoLeave: true }, /autoLeave says/],
  ]
  for (const [says, conf, why] of rows) test(`is none: ${says}`, () => assert.match(checkConf(conf as ConfState) ?? '', why))

  test('is one', () => {
    for (const conf of [joint, confOf([]), confOf([3, 1, 2], [5, 4])]) assert.equal(checkConf(conf), null)
  })

  test('comes out in order, whatever order it came in', () => {
    const unsorted: ConfState = { ...joint, voters: [3, 2], votersOutgoing: [2, 1] }
    assert.equal(short(applyChange(unsorted, LEAVE_JOINT)), '2 3 learners 1 4')
    assert.equal(short(applyChange(confOf([3, 1, 2]), changeOf('jointExplicit', 'r1'))), '2 3 && 1 2 3')
  })
})
