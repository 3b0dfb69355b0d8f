/** Counts what a run met: transitions, error codes, faults. What no run ever meets, nobody has tested. */

import type { TracedStep } from '../../ports/trace.ts'
import { CHARTS, type ChartTally, differenceOf } from './chart-tally.ts'

/** How often what was met, by its name. */
export type Counts = Readonly<Record<string, number>>

/** Everything that was counted. */
export interface Coverage {
  /** `following.follower AppendEntries → following.follower`. */
  readonly transitions: Counts
  /** Rows of the charts that were taken, as docs/protocol.md has them, behind the name of their chart. */
  readonly rows: Counts
  /** What guards of the charts said: `role.won yes`. */
  readonly guards: Counts
  readonly errors: Counts
  readonly faults: Counts
  /** What befell letters. */
  readonly fates: Counts
}

export class Recorder {
  readonly #transitions = new Map<string, number>()
  readonly #errors = new Map<string, number>()
  readonly #faults = new Map<string, number>()
  readonly #fates = new Map<string, number>()
  readonly #charts: readonly ChartTally[] = CHARTS.map(({ tally }) => tally())
  #steps = 0

  /** Events that a peer took. */
  get steps(): number {
    return this.#steps
  }

  stepped({ before, cause, after }: TracedStep): void {
    this.#steps++
    count(this.#transitions, `${before.states.join('.')} ${nameOf(cause.type)} → ${after.states.join('.')}`)
  }

  error(code: string): void {
    count(this.#errors, code)
  }

  fault(kind: string): void {
    count(this.#faults, kind)
  }

  fate(fate: string): void {
    count(this.#fates, fate)
  }

  get coverage(): Coverage {
    const counts = (map: ReadonlyMap<string, number>): Counts => Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)))
    const { rows, guards } = differenceOf(this.#charts)
    return {
      transitions: counts(this.#transitions),
      rows: counts(rows),
      guards: counts(guards),
      errors: counts(this.#errors),
      faults: counts(this.#faults),
      fates: counts(this.#fates),
    }
  }
}

/** A timer's event says in which state it was armed; that stands before it already. */
const nameOf = (type: string): string => (type.startsWith('xstate.after.') ? `after ${type.split('.')[2]}` : type)

const count = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1)
