/** Changing who counts: the chart row by row, what is missing without each row, and the two questions its leader asks. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { membershipMachine } from '../../../machines/membership.ts'
import { stepperOf } from '../../../src/chart/stepper.ts'
import {
  type MembershipSnapshot,
  mayPropose,
  NO_MEMBERSHIP,
  owesLeave,
  spokenMembership,
  startMembership,
  stepMembership,
} from '../../../src/leader/membership-words.ts'
import { applyChange, type ConfChange, checkChange, isJoint, LEAVE_JOINT } from '../../../src/protocol/confchange.ts'
import { type ConfState, votersOnly } from '../../../src/protocol/types.ts'
import {
  MEMBERSHIP_ROWS,
  type MembershipPlace,
  type MembershipRow,
  type MembershipState,
} from '../../harness/membership-table.ts'
import { mutantsOf } from '../../harness/mutants.ts'

const chart = spokenMembership as unknown as typeof membershipMachine
const NOTHING = { pendingIndex: null, autoLeave: false }

const placeOf = ({ value, context }: MembershipSnapshot): MembershipPlace => [
  value as MembershipState,
  context.pendingIndex,
  context.autoLeave,
]

/** Where a chart goes from a row's beginning. */
function walked(machine: typeof membershipMachine, { from, event }: MembershipRow): MembershipPlace {
  const [value, pendingIndex, autoLeave] = from
  return placeOf(
    stepperOf(machine, NOTHING).step(machine.resolveState({ value, context: { pendingIndex, autoLeave } }), event)[0],
  )
}

describe('membership', () => {
  for (const row of MEMBERSHIP_ROWS) test(`${row.from[0]}: ${row.says}`, () => assert.deepEqual(walked(chart, row), row.to))
})

describe('the membership chart without', () => {
  const keeps = (machine: typeof membershipMachine, row: MembershipRow): boolean =>
    JSON.stringify(walked(machine, row)) === JSON.stringify(row.to)
  for (const { missing, machine } of mutantsOf(chart))
    test(missing, () =>
      assert.ok(
        MEMBERSHIP_ROWS.some((row) => !keeps(machine, row)),
        'no row of the table misses it',
      ),
    )
})

const inherited = (joint: boolean, autoLeave: boolean, pending: number | null): MembershipSnapshot =>
  startMembership({ joint, autoLeave, pending })

test('a new leader begins where the last one ended', () => {
  assert.deepEqual(placeOf(inherited(false, false, null)), ['stable', null, false])
  assert.deepEqual(placeOf(inherited(false, false, 4)), ['changing', 4, false])
  assert.deepEqual(placeOf(inherited(true, true, null)), ['joint', null, true])
  assert.deepEqual(placeOf(inherited(true, true, 4)), ['leaving', 4, true])
  assert.deepEqual(placeOf(NO_MEMBERSHIP), ['stable', null, false])
})

test('nothing is appended while something is pending, and nothing but a leave in a joint configuration', () => {
  const places = [
    inherited(false, false, null),
    inherited(false, false, 4),
    inherited(true, false, null),
    inherited(true, false, 4),
  ]
  const answers = (leaves: boolean): boolean[] => places.map((place) => mayPropose(place, leaves))
  assert.deepEqual(answers(false), [true, false, false, false])
  assert.deepEqual(answers(true), [true, false, true, false]) // that there is nothing to leave, the calculus says
})

test('a leave is owed in a joint configuration that leaves by itself, and only until it is proposed', () => {
  assert.deepEqual(
    [inherited(false, true, null), inherited(false, true, 4), inherited(true, false, null), inherited(true, true, 4)].map(
      owesLeave,
    ),
    [false, false, false, false],
  )
  const owing = inherited(true, true, null)
  assert.ok(owesLeave(owing))
  assert.ok(!owesLeave(stepMembership(owing, { type: 'settle', index: 5 })))
})

test('two changes inherited at once: the configuration in between is not acted upon', () => {
  const waiting = inherited(false, false, 6) // entry 5 enters a joint configuration, entry 6 leaves it
  const between = stepMembership(waiting, { type: 'applied', index: 5, joint: true, autoLeave: true })
  assert.equal(between, waiting)
  assert.deepEqual(placeOf(stepMembership(between, { type: 'applied', index: 6, joint: false, autoLeave: false })), [
    'stable',
    null,
    false,
  ])
})

test('a leave that the host refused is owed again', () => {
  const leaving = stepMembership(inherited(true, true, null), { type: 'settle', index: 5 })
  assert.ok(owesLeave(stepMembership(leaving, { type: 'applied', index: 5, joint: true, autoLeave: true })))
})

/** A leader and its log, as small as can be: only changes, each applied some time after it was appended. */
interface Play {
  readonly membership: MembershipSnapshot
  readonly conf: ConfState
  readonly log: readonly ConfChange[]
  readonly applied: number
}

type Move = ConfChange | 'apply' | 'settle' | 'depose'

function proposing(play: Play, change: ConfChange): Play {
  const leaves = change.steps.length === 0
  if (!mayPropose(play.membership, leaves) || checkChange(play.conf, change) !== null) return play
  const log = [...play.log, change]
  const event = { type: 'proposed', index: log.length, leaves } as const
  return { ...play, log, membership: stepMembership(play.membership, event) }
}

function applying(play: Play): Play {
  const change = play.log[play.applied]
  if (change === undefined) return play
  const conf = applyChange(play.conf, change)
  const event = { type: 'applied', index: play.applied + 1, joint: isJoint(conf), autoLeave: conf.autoLeave } as const
  return { ...play, conf, applied: play.applied + 1, membership: stepMembership(play.membership, event) }
}

function settling(play: Play): Play {
  const owed = owesLeave(play.membership)
  const membership = stepMembership(play.membership, { type: 'settle', index: play.log.length + 1 })
  assert.equal(membership.value === 'leaving' && play.membership.value === 'joint', owed, 'owed is what settle pays')
  return { ...play, membership, log: owed ? [...play.log, LEAVE_JOINT] : play.log }
}

function moved(play: Play, move: Move): Play {
  if (move === 'apply') return applying(play)
  if (move === 'settle') return settling(play)
  if (move !== 'depose') return proposing(play, move)
  const pending = play.log.length > play.applied ? play.log.length : null
  return { ...play, membership: inherited(isJoint(play.conf), play.conf.autoLeave, pending) }
}

test('whatever happens, at most one change is on its way, and all of them do what was asked', () => {
  const step = fc.record({ type: fc.constantFrom('AddNode', 'AddLearner', 'RemoveNode'), peer: fc.integer({ min: 1, max: 5 }) })
  const change = fc.record({
    transition: fc.constantFrom('auto', 'jointImplicit', 'jointExplicit'),
    steps: fc.array(step, { maxLength: 3 }),
    context: fc.constant(''),
  })
  const move = fc.oneof({ weight: 3, arbitrary: fc.constantFrom('apply', 'settle', 'depose') }, { weight: 2, arbitrary: change })
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
      let play: Play = { membership: NO_MEMBERSHIP, conf: votersOnly([1, 2]), log: [], applied: 0 }
      for (const one of moves as Move[]) {
        play = moved(play, one)
        const under = play.log.length - play.applied
        assert.ok(under <= 1 && mayPropose(play.membership, true) === (under === 0))
        assert.equal(play.membership.context.pendingIndex, under === 0 ? null : play.log.length)
        for (const waiting of play.log.slice(play.applied)) assert.equal(checkChange(play.conf, waiting), null)
      }
      for (const one of ['apply', 'settle', 'apply'] as const) play = moved(play, one)
      assert.ok(!play.conf.autoLeave, 'a joint configuration that leaves by itself is left')
    }),
  )
})
