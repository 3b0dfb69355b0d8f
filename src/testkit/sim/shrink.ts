/** Makes a plan that fails smaller, as long as it fails the same way: what is left is what it takes. Knows plans, and nothing of worlds. */

import type { Fault } from './faults.ts'
import type { Plan } from './plan.ts'
import { namesIn } from './plan-file.ts'
import type { Violation } from './violation.ts'

/** How to shrink. */
export interface ShrinkOptions {
  /** Carries a plan out, and says what was wrong with it. */
  readonly run: (plan: Plan) => Promise<Violation | null>
  /** What it has to fail of to count. Default: what the plan fails of in the first attempt. */
  readonly invariant?: string
  /** Runs at most. Default 200. */
  readonly attempts?: number
  /** Told of each smaller plan. */
  readonly onSmaller?: (plan: Plan, attempts: number) => void
}

/** What came of it. */
export interface Shrunk {
  readonly plan: Plan
  /** What the plan fails of; null: it does not fail, and is as it was. */
  readonly violation: Violation | null
  /** Runs it took. */
  readonly attempts: number
  /** Whether nothing more could be left out; false: the attempts were used up. */
  readonly isMinimal: boolean
}

const ATTEMPTS_MAX = 200

/** What a storm is cut down to at least, in milliseconds. */
const STORM_MS_MIN = 250

/** Leaves out of a failing plan what it does not need: faults first, then clients, groups, time, nodes, keys. Rounds go on until one changes nothing. */
export async function shrink(plan: Plan, options: ShrinkOptions): Promise<Shrunk> {
  const trial = new Trial(plan, options)
  if (!(await trial.begin())) return { plan, violation: null, attempts: trial.attempts, isMinimal: true }
  const passes = [fewerFaults, fewerClients, fewerGroups, shorterStorm, shorterFaults, fewerNodes, fewerKeys]
  let before: Plan
  do {
    before = trial.best
    for (const pass of passes) await pass(trial)
  } while (trial.best !== before && !trial.isUsedUp)
  return { plan: trial.best, violation: trial.violation, attempts: trial.attempts, isMinimal: !trial.isUsedUp }
}

/** The smallest plan so far that fails, and what is left of the attempts. */
class Trial {
  best: Plan
  violation: Violation | null = null
  attempts = 0
  readonly #options: ShrinkOptions
  #invariant: string | undefined

  constructor(plan: Plan, options: ShrinkOptions) {
    this.best = plan
    this.#options = options
    this.#invariant = options.invariant
  }

  get isUsedUp(): boolean {
    return this.attempts >= (this.#options.attempts ?? ATTEMPTS_MAX)
  }

  /** Whether it fails at all. */
  begin(): Promise<boolean> {
    return this.accepts(this.best)
  }

  /** Whether this one fails as well; then it is the best. */
  async accepts(plan: Plan): Promise<boolean> {
    if (this.isUsedUp) return false
    this.attempts++
    const violation = await this.#options.run(plan)
    if (violation === null || (this.#invariant !== undefined && violation.invariant !== this.#invariant)) return false
    this.#invariant = violation.invariant
    this.violation = violation
    if (plan !== this.best) this.#options.onSmaller?.(plan, this.attempts)
    this.best = plan
    return true
  }

  /** The first of these changes that still fails, if any. */
  async first(changes: readonly Partial<Plan>[]): Promise<boolean> {
    for (const change of changes) if (await this.accepts({ ...this.best, ...change })) return true
    return false
  }
}

/** Delta debugging (Zeller and Hildebrandt): leaves out halves, then quarters, down to single faults. */
async function fewerFaults(trial: Trial): Promise<void> {
  if (trial.best.faults.length > 0 && (await trial.first([{ faults: [] }]))) return
  let pieces = 2
  while (trial.best.faults.length > 0 && !trial.isUsedUp) {
    const { faults } = trial.best
    const size = Math.max(1, Math.ceil(faults.length / pieces))
    const starts = Array.from({ length: Math.ceil(faults.length / size) }, (_, i) => i * size)
    const smaller = await trial.first(
      starts.map((start) => ({ faults: [...faults.slice(0, start), ...faults.slice(start + size)] })),
    )
    if (smaller) pieces = Math.max(2, pieces - 1)
    else if (size === 1) return
    else pieces *= 2
  }
}

/** Smaller numbers, the smallest first. */
function below(value: number, min: number): number[] {
  const tries = [min, Math.ceil((min + value) / 2), value - 1]
  return [...new Set(tries)].filter((one) => one >= min && one < value).sort((a, b) => a - b)
}

async function fewer(trial: Trial, key: 'clients' | 'groups' | 'keys', min: number): Promise<void> {
  while (await trial.first(below(trial.best[key], min).map((value) => ({ [key]: value })))) if (trial.isUsedUp) return
}

const fewerClients = (trial: Trial): Promise<void> => fewer(trial, 'clients', 1)
const fewerGroups = (trial: Trial): Promise<void> => fewer(trial, 'groups', 1)
const fewerKeys = (trial: Trial): Promise<void> => fewer(trial, 'keys', 1)

/** Cuts the end off, with the faults that would have come then. */
async function shorterStorm(trial: Trial): Promise<void> {
  for (;;) {
    const { stormMs, faults } = trial.best
    const lastFault = Math.max(0, ...faults.map(({ at, ms }) => at + ms)) + STORM_MS_MIN
    const tries = [lastFault, stormMs / 2, stormMs * 0.75, stormMs * 0.9].map((one) => Math.max(STORM_MS_MIN, Math.round(one)))
    const shorter = [...new Set(tries)].filter((one) => one < stormMs * 0.95).sort((a, b) => a - b)
    if (!(await trial.first(shorter.map((one) => ({ stormMs: one, faults: faults.filter(({ at }) => at < one) }))))) return
  }
}

async function shorterFaults(trial: Trial): Promise<void> {
  for (let i = 0; i < trial.best.faults.length; i++)
    for (;;) {
      const { faults } = trial.best
      const fault = faults[i] as Fault
      if (fault.ms < 2 || !(await trial.first([{ faults: faults.with(i, { ...fault, ms: Math.floor(fault.ms / 2) }) }]))) break
    }
}

/** Leaves out nodes that no fault needs: one that befalls many goes on without it. */
async function fewerNodes(trial: Trial): Promise<void> {
  for (const node of [...trial.best.nodes].reverse()) {
    if (trial.best.nodes.length === 1) return
    const faults = trial.best.faults.map((fault) => without(fault, node))
    if (faults.some(({ params }) => namesIn(params).some(([, name]) => name === node))) continue
    await trial.accepts({ ...trial.best, nodes: trial.best.nodes.filter((name) => name !== node), faults })
  }
}

function without(fault: Fault, node: string): Fault {
  const params = Object.entries(fault.params).map(([role, value]) => {
    const left = Array.isArray(value) ? value.filter((one) => one !== node) : value
    return [role, Array.isArray(left) && left.length === 0 ? value : left] as const
  })
  return { ...fault, params: Object.fromEntries(params) }
}
