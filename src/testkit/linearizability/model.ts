/** What a checker must know of a service: its state, what each operation does to it, and what can be checked apart. Knows no search. */

import { type History, UNKNOWN, type Unknown } from '../history.ts'
import { canonicalText } from './canonical.ts'

/** A service as if one client used it, one operation after the other. States are never changed, only replaced. */
export interface Model<State, Op, Result> {
  /** Before any operation. */
  init(): State
  /**
   * The states in which the operation may leave the service if that was its result: none when it cannot have been, several when the service may
   * choose. {@link UNKNOWN} fits every result.
   */
  step(state: State, op: Op, result: Result | Unknown): readonly State[]
  /** A text that two states share only if they are the same. */
  key(state: State): string
  /**
   * Whether the operation, if that was its result, changes no state whatever, such as a read. It is never guessed when such an operation took place,
   * and one without an answer is left out. Default: never.
   */
  observes?(op: Op, result: Result | Unknown): boolean
  /** Parts that have nothing to do with each other, each operation in one at most: {@link partitionedBy}. Default: all is one part. */
  partition?(history: History<Op, Result>): readonly Part<Op, Result>[]
  /** What operations need to be so and make so: with it a search sees early what cannot end well. Default: it finds out. */
  readonly facts?: Facts<State, Op, Result>
  /** A contradiction that is quickly seen in a part, told in lines, or null. A check of its own: it must be right, it need not be complete. */
  glance?(history: History<Op, Result>): Contradiction | null
  /** An operation and its result, for people. */
  describe?(op: Op, result: Result | Unknown): string
  /** A state, for people. */
  describeState?(state: State): string
}

/** Statements about a state, as texts that are compared: "this key holds that value". */
export interface Facts<State, Op, Result> {
  /** Some that hold in every state in which the operation can have that result. */
  needed(op: Op, result: Result | Unknown): readonly string[]
  /** All that can be false before the operation and true behind it, if that was its result. */
  made(op: Op, result: Result | Unknown): readonly string[]
  /** Some that hold in this state and not behind the operation, if that was its result. */
  unmade(state: State, op: Op, result: Result | Unknown): readonly string[]
}

/** A history of its own within a history. */
export interface Part<Op, Result> {
  readonly name: string
  readonly history: History<Op, Result>
  /**
   * Views of the part, such as what it means for each key alone, that must be in order if the part is, and are easier to look through. That they are
   * in order proves nothing.
   */
  readonly views?: readonly Part<Op, Result>[]
}

/** Why a history cannot have been. */
export interface Contradiction {
  /** The operation that has no place. */
  readonly operation: number
  readonly lines: readonly string[]
}

/** Joins operations that touch the same thing, directly or through others. One that touches nothing belongs to the part `-`. */
export function partitionedBy<Op, Result>(
  history: History<Op, Result>,
  touches: (op: Op, result: Result | Unknown) => readonly string[],
): readonly Part<Op, Result>[] {
  const groups = new Groups()
  const names = history.map(({ op, result }) => touches(op, result))
  for (const touched of names) for (const name of touched) groups.join(touched[0] as string, name)
  const parts = new Map<string, { readonly things: Set<string>; readonly operations: History<Op, Result>[number][] }>()
  for (const [i, operation] of history.entries()) {
    const touched = names[i] ?? []
    const root = touched[0] === undefined ? '' : groups.rootOf(touched[0])
    const part = parts.get(root) ?? { things: new Set<string>(), operations: [] }
    parts.set(root, part)
    for (const name of touched) part.things.add(name)
    part.operations.push(operation)
  }
  return [...parts.values()].map(({ things, operations }) => ({ name: nameOf([...things].sort()), history: operations }))
}

const NAMED = 3

function nameOf(things: readonly string[]): string {
  if (things.length === 0) return '-'
  const named = things.slice(0, NAMED).join(', ')
  return things.length > NAMED ? `${named} and ${things.length - NAMED} more` : named
}

/** Disjoint sets of names (union and find, with paths halved). */
class Groups {
  readonly #parents = new Map<string, string>()

  rootOf(name: string): string {
    let at = name
    for (;;) {
      const parent = this.#parents.get(at) ?? at
      if (parent === at) return at
      const above = this.#parents.get(parent) ?? parent
      this.#parents.set(at, above)
      at = above
    }
  }

  join(a: string, b: string): void {
    const root = this.rootOf(a)
    const other = this.rootOf(b)
    if (root !== other) this.#parents.set(other, root)
  }
}

/** An operation and its result, in the words of the model. */
export function describe<State, Op, Result>(model: Model<State, Op, Result>, op: Op, result: Result | Unknown): string {
  if (model.describe !== undefined) return model.describe(op, result)
  return `${canonicalText(op)} → ${result === UNKNOWN ? '?' : canonicalText(result)}`
}
