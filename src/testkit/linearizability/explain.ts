/** A violation in lines that a person reads. Knows no search, only how far it came. */

import type { Operation } from '../history.ts'
import { canonicalText } from './canonical.ts'
import { describe, type Model } from './model.ts'
import type { Furthest } from './search.ts'

/** Operations before the end of the order that are shown. */
const SHOWN_BEFORE = 8

/** Operations without a place that are shown. */
const SHOWN_STUCK = 8

/** `#17 c2 [140, 150] get default/k → "v5"`: number, client, when it began and returned, and what it was. */
export function lineOf({ id, client, invokedAt, returnedAt }: Operation<unknown, unknown>, what: string): string {
  return `#${id} ${client} [${invokedAt.time}, ${returnedAt === null ? '…' : returnedAt.time}] ${what}`
}

/** The end of the longest order that was found, the state it leads to, and what has no place behind it. */
export function explain<State, Op, Result>(
  model: Model<State, Op, Result>,
  { order, state, stuck }: Furthest<State, Op, Result>,
): readonly string[] {
  const [first, ...others] = stuck
  const shown = order.slice(-SHOWN_BEFORE)
  const name = (operation: Operation<Op, Result>): string =>
    `  ${lineOf(operation, describe(model, operation.op, operation.result))}`
  const described = model.describeState?.(state) ?? canonicalText(state)
  return [
    order.length === 0
      ? 'no operation has a place at the beginning'
      : `the longest order found has ${order.length} operation${order.length === 1 ? '' : 's'}${order.length > shown.length ? `, the last ${shown.length} are` : ''}:`,
    ...shown.map(name),
    `then the state is ${described}`,
    ...(first === undefined ? [] : ['but this has no place before it returned:', name(first)]),
    ...(others.length === 0
      ? []
      : [
          'nor is there one that could come in between; begun and not in the order were:',
          ...others.slice(0, SHOWN_STUCK).map(name),
        ]),
    ...(others.length > SHOWN_STUCK ? [`  and ${others.length - SHOWN_STUCK} more`] : []),
  ]
}
