/** Seed after seed, until one fails or it is enough. Knows nothing of how it is told. */

import { NO_COVERAGE, withCoverage } from '../../src/testkit/sim/coverage.ts'
import type { Coverage } from '../../src/testkit/sim/recorder.ts'
import { type SimulationReport, simulate } from '../../src/testkit/sim/simulate.ts'
import type { SimOptions } from './options.ts'

/** All runs together. */
export interface Tally {
  readonly runs: number
  readonly simulatedMs: number
  readonly steps: number
  readonly operations: SimulationReport['operations']
  readonly coverage: Coverage
  /** Real milliseconds. */
  readonly wallMs: number
  /** Milliseconds of a processor. */
  readonly cpuMs: number
}

/** What came of a campaign. */
export interface Campaign {
  readonly tally: Tally
  /** The run that failed. */
  readonly failed: SimulationReport | null
}

const NOTHING: Tally = {
  runs: 0,
  simulatedMs: 0,
  steps: 0,
  operations: { ok: 0, failed: 0, unknown: 0, undecided: 0 },
  coverage: NO_COVERAGE,
  wallMs: 0,
  cpuMs: 0,
}

/** Runs every seed under every profile that was asked for. `onRun` is told of each. */
export async function campaign(
  options: Pick<SimOptions, 'mixes' | 'seeds' | 'first' | 'minutes' | 'wish'>,
  onRun: (report: SimulationReport, tally: Tally) => void,
): Promise<Campaign> {
  const began = performance.now()
  const cpu = process.cpuUsage()
  const isEnough = (): boolean => options.minutes !== null && performance.now() - began >= options.minutes * 60_000
  let tally = NOTHING
  const last = options.seeds === null ? Number.POSITIVE_INFINITY : options.first + options.seeds
  for (let seed = options.first; seed < last; seed++)
    for (const profile of options.mixes) {
      if (isEnough()) return { tally, failed: null }
      const report = await simulate({ seed, profile, ...options.wish })
      const { user, system } = process.cpuUsage(cpu)
      tally = { ...added(tally, report), wallMs: performance.now() - began, cpuMs: (user + system) / 1000 }
      onRun(report, tally)
      if (report.violation !== null) return { tally, failed: report }
    }
  return { tally, failed: null }
}

function added(tally: Tally, { simulatedMs, steps, operations, coverage }: SimulationReport): Tally {
  const { ok, failed, unknown, undecided } = tally.operations
  return {
    ...tally,
    runs: tally.runs + 1,
    simulatedMs: tally.simulatedMs + simulatedMs,
    steps: tally.steps + steps,
    operations: {
      ok: ok + operations.ok,
      failed: failed + operations.failed,
      unknown: unknown + operations.unknown,
      undecided: undecided + operations.undecided,
    },
    coverage: withCoverage(tally.coverage, coverage),
  }
}
