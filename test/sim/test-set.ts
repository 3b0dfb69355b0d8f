/** The seeds that every `npm test` runs, profile by profile, and what they are known to reach. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { COUNTABLE } from '../../src/testkit/sim/coverage.ts'
import type { Coverage } from '../../src/testkit/sim/recorder.ts'
import { ROOT } from './saving.ts'

/** Seeds of each profile when nobody says. */
export const SEEDS = 100

/** Short storms, densely packed, and two clients: many small worlds show more than a few large ones. */
export const TEST_WISH = { seconds: 3, density: 3, clients: 2 } as const

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
