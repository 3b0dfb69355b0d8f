/** The model of one cell that is read, written and compared. Knows no key: a model of several cells is the key-value store's. */

import { canonicalText } from '../linearizability/canonical.ts'
import type { Model } from '../linearizability/model.ts'
import { sequentialModel } from './sequential.ts'

/** What is done with a register. */
export type RegisterOp<Value> =
  | { readonly type: 'read' }
  | { readonly type: 'write'; readonly value: Value }
  | { readonly type: 'compareAndSet'; readonly expected: Value; readonly value: Value }

/** A read answers the value, a compare-and-set whether it wrote, a write null. */
export type RegisterResult<Value> = Value | boolean | null

/** A register that holds plain data. */
export function registerModel<Value>(initial: Value): Model<Value, RegisterOp<Value>, RegisterResult<Value>> {
  return sequentialModel<Value, RegisterOp<Value>, RegisterResult<Value>>({
    initial,
    apply(state, op) {
      if (op.type === 'read') return { state, result: state }
      if (op.type === 'write') return { state: op.value, result: null }
      const swapped = canonicalText(state) === canonicalText(op.expected)
      return { state: swapped ? op.value : state, result: swapped }
    },
    reads: ({ type }) => type === 'read',
  })
}
