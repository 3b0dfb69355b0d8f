/** The charts are the logic: whatever is left out of one, a sentence of the paper stops being true. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnyStateMachine } from 'xstate'
import type { roleMachine } from '../../machines/role.ts'
import { stepperOf } from '../../src/chart/stepper.ts'
import { spokenTransfer } from '../../src/leader/handoff.ts'
import { spokenLease } from '../../src/leader/lease-words.ts'
import { spokenMembership } from '../../src/leader/membership-words.ts'
import { spokenProgress } from '../../src/leader/progress-words.ts'
import { spokenRole } from '../../src/peer/role-words.ts'
import { contextOf, stepsOver } from '../../src/peer/step.ts'
import type { Output } from '../../src/protocol/ready.ts'
import { Disk } from '../harness/disk.ts'
import { type Claim, labOf, STEPS } from '../harness/lab.ts'
import { LEASE_ROWS, leaseOf } from '../harness/lease-table.ts'
import { MEMBERSHIP_ROWS, membershipOf } from '../harness/membership-table.ts'
import { mutantsOf } from '../harness/mutants.ts'
import { PROGRESS_ROWS } from '../harness/progress-table.ts'
import { TRANSFER_ROWS } from '../harness/transfer-table.ts'
import { forwarding, reconsidering } from '../paper/3.10-transfer.ts'
import { changing, following } from '../paper/4-membership.ts'
import { terms } from '../paper/5.1-terms.ts'
import { election } from '../paper/5.2-election.ts'
import { consistency } from '../paper/5.3-consistency.ts'
import { replication } from '../paper/5.3-replication.ts'
import { safety } from '../paper/5.4-safety.ts'
import { asking, leasing } from '../paper/6.4-reads.ts'
import { receiving, sending } from '../paper/7-snapshots.ts'
import { reading, transfer } from '../paper/8-clients.ts'
import { preVoting } from '../paper/9.6-pre-vote.ts'

/** The quick ones first: most holes are found by them. */
const CLAIMS: readonly Claim[] = [
  ...[changing, following, receiving, sending, asking, leasing, forwarding, reconsidering],
  ...[election, preVoting, consistency, transfer, reading, replication, terms, safety],
].flatMap((chapter) => Object.values(chapter))

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

/** A row of any table: a state and its context, an event, and what they become. */
interface Row {
  readonly says: string
  readonly before: Place
  readonly event: { readonly type: string }
  readonly after: Place
}

type Place = readonly [state: string, context: object]

/** Whether a chart does what a row says. */
function keeps(machine: AnyStateMachine, { before: [value, context], event, after }: Row): boolean {
  const [next] = stepperOf(machine, context as never).step(machine.resolveState({ value, context }), event as never)
  return !fails(() => assert.deepEqual([next.value, next.context], after))
}

const CHARTS: readonly (readonly [name: string, chart: unknown, rows: readonly Row[]])[] = [
  [
    'progress',
    spokenProgress,
    PROGRESS_ROWS.map(({ says, state, before, event, then, after }) => ({
      ...{ says, event },
      before: [state, before],
      after: [then, after],
    })),
  ],
  ['transfer', spokenTransfer, TRANSFER_ROWS.map(({ says, from, event, to }) => ({ says, event, before: from, after: to }))],
  [
    'membership',
    spokenMembership,
    MEMBERSHIP_ROWS.map(({ says, from, event, to }) => ({ says, event, before: membershipOf(from), after: membershipOf(to) })),
  ],
  [
    'lease',
    spokenLease,
    LEASE_ROWS.map(({ says, from, event, to }) => ({ says, event, before: leaseOf(from), after: leaseOf(to) })),
  ],
]

for (const [name, chart, rows] of CHARTS)
  describe(`the ${name} chart without`, () => {
    const whole = chart as AnyStateMachine
    for (const row of rows) assert.ok(keeps(whole, row), row.says)
    for (const { missing, machine } of mutantsOf(whole))
      test(missing, () =>
        assert.ok(
          rows.some((row) => !keeps(machine, row)),
          'no row of the table misses it',
        ),
      )
  })
