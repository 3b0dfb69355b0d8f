/** Sees that an operation would spoil what others still need, long before a search comes to them. Knows no search. */

import type { Operation } from '../history.ts'
import type { Facts, Model } from './model.ts'
import type { Timeline } from './timeline.ts'

/** How many operations that are not placed yet need a fact, and how many can make it one. Operations by number, optional ones by `~number`. */
export class Outlook<State, Op, Result> {
  readonly #facts: Facts<State, Op, Result>
  readonly #timeline: Timeline<Op, Result>
  readonly #numbers = new Map<string, number>()
  readonly #needs: number[] = []
  readonly #makers: number[] = []
  readonly #needed: readonly (readonly number[])[]
  readonly #made: readonly (readonly number[])[]

  private constructor(facts: Facts<State, Op, Result>, timeline: Timeline<Op, Result>) {
    this.#facts = facts
    this.#timeline = timeline
    const { required, optional } = timeline
    this.#needed = required.map(({ op, result }) => this.#named(facts.needed(op, result)))
    this.#made = [...required, ...optional].map(({ op, result }) => this.#named(facts.made(op, result)))
    for (const facts of this.#needed) change(this.#needs, facts, 1)
    for (const facts of this.#made) change(this.#makers, facts, 1)
  }

  /** The outlook of a history in which nothing is placed. Null when the model knows no facts. */
  static of<State, Op, Result>(
    { facts }: Model<State, Op, Result>,
    timeline: Timeline<Op, Result>,
  ): Outlook<State, Op, Result> | null {
    return facts === undefined ? null : new Outlook(facts, timeline)
  }

  place(choice: number): void {
    this.#count(choice, -1)
  }

  takeBack(choice: number): void {
    this.#count(choice, 1)
  }

  /** Whether an operation that was just placed put an end to what another one needs and none can bring back. */
  isSpoiled(before: State, { op, result }: Operation<Op, Result>): boolean {
    return this.#facts.unmade(before, op, result).some((fact) => {
      const number = this.#numbers.get(fact)
      return number !== undefined && (this.#needs[number] as number) > 0 && this.#makers[number] === 0
    })
  }

  #count(choice: number, by: number): void {
    if (choice >= 0) change(this.#needs, this.#needed[choice] as readonly number[], by)
    const made = this.#made[choice >= 0 ? choice : this.#timeline.required.length + ~choice]
    change(this.#makers, made as readonly number[], by)
  }

  #named(facts: readonly string[]): readonly number[] {
    return facts.map((fact) => {
      const known = this.#numbers.get(fact)
      if (known !== undefined) return known
      this.#numbers.set(fact, this.#needs.length)
      this.#makers.push(0)
      return this.#needs.push(0) - 1
    })
  }
}

function change(counts: number[], facts: readonly number[], by: number): void {
  for (const fact of facts) counts[fact] = (counts[fact] as number) + by
}
