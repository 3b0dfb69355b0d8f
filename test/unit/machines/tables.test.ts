/** The small charts, row by row: what each does and what it leaves alone. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { leaseMachine } from '../../../machines/lease.ts'
import type { membershipMachine } from '../../../machines/membership.ts'
import type { progressMachine } from '../../../machines/progress.ts'
import type { transferMachine } from '../../../machines/transfer.ts'
import { stepperOf } from '../../../src/chart/stepper.ts'
import { NO_TRANSFER, spokenTransfer } from '../../../src/leader/handoff.ts'
import { spokenLease, stepLease } from '../../../src/leader/lease-words.ts'
import { spokenMembership, stepMembership } from '../../../src/leader/membership-words.ts'
import { spokenProgress, stepProgress } from '../../../src/leader/progress-words.ts'
import { LEASE_ROWS, leaseOf } from '../../harness/lease-table.ts'
import { MEMBERSHIP_ROWS, membershipOf } from '../../harness/membership-table.ts'
import { PROGRESS_ROWS } from '../../harness/progress-table.ts'
import { TRANSFER_ROWS } from '../../harness/transfer-table.ts'

describe('progress', () => {
  const chart = spokenProgress as unknown as typeof progressMachine
  for (const { says, state, before, event, then, after } of PROGRESS_ROWS)
    test(`${state}: ${says}`, () => {
      const next = stepProgress(chart.resolveState({ value: state, context: before }), event)
      assert.deepEqual([next.value, next.context], [then, after])
    })
})

describe('transfer', () => {
  const chart = spokenTransfer as unknown as typeof transferMachine
  const { step } = stepperOf(chart, { target: null, told: false })
  for (const { says, from, event, to } of TRANSFER_ROWS)
    test(`${from[0]}: ${says}`, () => {
      const [next] = step(chart.resolveState({ value: from[0], context: from[1] }), event)
      assert.deepEqual([next.value, next.context], to)
    })

  test('begins idle', () => assert.equal(NO_TRANSFER.value, 'idle'))
})

describe('membership', () => {
  const chart = spokenMembership as unknown as typeof membershipMachine
  for (const { says, from, event, to } of MEMBERSHIP_ROWS)
    test(`${from[0]}: ${says}`, () => {
      const [value, context] = membershipOf(from)
      const next = stepMembership(chart.resolveState({ value, context }), event)
      assert.deepEqual([next.value, next.context], membershipOf(to))
    })
})

describe('lease', () => {
  const chart = spokenLease as unknown as typeof leaseMachine
  for (const { says, from, event, to } of LEASE_ROWS)
    test(`${from[0]}: ${says}`, () => {
      const [value, context] = leaseOf(from)
      const next = stepLease(chart.resolveState({ value, context }), event)
      assert.deepEqual([next.value, next.context], leaseOf(to))
    })
})
