/** The model of a number that is added to. The one that tells whether anything was done twice. */

import type { Model } from '../linearizability/model.ts'
import { sequentialModel } from './sequential.ts'

/** What is done with a counter. */
export type CounterOp = { readonly type: 'read' } | { readonly type: 'add'; readonly by: number }

/** The number after it; null of an addition that does not tell. */
export type CounterResult = number | null

/** A counter that begins with a number, 0 by default. */
export function counterModel(initial = 0): Model<number, CounterOp, CounterResult> {
  return sequentialModel<number, CounterOp, CounterResult>({
    initial,
    apply(state, op) {
      const sum = op.type === 'add' ? state + op.by : state
      return { state: sum, result: sum }
    },
    reads: ({ type }) => type === 'read',
    same: (answer, right) => answer === right || answer === null,
    key: String,
  })
}
