/** Which rows of the protocol's charts a run takes. Counts in the whole process: of two runs at once each counts for both. */

import { sentenceOf } from '../../chart/rows.ts'
import { type TalliedRow, tallyOf } from '../../chart/tally.ts'
import { spokenTransfer } from '../../leader/handoff.ts'
import { spokenLease } from '../../leader/lease-words.ts'
import { spokenMembership } from '../../leader/membership-words.ts'
import { spokenProgress } from '../../leader/progress-words.ts'
import { spokenRole } from '../../peer/role-words.ts'

/** The counts of one chart at one moment, in the order of its rows. */
export type ChartTally = readonly Pick<TalliedRow, 'taken' | 'refused'>[]

interface CountedChart {
  readonly name: string
  rows(): readonly TalliedRow[]
  tally(): ChartTally
}

/** The charts of the core, by the name of their machine. */
export const CHARTS: readonly CountedChart[] = [spokenRole, spokenProgress, spokenTransfer, spokenMembership, spokenLease].map(
  (machine) => {
    const rows = (): readonly TalliedRow[] => tallyOf(machine as never)
    return { name: machine.id, rows, tally: () => rows().map(({ taken, refused }) => ({ taken, refused })) }
  },
)

const rowName = (chart: string, row: TalliedRow): string => `${chart}: ${sentenceOf(row)}`

/** What happened since those tallies: rows taken, and answers of guards. */
export function differenceOf(before: readonly ChartTally[]): {
  readonly rows: ReadonlyMap<string, number>
  readonly guards: ReadonlyMap<string, number>
} {
  const rows = new Map<string, number>()
  const guards = new Map<string, number>()
  const add = (counts: Map<string, number>, name: string, by: number): void => {
    if (by > 0) counts.set(name, (counts.get(name) ?? 0) + by)
  }
  for (const [i, { name, rows: now }] of CHARTS.entries())
    for (const [j, row] of now().entries()) {
      const then = before[i]?.[j] ?? { taken: 0, refused: 0 }
      add(rows, rowName(name, row), row.taken - then.taken)
      if (row.guard === '') continue
      add(guards, `${name}.${row.guard} yes`, row.taken - then.taken)
      add(guards, `${name}.${row.guard} no`, row.refused - then.refused)
    }
  return { rows, guards }
}

/** Everything that {@link differenceOf} could name. */
export function everyRowAndGuard(): { readonly rows: readonly string[]; readonly guards: readonly string[] } {
  const all = CHARTS.flatMap(({ name, rows }) => rows().map((row) => ({ name, row })))
  const guards = new Set(all.filter(({ row }) => row.guard !== '').map(({ name, row }) => `${name}.${row.guard}`))
  return {
    rows: all.map(({ name, row }) => rowName(name, row)),
    guards: [...guards].flatMap((guard) => [`${guard} yes`, `${guard} no`]),
  }
}
