/** What the command says of runs, in words. Knows reports, and prints nothing. */

import { COUNTABLE, everything, unreached } from '../../src/testkit/sim/coverage.ts'
import type { Plan } from '../../src/testkit/sim/plan.ts'
import type { Coverage } from '../../src/testkit/sim/recorder.ts'
import type { SimulationReport } from '../../src/testkit/sim/simulate.ts'
import type { Tally } from './campaign.ts'

const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

/** One line that is written over while seeds run. */
export function progressLine({ runs, wallMs, cpuMs, operations }: Tally, seed: number): string {
  const rate = runs / (wallMs / 1000)
  return `seed ${seed}: ${runs} runs, ${rate.toFixed(2)} a second, ${whole(cpuMs / runs)} ms of CPU each, ${whole(operations.ok)} operations`
}

/** The last lines of a campaign. */
export function summaryLines({ runs, simulatedMs, steps, operations, wallMs, cpuMs }: Tally): string[] {
  const { ok, failed, unknown, undecided } = operations
  const perMinute = (ms: number): string => whole(simulatedMs / 1000 / (ms / 60_000))
  return [
    `runs        ${whole(runs)} in ${whole(wallMs / 1000)} s (${whole(cpuMs / 1000)} s of CPU): ${(runs / (wallMs / 1000)).toFixed(2)} seeds a second`,
    `operations  ${whole(ok)} ok, ${whole(failed)} failed, ${whole(unknown)} unknown; ${whole(undecided)} histories undecided`,
    `simulated   ${whole(simulatedMs / 1000)} s, ${perMinute(wallMs)} s in a minute (${perMinute(cpuMs)} s in a minute of CPU)`,
    `events      ${whole(steps)}, ${whole(steps / (cpuMs / 1000))} in a second of CPU`,
  ]
}

/** What no run has met. */
export function coverageLines(coverage: Coverage): string[] {
  const all = everything()
  const missing = unreached(coverage)
  return COUNTABLE.flatMap((kind) => {
    const [there, not] = [all[kind].length, missing[kind]]
    return [
      `${kind}: ${there - not.length} of ${there} reached${not.length === 0 ? '' : ', not these:'}`,
      ...not.map((name) => `  ${name}`),
    ]
  })
}

/** How to see it again. */
export function replayWords({ plan }: { readonly plan: Pick<Plan, 'seed' | 'profile'> }, wish: object): string {
  const flags = Object.entries(wish).map(([name, value]) => ` --${name} ${String(value)}`)
  return `npm run sim -- --seed ${plan.seed} --profile ${plan.profile}${flags.join('')}`
}

/** What went wrong, and what came before it. */
export function violationLines({ plan, violation, tail }: SimulationReport): string[] {
  if (violation === null) return []
  const { seed, profile, nodes } = plan
  return [...tail, '', `seed ${seed}, profile ${profile}, ${nodes.length} nodes: ${violation.invariant}`, violation.message]
}

/** One run in a line of JSON. */
export function reportJson({ seed, plan, violation, hash, simulatedMs, steps, operations, tail }: SimulationReport): string {
  const { profile, nodes } = plan
  const faults = plan.faults.length
  return JSON.stringify({
    seed,
    profile,
    nodes: nodes.length,
    faults,
    hash,
    simulatedMs,
    steps,
    operations,
    violation,
    ...(violation ? { tail } : {}),
  })
}
