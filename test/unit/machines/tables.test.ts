/** The small charts, row by row: what each does and what it leaves alone. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { progressMachine } from '../../../machines/progress.ts'
import type { transferMachine } from '../../../machines/transfer.ts'
import { stepperOf } from '../../../src/chart/stepper.ts'
import { spokenTransfer } from '../../../src/leader/handoff.ts'
import { spokenProgress, startProgress, stepProgress } from '../../../src/leader/progress-words.ts'
import { PROGRESS_ROWS } from '../../harness/progress-table.ts'
import { TRANSFER_ROWS } from '../../harness/transfer-table.ts'

describe('progress', () => {
  const chart = spokenProgress as unknown as typeof progressMachine
  for (const { says, state, before, event, then, after } of PROGRESS_ROWS)
    test(`${state}: ${says}`, () => {
      const next = stepProgress(chart.resolveState({ value: state, context: before }), event)
      assert.deepEqual([next.value, next.context], [then, after])
    })

  test('begins with a probe behind the log, not paused', () => {
    const { value, context } = startProgress(8)
    assert.deepEqual([value, context], ['probe', { match: 0, next: 8, paused: false, inflight: [] }])
  })
})

describe('transfer', () => {
  const chart = spokenTransfer as unknown as typeof transferMachine
  const { start, step } = stepperOf(chart, { target: null })
  for (const { says, from, event, to } of TRANSFER_ROWS)
    test(`${from[0]}: ${says}`, () => {
      const [next] = step(chart.resolveState({ value: from[0], context: { target: from[1] } }), event)
      assert.deepEqual([next.value, next.context.target], to)
    })

  test('begins idle', () => assert.equal(start({ target: null })[0].value, 'idle'))
})
