/** States lent to who is no follower: each stays as it is while it is being fetched, whatever is exported meanwhile. Knows no network. */

import { SNAPSHOT_LOANS_MAX } from '../../base/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Holding } from './library.ts'

interface Loan {
  readonly group: string
  readonly holding: Holding
  readonly until: number
}

export class Loans {
  readonly #clock: Pick<Clock, 'now'>
  readonly #keepMs: number
  /** By group and digest; who was asked for last stands last. */
  readonly #loans = new Map<string, Loan>()

  constructor(clock: Pick<Clock, 'now'>, keepMs: number) {
    this.#clock = clock
    this.#keepMs = keepMs
  }

  /** Keeps a state for a while from now on. When there are too many, the one that nobody has asked for longest is kept no more. */
  lend(group: string, holding: Holding): void {
    const key = `${group} ${holding.id}`
    this.#loans.delete(key)
    this.#loans.set(key, { group, holding, until: this.#clock.now() + this.#keepMs })
    const [oldest] = this.#loans.keys()
    if (this.#loans.size > SNAPSHOT_LOANS_MAX && oldest !== undefined) this.#loans.delete(oldest)
  }

  /** The state of that digest, which is kept a while longer. */
  find(group: string, id: string): Holding | null {
    const loan = this.of(group).find((one) => one.id === id)
    if (loan) this.lend(group, loan)
    return loan ?? null
  }

  /** What is lent of a group. */
  of(group: string): Holding[] {
    const now = this.#clock.now()
    for (const [key, { until }] of this.#loans) if (until <= now) this.#loans.delete(key)
    return [...this.#loans.values()].filter((loan) => loan.group === group).map(({ holding }) => holding)
  }

  /** Whoever fetches something has to begin again: its room is needed. Returns the groups of which something was lent. */
  endAll(): ReadonlySet<string> {
    const groups = new Set([...this.#loans.values()].map(({ group }) => group))
    this.#loans.clear()
    return groups
  }

  /** What nobody has asked for since so long is lent no more. */
  endIdle(forMs: number): void {
    const askedBefore = this.#clock.now() - forMs
    for (const [key, { until }] of this.#loans) if (until - this.#keepMs <= askedBefore) this.#loans.delete(key)
  }

  /** Nothing of the group is here any more. */
  drop(group: string): void {
    for (const [key, loan] of this.#loans) if (loan.group === group) this.#loans.delete(key)
  }
}
