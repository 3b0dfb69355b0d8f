/** Writes down what the test set reaches: not what a lucky seed does, but what many do, so that a change of schedule loses nothing. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SimulationReport, simulate } from '../../src/testkit/sim/simulate.ts'
import { MIXES } from './options.ts'
import { ROOT } from './saving.ts'
import { REACHED, reachedLines, SEEDS, TEST_WISH } from './test-set.ts'

/** Seeds that are asked. */
const SEEDS_ASKED = SEEDS

/** Of these, so many have to reach something: that another schedule lets none of them reach it is not to be expected. */
const SEEDS_AGREED = 10

/** Runs the seeds, and writes {@link REACHED}. Returns the run that failed, if one did: then nothing is written. */
export async function writeReached(onRun: (report: SimulationReport) => void): Promise<SimulationReport | null> {
  const sections: string[] = []
  for (const profile of MIXES) {
    const counts = new Map<string, number>()
    for (let seed = 1; seed <= SEEDS_ASKED; seed++) {
      const report = await simulate({ seed, profile, ...TEST_WISH })
      onRun(report)
      if (report.violation !== null) return report
      for (const line of reachedLines(report.coverage)) counts.set(line, (counts.get(line) ?? 0) + 1)
    }
    const agreed = [...counts].filter(([, count]) => count >= SEEDS_AGREED).map(([line]) => line)
    sections.push(`[${profile}]\n${agreed.sort().join('\n')}\n`)
  }
  const head = `# What at least ${SEEDS_AGREED} of ${SEEDS_ASKED} seeds of each profile reach. Written by npm run sim -- --reached.\n`
  writeFileSync(join(ROOT, REACHED), [head, ...sections].join('\n'))
  return null
}
