/** The charts are the logic: whatever is left out of one, a sentence of the paper stops being true. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { progressMachine } from '../../machines/progress.ts'
import type { roleMachine } from '../../machines/role.ts'
import type { transferMachine } from '../../machines/transfer.ts'
import { stepperOf } from '../../src/chart/stepper.ts'
import { spokenTransfer } from '../../src/leader/handoff.ts'
import { spokenProgress } from '../../src/leader/progress-words.ts'
import { spokenRole } from '../../src/peer/role-words.ts'
import { contextOf, stepsOver } from '../../src/peer/step.ts'
import type { Output } from '../../src/protocol/ready.ts'
import { Disk } from '../harness/disk.ts'
import { type Claim, labOf, STEPS } from '../harness/lab.ts'
import { mutantsOf } from '../harness/mutants.ts'
import { PROGRESS_ROWS, type ProgressRow } from '../harness/progress-table.ts'
import { TRANSFER_ROWS, type TransferRow } from '../harness/transfer-table.ts'
import { terms } from '../paper/5.1-terms.ts'
import { election } from '../paper/5.2-election.ts'
import { consistency } from '../paper/5.3-consistency.ts'
import { replication } from '../paper/5.3-replication.ts'
import { safety } from '../paper/5.4-safety.ts'
import { reading, transfer } from '../paper/8-clients.ts'
import { preVoting } from '../paper/9.6-pre-vote.ts'

const CLAIMS: readonly Claim[] = [election, preVoting, consistency, transfer, reading, replication, terms, safety].flatMap(
  (chapter) => Object.values(chapter),
)

/** Whether something throws. */
const fails = (check: () => void): boolean => {
  try {
    check()
    return false
  } catch {
    return true
  }
}

const SAMPLE = contextOf(new Disk().recall(1, [1, 2, 3]))

test('every sentence is true of the chart as it is', () => {
  const lab = labOf(STEPS)
  for (const claim of CLAIMS) claim(lab)
})

describe('the role chart without', () => {
  for (const { missing, machine } of mutantsOf(spokenRole as unknown as typeof roleMachine)) {
    test(missing, () => {
      const lab = labOf(stepsOver(stepperOf<typeof roleMachine, Output>(machine, SAMPLE)))
      assert.ok(
        CLAIMS.some((claim) => fails(() => claim(lab))),
        'is as good as with it: no test misses it',
      )
    })
  }
})

const START = { match: 0, next: 1, paused: false, inflight: [] }

/** Whether a progress chart does what a row says. */
function keepsProgress(machine: typeof progressMachine, row: ProgressRow): boolean {
  const from = machine.resolveState({ value: row.state, context: row.before })
  const [after] = stepperOf(machine, START).step(from, row.event)
  return after.value === row.then && isSame(after.context, row.after)
}

describe('the progress chart without', () => {
  const chart = spokenProgress as unknown as typeof progressMachine
  for (const row of PROGRESS_ROWS) assert.ok(keepsProgress(chart, row), row.says)
  for (const { missing, machine } of mutantsOf(chart))
    test(missing, () =>
      assert.ok(
        PROGRESS_ROWS.some((row) => !keepsProgress(machine, row)),
        'no row of the table misses it',
      ),
    )
})

function keepsTransfer(machine: typeof transferMachine, { from, event, to }: TransferRow): boolean {
  const before = machine.resolveState({ value: from[0], context: { target: from[1] } })
  const [after] = stepperOf(machine, { target: null }).step(before, event)
  return after.value === to[0] && after.context.target === to[1]
}

describe('the transfer chart without', () => {
  const chart = spokenTransfer as unknown as typeof transferMachine
  for (const row of TRANSFER_ROWS) assert.ok(keepsTransfer(chart, row), row.says)
  for (const { missing, machine } of mutantsOf(chart))
    test(missing, () =>
      assert.ok(
        TRANSFER_ROWS.some((row) => !keepsTransfer(machine, row)),
        'no row of the table misses it',
      ),
    )
})

function isSame(a: unknown, b: unknown): boolean {
  return !fails(() => assert.deepEqual(a, b))
}
