/** The tests of one profile: each seed of the test set, and what they reach together. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NO_COVERAGE, withCoverage } from '../../src/testkit/sim/coverage.ts'
import { type SimulationReport, simulate } from '../../src/testkit/sim/simulate.ts'
import type { Mix } from './options.ts'
import { replayWords } from './telling.ts'
import { REACHED, reachedLines, readReached, SEEDS, seedsWanted, TEST_WISH } from './test-set.ts'

/** Lines of a failed run that a test shows; the command shows more. */
const LINES = 30

/** Makes the tests of one profile. */
export function testProfile(profile: Mix): void {
  describe(`every rule holds under ${profile}`, () => {
    let coverage = NO_COVERAGE
    for (let seed = 1; seed <= seedsWanted(); seed++)
      test(`seed ${seed}`, async () => {
        const report = await simulate({ seed, profile, ...TEST_WISH })
        coverage = withCoverage(coverage, report.coverage)
        if (report.violation !== null) assert.fail(failure(report))
      })

    test('nothing is lost that was reached', { skip: seedsWanted() < SEEDS && 'of fewer seeds nobody can tell' }, () => {
      const reached = new Set(reachedLines(coverage))
      const lost = (readReached().get(profile) ?? []).filter((line) => !reached.has(line))
      assert.deepEqual(lost, [], `if that is meant: npm run sim -- --reached writes ${REACHED} anew`)
    })
  })
}

function failure(report: SimulationReport): string {
  const { violation, tail } = report
  return [...tail.slice(-LINES), `${violation?.invariant}: ${violation?.message}`, replayWords(report, TEST_WISH)].join('\n')
}
