/** Every seed of the test set, profile by profile: no rule is broken, the same seed is the same run, and nothing is lost that was reached. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NO_COVERAGE, withCoverage } from '../../src/testkit/sim/coverage.ts'
import { type SimulationReport, simulate } from '../../src/testkit/sim/simulate.ts'
import { MIXES } from './options.ts'
import { replayWords } from './telling.ts'
import {
  lineOf,
  REACHED,
  reachedLines,
  readReached,
  runOf,
  runsElsewhere,
  runsHere,
  SEEDS,
  seedsWanted,
  TEST_WISH,
} from './test-set.ts'

/** Lines of a failed run that a test shows; the command shows more. */
const LINES = 30

/** Seeds that are one test together. */
const BATCH = 20

const PROGRAM = fileURLToPath(new URL('hashes.js', import.meta.url))

/** The other runs, in a process of its own, inspected: a line each. */
async function runElsewhere(seeds: number): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, String(seeds)], { maxBuffer: 64 * 1024 * 1024 })
  return stdout.trim().split('\n')
}

const seeds = seedsWanted()
const elsewhere = runElsewhere(seeds)
elsewhere.catch(() => {}) // told by the test that waits for it
const here: string[] = []

for (const profile of MIXES)
  describe(`every rule holds under ${profile}`, () => {
    let coverage = NO_COVERAGE
    for (let first = 1; first <= seeds; first += BATCH) {
      const last = Math.min(first + BATCH - 1, seeds)
      test(`seeds ${first} to ${last}`, async () => {
        for (let seed = first; seed <= last; seed++) {
          if (!runsHere(seed)) continue
          const report = await simulate({ seed, profile, ...TEST_WISH })
          here.push(lineOf(profile, report))
          coverage = withCoverage(coverage, report.coverage)
          if (report.violation !== null) assert.fail(failure(report))
        }
      })
    }

    test('nothing is lost that was reached', { skip: seeds < SEEDS && 'of fewer seeds nobody can tell' }, () => {
      const reached = new Set(reachedLines(coverage))
      const lost = (readReached().get(profile) ?? []).filter((line) => !reached.has(line))
      assert.deepEqual(lost, [], `if that is meant: npm run sim -- --reached writes ${REACHED} anew`)
    })
  })

test('every rule holds in the process beside this one, too', async () => {
  const lines = await elsewhere
  const wanted = MIXES.length * Array.from({ length: seeds }, (_, i) => i + 1).filter(runsElsewhere).length
  assert.equal(lines.length, wanted)
  const broken = lines.map(runOf).filter(({ verdict }) => verdict !== 'ok')
  assert.deepEqual(
    broken.map((run) => `${run.verdict}: ${replayWords(run, TEST_WISH)}`),
    [],
  )
})

test('each seed of the test set is the same run there, inspected, and no two of a profile are the same', async () => {
  const there = new Set(await elsewhere)
  const twice = here.filter((line) => runsElsewhere(runOf(line).plan.seed))
  const others = twice.filter((line) => !there.has(line))
  assert.deepEqual(others, [])
  const runs = here.map(runOf).map(({ plan, hash }) => `${plan.profile} ${hash}`) // where nothing was drawn to happen, profiles are the same
  assert.equal(new Set(runs).size, runs.length)
})

function failure(report: SimulationReport): string {
  const { violation, tail } = report
  return [...tail.slice(-LINES), `${violation?.invariant}: ${violation?.message}`, replayWords(report, TEST_WISH)].join('\n')
}
