/** Whether what was acknowledged is still there in the end. Knows no search: what needs one is found by reading all keys within the history. */

import type { History, Moment } from '../history.ts'
import { glanceAtKv } from '../models/kv-glance.ts'
import type { KvOp, KvOperation, KvResult, KvWrite } from '../models/kv-operations.ts'
import { placeOf } from '../models/kv-rows.ts'

/** One row of a store in the end, its key and value as `characters` makes them. */
export interface FinalRow {
  readonly family: string
  readonly key: string
  readonly value: string
}

/**
 * The history, and behind it a read of each key that it or the rows name, as the rows answer it. To be checked for linearizability: then every
 * acknowledged write is in the rows unless something that came later took its place.
 */
export function withFinalReads(history: History<KvOp, KvResult>, rows: readonly FinalRow[]): History<KvOp, KvResult> {
  const last = history.reduce((time, { invokedAt, returnedAt }) => Math.max(time, (returnedAt ?? invokedAt).time), 0)
  const values = new Map(rows.map((row) => [placeOf(row), row.value]))
  const keys = new Map([...rows, ...history.flatMap(({ op, result }) => keysOf(op, result))].map((key) => [placeOf(key), key]))
  const id = history.reduce((highest, operation) => Math.max(highest, operation.id), -1) + 1
  const reads = [...keys].map(([place, { family, key }], i): KvOperation => {
    const result = { type: 'got', value: values.get(place) ?? null } as const
    const moment = (seq: number): Moment => ({ time: last + 1, seq })
    const times = { invokedAt: moment(2 * i), returnedAt: moment(2 * i + 1) }
    return { id: id + i, client: 'final', op: { type: 'get', family, key }, result, hint: null, ...times }
  })
  return [...history, ...reads]
}

/**
 * The quick check of the same: lines about keys that hold what nobody wrote, or no longer hold an acknowledged write that nothing can have replaced.
 * None when all is well as far as can be seen without a search; one for each key that is not.
 */
export function checkAcknowledged(history: History<KvOp, KvResult>, rows: readonly FinalRow[]): readonly string[] {
  const writes = withFinalReads(history, rows).flatMap(singly)
  const groups = new Map<string, KvOperation[]>()
  for (const operation of writes) {
    const group = groups.get(operation.place)
    if (group === undefined) groups.set(operation.place, [operation.seen])
    else group.push(operation.seen)
  }
  return [...groups].flatMap(([place, group]) => {
    const seen = glanceAtKv(group)
    return seen === null ? [] : [`${place}:`, ...seen.lines]
  })
}

interface Named {
  readonly family: string
  readonly key: string
}

function keysOf(op: KvOp, result: KvOperation['result']): readonly Named[] {
  if (op.type === 'batch') return op.writes
  if (op.type !== 'scan') return [op]
  return typeof result === 'object' && result.type === 'page' ? result.rows.map(([key]) => ({ family: op.family, key })) : []
}

/** Writes of a batch as writes of their own, the last one for each key; pages are not looked at, nor are reads before the end. */
function singly(operation: KvOperation): readonly { readonly place: string; readonly seen: KvOperation }[] {
  const { op, client } = operation
  if (op.type === 'scan' || (op.type === 'get' && client !== 'final')) return []
  if (op.type !== 'batch') return [{ place: placeOf(op), seen: operation }]
  const last = new Map<string, KvWrite>(op.writes.map((write) => [placeOf(write), write]))
  return [...last].map(([place, write]) => ({ place, seen: { ...operation, op: write } }))
}
