/** `npm run sim`: many seeds, or one again with its trace. Knows flags and streams; what is simulated is in src/testkit. */

import { readFileSync } from 'node:fs'
import { UsageError } from '../../src/cli/arguments.ts'
import { type JournalEntry, lineOf } from '../../src/testkit/sim/journal.ts'
import { type Plan, planOf } from '../../src/testkit/sim/plan.ts'
import { planFileOf } from '../../src/testkit/sim/plan-file.ts'
import { type SimulationReport, simulate } from '../../src/testkit/sim/simulate.ts'
import { campaign } from './campaign.ts'
import { optionsOf, type SimOptions, USAGE } from './options.ts'
import { writeReached } from './reached.ts'
import { save, shrunk } from './saving.ts'
import { coverageLines, progressLine, replayWords, reportJson, summaryLines, violationLines } from './telling.ts'
import { TEST_WISH } from './test-set.ts'

/** Milliseconds between two lines of progress: often on a terminal, now and then in a log. */
const PROGRESS_MS = process.stderr.isTTY ? 200 : 10_000

const out = (line: string): void => void process.stdout.write(`${line}\n`)
const err = (line: string): void => void process.stderr.write(`${line}\n`)

/** Shows how far it is, on stderr. */
class Progress {
  #lastMs = performance.now()

  show(line: string): void {
    if (performance.now() - this.#lastMs < PROGRESS_MS) return
    this.#lastMs = performance.now()
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
    else err(line)
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

async function runMany(options: SimOptions): Promise<number> {
  const progress = new Progress()
  const { tally, failed } = await campaign(options, (report, so) => {
    if (options.json) out(reportJson(report))
    progress.show(progressLine(so, report.seed))
  })
  progress.end()
  if (options.json) out(JSON.stringify({ ...tally, coverage: options.coverage ? tally.coverage : undefined }))
  else {
    if (failed !== null) for (const line of violationLines(failed)) out(line)
    if (options.coverage) for (const line of coverageLines(tally.coverage)) out(line)
    for (const line of summaryLines(tally)) out(line)
  }
  if (failed === null) return 0
  await keep(failed, options)
  return 1
}

/** A failing run is made small and saved. All of this is said on stderr. */
async function keep(report: SimulationReport, { attempts, wish }: SimOptions): Promise<void> {
  err(`\nto see it again: ${replayWords(report, wish)}`)
  if (attempts === 0 || report.violation === null) return
  err(`shrinking, in up to ${attempts} runs`)
  const {
    plan,
    violation,
    attempts: taken,
  } = await shrunk(report.plan, attempts, (smaller, at) => err(`  run ${at}: ${sizeOf(smaller)}`))
  if (violation === null) return err('it did not fail again: the run depends on something outside of it')
  err(`after ${taken} runs: ${sizeOf(plan)}; ${violation.invariant}: ${violation.message}`)
  const path = save(plan, violation.invariant)
  err(`saved, to be replayed by every npm test: ${path}\nto see it: npm run sim -- --file ${path}`)
}

const sizeOf = ({ faults, clients, groups, nodes, keys, stormMs }: Plan): string =>
  `${faults.length} faults, ${clients} clients, ${nodes.length} nodes, ${groups} groups, ${keys} keys, ${stormMs / 1000} s`

/** One run again, every event of it. */
async function replay(plan: Plan, { json, coverage }: SimOptions): Promise<number> {
  const onEntry = (entry: JournalEntry): void => out(json ? JSON.stringify(entry) : lineOf(entry))
  const report = await simulate({ seed: plan.seed, plan, onEntry })
  if (json) out(reportJson({ ...report, tail: [] }))
  else {
    for (const line of violationLines({ ...report, tail: [] })) out(line)
    if (coverage) for (const line of coverageLines(report.coverage)) out(line)
    const { ok, failed, unknown } = report.operations
    out(
      `\n${report.steps} events, ${ok} operations ok, ${failed} failed, ${unknown} unknown; ${Math.round(report.simulatedMs)} ms, hash ${report.hash}`,
    )
  }
  return report.violation === null ? 0 : 1
}

/** What the test set reaches, for the tests to hold it against. */
async function noteReached(): Promise<number> {
  const progress = new Progress()
  const failed = await writeReached(({ plan, seed }) => progress.show(`${plan.profile} ${seed}`))
  progress.end()
  if (failed === null) return 0
  for (const line of [...violationLines(failed), replayWords(failed, TEST_WISH)]) out(line)
  return 1
}

async function main(words: readonly string[]): Promise<number> {
  const options = optionsOf(words)
  if (options === null) {
    out(USAGE)
    return 0
  }
  if (options.reached) return noteReached()
  if (options.file !== null) return replay(planFileOf(readFileSync(options.file, 'utf8')).plan, options)
  if (options.seed !== null) {
    const [profile = 'rough'] = options.mixes
    return replay(planOf({ seed: options.seed, profile, ...options.wish }), options)
  }
  return runMany(options)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  err(error instanceof UsageError ? `${message}\n\n${USAGE}` : message)
  process.exitCode = 2
}
