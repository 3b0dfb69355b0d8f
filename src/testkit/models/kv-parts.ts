/** Which operations of a key-value history have to do with each other, and what they mean for each key alone. Knows no state and no search. */

import { type History, UNKNOWN, type Unknown } from '../history.ts'
import { type Part, partitionedBy } from '../linearizability/model.ts'
import type { KvOp, KvOperation, KvResult, KvScan } from './kv-operations.ts'
import { firstFrom, placeOf } from './kv-rows.ts'

/**
 * One part for all keys that batches and scans join, directly or through others: a scan joins the keys of its range that the history names, as far as
 * its page went. Most parts are one key. Those of several also have a view for each key.
 */
export function kvParts(history: History<KvOp, KvResult>): readonly Part<KvOp, KvResult>[] {
  const known = new Places(history)
  const touches = (op: KvOp, result: KvResult | Unknown): readonly string[] =>
    op.type === 'scan' ? known.between(reachOf(op, result)) : namedBy(op)
  return partitionedBy(history, touches).map((part) => {
    const places = new Set(part.history.flatMap(({ op, result }) => touches(op, result)))
    if (places.size <= 1 && part.history.every(({ op }) => op.type !== 'scan' && op.type !== 'batch')) return part
    return { ...part, views: [...places].map((place) => ({ name: place, history: viewOf(part.history, place) })) }
  })
}

/** Places an operation names itself. */
function namedBy(op: KvOp): readonly string[] {
  if (op.type === 'scan') return []
  return op.type === 'batch' ? op.writes.map(placeOf) : [placeOf(op)]
}

/** Places from `lo`, inclusive, to `hi`, exclusive. */
interface Reach {
  readonly lo: string
  readonly hi: string
}

/** Follows every text that begins with `place`, and no other that is longer. */
const behind = (place: string): string => `${place}\0`

/** What a page depends on: its range, and of one that ended early no more than up to where it goes on. In reverse it does not tell where that is. */
function reachOf({ family, from, to, reverse }: KvScan, result: KvResult | Unknown): Reach {
  const lo = `${family}/${from}`
  const hi = to === null ? `${family}0` : `${family}/${to}`
  if (reverse || result === UNKNOWN || result.type !== 'page' || result.next === null) return { lo, hi }
  return { lo, hi: behind(`${family}/${result.next}`) }
}

/** What a page shows: what it depends on, less the row with which it would go on. */
function shownBy(scan: KvScan, result: Extract<KvResult, { type: 'page' }>): Reach {
  const { lo, hi } = reachOf(scan, result)
  if (result.next === null) return { lo, hi }
  const next = `${scan.family}/${result.next}`
  return scan.reverse ? { lo: next, hi } : { lo, hi: next }
}

/** What a part means for one key alone. If the part can be put in order, so can this. */
function viewOf(history: History<KvOp, KvResult>, place: string): History<KvOp, KvResult> {
  return history.flatMap((operation) => {
    const seen = seenFrom(operation, place)
    return seen === null ? [] : [seen]
  })
}

/** An operation as it is for one key, or null. */
function seenFrom(operation: KvOperation, place: string): KvOperation | null {
  const { op, result } = operation
  if (op.type === 'batch') {
    const write = op.writes.findLast((one) => placeOf(one) === place) // the last one for a key counts
    return write === undefined ? null : { ...operation, op: write }
  }
  if (op.type !== 'scan') return placeOf(op) === place ? operation : null
  if (result === UNKNOWN || result.type !== 'page') return null
  const { lo, hi } = shownBy(op, result)
  if (place < lo || place >= hi) return null
  const { family } = op
  const key = place.slice(family.length + 1)
  const value = result.rows.find(([name]) => name === key)?.[1] ?? null
  return { ...operation, op: { type: 'get', family, key }, result: { type: 'got', value } }
}

/** All places a history names, in order. */
class Places {
  readonly #places: readonly string[]

  constructor(history: History<KvOp, KvResult>) {
    const named = history.flatMap(({ op, result }) => [...namedBy(op), ...shownIn(op, result)])
    this.#places = [...new Set(named)].sort()
  }

  between({ lo, hi }: Reach): readonly string[] {
    return this.#places.slice(firstFrom(this.#places, lo), firstFrom(this.#places, hi))
  }
}

/** Places that only a page names: rows that nobody wrote are a contradiction, to be found where they are. */
function shownIn(op: KvOp, result: KvResult | Unknown): readonly string[] {
  if (op.type !== 'scan' || result === UNKNOWN || result.type !== 'page') return []
  const keys = [...result.rows.map(([key]) => key), ...(result.next === null ? [] : [result.next])]
  return keys.map((key) => placeOf({ family: op.family, key }))
}
