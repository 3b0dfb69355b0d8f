/** What runs have met taken together, and what there is that none of them met. */

import { CODES } from '../../base/errors.ts'
import { everyRowAndGuard } from './chart-tally.ts'
import { FAULT_NAMES } from './faults.ts'
import type { Counts, Coverage } from './recorder.ts'

/** Kinds of things that can be counted to an end: of each it is known what there is. */
export const COUNTABLE = ['rows', 'guards', 'faults', 'errors'] as const

/** One of {@link COUNTABLE}. */
export type Countable = (typeof COUNTABLE)[number]

/** Of nothing. */
export const NO_COVERAGE: Coverage = { transitions: {}, rows: {}, guards: {}, errors: {}, faults: {}, fates: {} }

/** Two taken together. */
export function withCoverage(a: Coverage, b: Coverage): Coverage {
  const { transitions, rows, guards, errors, faults, fates } = a
  return {
    transitions: sum(transitions, b.transitions),
    rows: sum(rows, b.rows),
    guards: sum(guards, b.guards),
    errors: sum(errors, b.errors),
    faults: sum(faults, b.faults),
    fates: sum(fates, b.fates),
  }
}

function sum(a: Counts, b: Counts): Counts {
  const all: Record<string, number> = { ...a }
  for (const [name, count] of Object.entries(b)) all[name] = (all[name] ?? 0) + count
  return all
}

/** Everything there is to meet: rows and guards of the charts, faults, error codes. */
export function everything(): Readonly<Record<Countable, readonly string[]>> {
  return { ...everyRowAndGuard(), faults: FAULT_NAMES, errors: CODES }
}

/** What there is and was not met. */
export function unreached(coverage: Coverage): Readonly<Record<Countable, readonly string[]>> {
  const all = everything()
  const missing = (kind: Countable): readonly string[] => all[kind].filter((name) => !(name in coverage[kind]))
  return { rows: missing('rows'), guards: missing('guards'), faults: missing('faults'), errors: missing('errors') }
}
