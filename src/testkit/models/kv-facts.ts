/** What operations on a key-value store need a key to hold, and make it hold. Knows no search. */

import { UNKNOWN, type Unknown } from '../history.ts'
import type { Facts } from '../linearizability/model.ts'
import type { KvOp, KvResult, KvWrite } from './kv-operations.ts'
import { type KvRows, placeOf } from './kv-rows.ts'

/** A fact is what one key holds. */
export const kvFacts: Facts<KvRows, KvOp, KvResult> = {
  needed(op, result) {
    if (result === UNKNOWN) return []
    if (op.type === 'get' && result.type === 'got') return [fact(placeOf(op), result.value)]
    if (op.type === 'compareAndSet' && result.type === 'compared')
      return [fact(placeOf(op), result.swapped ? op.expected : result.current)]
    if (op.type !== 'scan' || result.type !== 'page') return []
    return result.rows.map(([key, value]) => fact(placeOf({ family: op.family, key }), value))
  },

  made: (op, result) => [...writesOf(op, result)].map(([place, value]) => fact(place, value)),

  unmade(rows, op, result) {
    if (op.type === 'compareAndSet' && rows.get(placeOf(op)) !== op.expected) return []
    return [...writesOf(op, result)].flatMap(([place, value]) => {
      const old = rows.get(place)
      return old === value ? [] : [fact(place, old)]
    })
  },
}

const fact = (place: string, value: string | null): string => (value === null ? `-${place}` : `${value.length}:${value}${place}`)

/** What the keys hold behind an operation that did what it does. */
function writesOf(op: KvOp, result: KvResult | Unknown): Iterable<readonly [place: string, value: string | null]> {
  if (op.type === 'get' || op.type === 'scan') return []
  if (op.type === 'batch') return new Map(op.writes.map((write) => [placeOf(write), written(write)]))
  if (op.type !== 'compareAndSet') return [[placeOf(op), written(op)]]
  const refused = result !== UNKNOWN && result.type === 'compared' && !result.swapped
  return refused ? [] : [[placeOf(op), op.value]]
}

const written = (write: KvWrite): string | null => (write.type === 'put' ? write.value : null)
