/** Contradictions of a key-value history that need no search: values from nowhere, from the future, or long overwritten. Knows no state. */

import { compareMoments, type History, type Moment, UNKNOWN } from '../history.ts'
import { lineOf } from '../linearizability/explain.ts'
import type { Contradiction } from '../linearizability/model.ts'
import type { KvOp, KvOperation, KvResult } from './kv-operations.ts'
import { placeOf } from './kv-rows.ts'
import { describeKvOp, quoted } from './kv-words.ts'

interface Observation {
  readonly operation: KvOperation
  readonly value: string | null
}

interface Writing {
  readonly operation: KvOperation
  readonly value: string | null
  readonly from: Moment
  /** Null: it may not have happened. */
  readonly until: Moment | null
}

/**
 * Looks at each key alone, and at what was seen there. A contradiction is one for certain: a value that nobody can have written before it was seen; or
 * one of which the only possible writing was over before another write began that was over before it was seen. Not of batches and scans: of their views.
 */
export function glanceAtKv(history: History<KvOp, KvResult>): Contradiction | null {
  if (history.some(({ op }) => op.type === 'batch' || op.type === 'scan')) return null
  for (const operations of groupsOf(history, ({ op }) =>
    op.type === 'batch' || op.type === 'scan' ? '' : placeOf(op),
  ).values()) {
    const writings = operations.flatMap(writingOf)
    const latest = new Latest(writings)
    const writers = groupsOf(writings, ({ value }) => value)
    for (const seen of operations.flatMap(observationOf)) {
      const contradiction = contradictionOf(seen, writers.get(seen.value) ?? [], latest)
      if (contradiction !== null) return contradiction
    }
  }
  return null
}

function contradictionOf(seen: Observation, writers: readonly Writing[], latest: Latest): Contradiction | null {
  const { operation, value } = seen
  const possible = writers.filter((writing) => writing.operation !== operation && isBefore(writing.from, operation.returnedAt))
  const tell = (...lines: string[]): Contradiction => ({ operation: operation.id, lines: [`  ${line(operation)}`, ...lines] })
  if (possible.length === 0 && value !== null) return tell(`but nobody had written ${quoted(value)} before it returned`)
  if (possible.length > 1) return null // that takes a search
  const [writing] = possible
  if (writing !== undefined && writing.until === null) return null
  const after = latest.before(operation.invokedAt)
  if (after === null || (writing !== undefined && compareMoments(after.from, writing.until as Moment) <= 0)) return null
  const source = writing === undefined ? ['as before all writes'] : ['was written by', `  ${line(writing.operation)}`]
  return tell(...source, 'but this came later, and had returned before it was looked at:', `  ${line(after.operation)}`)
}

const line = (operation: KvOperation): string => lineOf(operation, describeKvOp(operation.op, operation.result))

const isBefore = (moment: Moment, other: Moment | null): boolean => other === null || compareMoments(moment, other) < 0

function groupsOf<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function writingOf(operation: KvOperation): readonly Writing[] {
  const { op, result, invokedAt: from, returnedAt } = operation
  if (op.type === 'get' || op.type === 'batch' || op.type === 'scan') return []
  if (op.type === 'compareAndSet') {
    if (result === UNKNOWN) return [{ operation, value: op.value, from, until: null }]
    return result.type === 'compared' && result.swapped ? [{ operation, value: op.value, from, until: returnedAt }] : []
  }
  return [{ operation, value: op.type === 'put' ? op.value : null, from, until: returnedAt }]
}

function observationOf(operation: KvOperation): readonly Observation[] {
  const { op, result, returnedAt } = operation
  if (result === UNKNOWN || returnedAt === null) return []
  if (op.type === 'get' && result.type === 'got') return [{ operation, value: result.value }]
  if (op.type !== 'compareAndSet' || result.type !== 'compared') return []
  return [{ operation, value: result.swapped ? op.expected : result.current }]
}

/** Of the writes that were over by a moment, the one that began last. */
class Latest {
  readonly #ends: readonly { readonly until: Moment; readonly latest: Writing }[]

  constructor(writings: readonly Writing[]) {
    const over = writings.flatMap((writing) => (writing.until === null ? [] : [{ until: writing.until, latest: writing }]))
    over.sort((a, b) => compareMoments(a.until, b.until))
    for (const [i, end] of over.entries()) {
      const before = over[i - 1]?.latest
      if (before !== undefined && compareMoments(before.from, end.latest.from) > 0) over[i] = { ...end, latest: before }
    }
    this.#ends = over
  }

  before(moment: Moment): Writing | null {
    let lo = 0
    let hi = this.#ends.length
    while (lo < hi) {
      const middle = (lo + hi) >>> 1
      if (compareMoments((this.#ends[middle] as { until: Moment }).until, moment) < 0) lo = middle + 1
      else hi = middle
    }
    return this.#ends[lo - 1]?.latest ?? null
  }
}
