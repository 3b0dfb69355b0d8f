/** Makes what failed small, and keeps it where it is replayed for ever. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../../src/testkit/sim/plan.ts'
import { planFileText } from '../../src/testkit/sim/plan-file.ts'
import { type Shrunk, shrink } from '../../src/testkit/sim/shrink.ts'
import { simulate } from '../../src/testkit/sim/simulate.ts'

/** The project. This file runs as dist/test/sim/saving.js. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Where plans are that once failed, in the project. */
export const REGRESSIONS = 'test/sim/regressions'

/** Runs a plan, and says what was wrong. */
export const violationOf = async (plan: Plan) => (await simulate({ seed: plan.seed, plan })).violation

/** The smallest plan that can be found. `onSmaller` is told of each. */
export const shrunk = (plan: Plan, attempts: number, onSmaller: (plan: Plan, attempts: number) => void): Promise<Shrunk> =>
  shrink(plan, { run: violationOf, attempts, onSmaller })

/** Writes it; returns where. */
export function save(plan: Plan, invariant: string): string {
  const path = join(REGRESSIONS, `${plan.profile}-${plan.seed}.json`)
  mkdirSync(dirname(join(ROOT, path)), { recursive: true })
  writeFileSync(join(ROOT, path), planFileText({ invariant, plan }))
  return path
}
