/** The seeds that every `npm test` runs, profile by profile, and what they are known to reach. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COUNTABLE } from '../../src/testkit/sim/coverage.ts'
import type { Coverage } from '../../src/testkit/sim/recorder.ts'
import type { SimulationReport } from '../../src/testkit/sim/simulate.ts'
import { ROOT } from './saving.ts'

/** Seeds of each profile when nobody says. Each runs twice, in two processes. */
export const SEEDS = 200

/** Short storms, densely packed, and two clients: many small worlds show more than a few large ones. */
export const TEST_WISH = { seconds: 2.5, density: 3.5, clients: 2 } as const

/** Whether a seed runs in the test itself, and in the process beside it: those beyond the test set are shared out. */
export const runsHere = (seed: number): boolean => seed <= SEEDS || seed % 2 === 1
export const runsElsewhere = (seed: number): boolean => seed <= SEEDS || seed % 2 === 0

/** A run in a line: profile, seed, hash, and the rule that was broken. {@link runOf} takes it apart. */
export const lineOf = (
  profile: string,
  { plan, hash, violation }: Pick<SimulationReport, 'plan' | 'hash' | 'violation'>,
): string => `${profile} ${plan.seed} ${hash} ${violation?.invariant ?? 'ok'}`

export function runOf(line: string): {
  readonly plan: { readonly profile: string; readonly seed: number }
  readonly hash: string
  readonly verdict: string
} {
  const [profile = '', seed, hash = '', verdict = ''] = line.split(' ')
  return { plan: { profile, seed: Number(seed) }, hash, verdict }
}

/** Where it is written what the test set reaches. */
export const REACHED = 'test/sim/reached.txt'

/** How many seeds of each profile to run: FLOTILLA_SIM_SEEDS. */
export function seedsWanted(): number {
  const wanted = process.env.FLOTILLA_SIM_SEEDS
  if (wanted === undefined || wanted === '') return SEEDS
  assert.match(wanted, /^[1-9]\d*$/, 'FLOTILLA_SIM_SEEDS is a number of seeds')
  return Number(wanted)
}

/** What was met, a line each. */
export const reachedLines = (coverage: Coverage): string[] =>
  COUNTABLE.flatMap((kind) => Object.keys(coverage[kind]).map((name) => `${kind} ${name}`.trimEnd()))

/** By profile. */
export function readReached(): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(join(ROOT, REACHED), 'utf8').split('\n')
  const byProfile = new Map<string, string[]>()
  let section: string[] = []
  for (const line of lines) {
    const profile = /^\[(.+)\]$/.exec(line)?.[1]
    if (profile !== undefined) {
      section = []
      byProfile.set(profile, section)
    } else if (line !== '' && !line.startsWith('#')) section.push(line)
  }
  return byProfile
}
