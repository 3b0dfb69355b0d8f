/** Judges whether what clients saw is what one correct copy would have shown them. Knows the searches and their bounds, not how they search. */

import { LINEARIZABILITY_BYTES_MAX, LINEARIZABILITY_STEPS_MAX } from '../base/limits.ts'
import type { History, Operation } from './history.ts'
import { explain } from './linearizability/explain.ts'
import { Meter } from './linearizability/meter.ts'
import type { Model, Part } from './linearizability/model.ts'
import { Search } from './linearizability/search.ts'

/** How much may be spent. What is not decided by then is `unknown`, never `ok`. */
export interface CheckBounds {
  /** Steps of the model and comparisons of configurations, all parts together. Default {@link LINEARIZABILITY_STEPS_MAX}. */
  readonly stepsMax?: number
  /** Bytes held at a time, as estimated. At most and by default {@link LINEARIZABILITY_BYTES_MAX}. */
  readonly bytesMax?: number
}

/** What a check has cost, and how much it looked at. */
export interface CheckEffort {
  readonly operations: number
  readonly parts: number
  readonly steps: number
  /** Most bytes held at a time, as estimated. */
  readonly bytes: number
}

/** Why there is no order. */
export interface Violation<Op, Result> {
  /** The part of the history in which there is none, by the keys it is about. */
  readonly part: string
  /** The operation that has no place. */
  readonly operation: Operation<Op, Result>
  /** The longest order that was found for the operations before it. Empty when the contradiction was seen without a search. */
  readonly order: readonly Operation<Op, Result>[]
  /** For people. */
  readonly lines: readonly string[]
}

/** The judgement of a history. */
export type Linearizability<Op, Result> =
  | ({ readonly verdict: 'ok' } & CheckEffort)
  | ({ readonly verdict: 'violation'; readonly violation: Violation<Op, Result> } & CheckEffort)
  | ({ readonly verdict: 'unknown'; readonly undecided: readonly string[]; readonly lines: readonly string[] } & CheckEffort)

/** Steps that each part is given in the first round; twice as many in each later one, so that an easy violation is found beside a hard part. */
const FIRST_STEPS = 20_000

/** Steps to find words for a violation that was found. */
const EXPLANATION_STEPS = 200_000

/**
 * Whether the operations can be put in an order in which every result is right by the model, and none comes before one that had returned when it began
 * (Herlihy and Wing). `ok` and `violation` are certain; `unknown` means that a bound was reached, and is no success.
 */
export function checkLinearizable<State, Op, Result>(
  history: History<Op, Result>,
  model: Model<State, Op, Result>,
  bounds: CheckBounds = {},
): Linearizability<Op, Result> {
  return new Check(history, model, bounds).run()
}

/** One part on its way to a verdict. */
interface Task<State, Op, Result> {
  readonly part: Part<Op, Result>
  /** Whose view it is; null for a part itself. */
  readonly owner: Task<State, Op, Result> | null
  search: Search<State, Op, Result> | null
  readonly meter: Meter
  state: 'open' | 'ok' | 'too large'
}

class Check<State, Op, Result> {
  readonly #model: Model<State, Op, Result>
  readonly #history: History<Op, Result>
  readonly #stepsMax: number
  readonly #bytesMax: number
  readonly #total = { bytes: 0, peak: 0 }
  readonly #tasks: Task<State, Op, Result>[]
  readonly #views: Task<State, Op, Result>[] = []
  #steps = 0
  #violation: Violation<Op, Result> | null = null

  constructor(history: History<Op, Result>, model: Model<State, Op, Result>, bounds: CheckBounds) {
    this.#model = model
    this.#history = history
    this.#stepsMax = bounds.stepsMax ?? LINEARIZABILITY_STEPS_MAX
    this.#bytesMax = Math.min(bounds.bytesMax ?? LINEARIZABILITY_BYTES_MAX, LINEARIZABILITY_BYTES_MAX)
    const asked = history.filter(({ op, result, returnedAt }) => returnedAt !== null || !(model.observes?.(op, result) ?? false))
    const parts = model.partition?.(asked) ?? [{ name: 'all', history: asked }]
    this.#tasks = parts.map((part) => this.#task(part, null))
  }

  run(): Linearizability<Op, Result> {
    this.#glance()
    for (let steps = FIRST_STEPS; this.#goesOn(); steps *= 2) {
      this.#round(this.#tasks, steps)
      if (steps === FIRST_STEPS) this.#openViews()
      this.#round(this.#views, steps)
    }
    return this.#judgement()
  }

  #task(part: Part<Op, Result>, owner: Task<State, Op, Result> | null): Task<State, Op, Result> {
    return { part, owner, search: null, meter: new Meter(this.#total), state: 'open' }
  }

  #goesOn(): boolean {
    if (this.#violation !== null || this.#steps >= this.#stepsMax) return false
    return [...this.#tasks, ...this.#views].some(({ state }) => state === 'open')
  }

  /** Contradictions that are seen without a search are the easiest to explain. */
  #glance(): void {
    const { glance } = this.#model
    if (glance === undefined) return
    for (const part of this.#tasks.flatMap((task) => [task.part, ...(task.part.views ?? [])])) {
      const seen = glance(part.history)
      const operation = part.history.find(({ id }) => id === seen?.operation)
      if (seen === null || operation === undefined) continue
      this.#violation = {
        part: part.name,
        operation,
        order: [],
        lines: [`no order of the operations on ${part.name}:`, ...seen.lines],
      }
      return
    }
  }

  /** What could not be decided at once may be refuted by a view of it. */
  #openViews(): void {
    for (const task of this.#tasks)
      if (task.state !== 'ok') this.#views.push(...(task.part.views ?? []).map((view) => this.#task(view, task)))
  }

  #round(tasks: readonly Task<State, Op, Result>[], steps: number): void {
    for (const task of tasks) if (task.state === 'open' && this.#goesOn()) this.#runTask(task, steps)
  }

  #runTask(task: Task<State, Op, Result>, steps: number): void {
    task.search ??= new Search(this.#model, task.part.history, task.meter)
    const before = task.search.steps
    const outcome = task.search.run(Math.min(steps, this.#stepsMax - this.#steps), () => this.#total.bytes <= this.#bytesMax)
    this.#steps += task.search.steps - before
    if (outcome === 'none') this.#violation = this.#violationOf(task.part, task.search)
    if (outcome === 'found') this.#end(task, 'ok')
    else if (this.#total.bytes > this.#bytesMax) this.#end(this.#largest(), 'too large')
  }

  #end(task: Task<State, Op, Result>, state: 'ok' | 'too large'): void {
    task.state = state
    task.search = null
    task.meter.release()
    if (state === 'ok') for (const view of this.#views) if (view.owner === task && view.state === 'open') this.#end(view, 'ok')
  }

  /** Who holds most gives way, not who happened to ask for more: small parts are decided all the same. */
  #largest(): Task<State, Op, Result> {
    return [...this.#tasks, ...this.#views].reduce((a, b) => (b.meter.bytes > a.meter.bytes ? b : a))
  }

  /** Tells it by a search that sees nothing coming, and so comes further. */
  #violationOf(part: Part<Op, Result>, search: Search<State, Op, Result>): Violation<Op, Result> {
    const { facts: _, ...model } = this.#model
    const plain = new Search(model, part.history, new Meter(this.#total))
    plain.run(EXPLANATION_STEPS, () => this.#total.bytes <= this.#bytesMax)
    const told = search.furthest()
    const further = plain.furthest()
    const furthest = further.order.length > told.order.length ? further : told
    const lines = [`no order of the operations on ${part.name}:`, ...explain(model, furthest)]
    return { part: part.name, operation: furthest.stuck[0] as Operation<Op, Result>, order: furthest.order, lines }
  }

  #judgement(): Linearizability<Op, Result> {
    const effort = { operations: this.#history.length, parts: this.#tasks.length, steps: this.#steps, bytes: this.#total.peak }
    if (this.#violation !== null) return { verdict: 'violation', violation: this.#violation, ...effort }
    const undecided = this.#tasks.filter(({ state }) => state !== 'ok')
    if (undecided.length === 0) return { verdict: 'ok', ...effort }
    const lines = undecided.map(({ part, state }) => {
      const bound = state === 'too large' ? `${this.#bytesMax} bytes` : `${this.#stepsMax} steps`
      const open = part.history.filter(({ returnedAt }) => returnedAt === null).length
      return `${part.name}: not decided within ${bound}; ${part.history.length} operations, ${open} of them without an answer`
    })
    return { verdict: 'unknown', undecided: undecided.map(({ part }) => part.name), lines, ...effort }
  }
}
