/** Makes a model of any state machine that is a function: the shortest way to have one's own checked. Knows no particular one. */

import { type History, UNKNOWN, type Unknown } from '../history.ts'
import { canonicalText } from '../linearizability/canonical.ts'
import { type Model, partitionedBy } from '../linearizability/model.ts'

/** What a state machine does, one operation after the other. */
export interface Sequential<State, Op, Result> {
  /** Before any operation. Never changed: `apply` returns a new one. */
  readonly initial: State
  /** What an operation does and answers. The same each time. */
  apply(state: State, op: Op): { readonly state: State; readonly result: Result }
  /** Operations that change no state whatever. Default: none. The check is faster when it knows them. */
  reads?(op: Op): boolean
  /** Names of all that an operation reads or changes; what shares none is checked apart. Default: everything touches everything. */
  touches?(op: Op): readonly string[]
  /** Whether an answer is the one that is right. Default: equal in all parts. */
  same?(answer: Result, right: Result): boolean
  /** A text that two states share only if they are the same. Default: all that is in them, so states must be plain data. */
  key?(state: State): string
}

/** The model of a state machine that always does and answers the same. */
export function sequentialModel<State, Op, Result>(machine: Sequential<State, Op, Result>): Model<State, Op, Result> {
  const same = (answer: Result, right: Result): boolean =>
    machine.same?.(answer, right) ?? (answer === right || canonicalText(answer) === canonicalText(right))
  const { touches } = machine
  return {
    init: () => machine.initial,
    step(state: State, op: Op, result: Result | Unknown) {
      const applied = machine.apply(state, op)
      return result === UNKNOWN || same(result as Result, applied.result) ? [applied.state] : []
    },
    key: (state) => machine.key?.(state) ?? canonicalText(state),
    observes: (op) => machine.reads?.(op) ?? false,
    ...(touches && { partition: (history: History<Op, Result>) => partitionedBy(history, (op) => touches(op)) }),
  }
}
