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

type States = TracedStep['before']['states']

export class Recorder {
  /** By states before, cause and states after. The lists of states are few and shared: their names are put together once, at the end. */
  readonly #transitions = new Map<States, Map<string, Map<States, number>>>()
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
    const causes = within(this.#transitions, before.states)
    const ends = within(causes, cause.type)
    ends.set(after.states, (ends.get(after.states) ?? 0) + 1)
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
      transitions: counts(this.#named()),
      rows: counts(rows),
      guards: counts(guards),
      errors: counts(this.#errors),
      faults: counts(this.#faults),
      fates: counts(this.#fates),
    }
  }

  #named(): Map<string, number> {
    const named = new Map<string, number>()
    for (const [before, causes] of this.#transitions)
      for (const [cause, ends] of causes)
        for (const [after, times] of ends) {
          const name = `${before.join('.')} ${nameOf(cause)} → ${after.join('.')}`
          named.set(name, (named.get(name) ?? 0) + times)
        }
    return named
  }
}

/** The map at a key, made when it is not there. */
function within<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  const known = map.get(key)
  if (known) return known
  const made = new Map<L, V>()
  map.set(key, made)
  return made
}

/** A timer's event says in which state it was armed; that stands before it already. */
const nameOf = (type: string): string => (type.startsWith('xstate.after.') ? `after ${type.split('.')[2]}` : type)

const count = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1)
