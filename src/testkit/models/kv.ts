/** The model of the key-value store: what its state machine does, said once more and without bytes. Knows no search. */

import { type History, UNKNOWN, type Unknown } from '../history.ts'
import type { Model } from '../linearizability/model.ts'
import { kvFacts } from './kv-facts.ts'
import { glanceAtKv } from './kv-glance.ts'
import type { KvCompareAndSet, KvOp, KvResult, KvScan } from './kv-operations.ts'
import { kvParts } from './kv-parts.ts'
import { KvRows, placeOf } from './kv-rows.ts'
import { describeKvOp, describeKvRows } from './kv-words.ts'

/** The model of one group's store, empty at first: for one check, as it numbers the texts it meets. */
export function kvModel(): Model<KvRows, KvOp, KvResult> {
  const numbers = new Numbers()
  return {
    init: () => KvRows.NONE,
    step: stepKv,
    key: (rows) => numbers.textOf(rows),
    observes: (op, result) =>
      op.type === 'get' ||
      op.type === 'scan' ||
      (op.type === 'compareAndSet' && result !== UNKNOWN && result.type === 'compared' && !result.swapped),
    partition: (history: History<KvOp, KvResult>) => kvParts(history),
    facts: kvFacts,
    glance: glanceAtKv,
    describe: describeKvOp,
    describeState: describeKvRows,
  }
}

function stepKv(rows: KvRows, op: KvOp, result: KvResult | Unknown): readonly KvRows[] {
  switch (op.type) {
    case 'put':
      return ifDone(result, () => rows.with(placeOf(op), op.value))
    case 'delete':
      return ifDone(result, () => rows.with(placeOf(op), null))
    case 'batch':
      return ifDone(result, () => rows.withAll(op.writes))
    case 'get':
      return result === UNKNOWN || (result.type === 'got' && result.value === rows.get(placeOf(op))) ? [rows] : []
    case 'scan':
      return result === UNKNOWN || isPage(rows, op, result) ? [rows] : []
    case 'compareAndSet':
      return compareAndSet(rows, op, result)
  }
}

function compareAndSet(rows: KvRows, op: KvCompareAndSet, result: KvResult | Unknown): readonly KvRows[] {
  const current = rows.get(placeOf(op))
  const swapped = current === op.expected
  const next = swapped ? rows.with(placeOf(op), op.value) : rows
  if (result === UNKNOWN) return [next]
  const right = result.type === 'compared' && result.swapped === swapped && (swapped || result.current === current)
  return right ? [next] : []
}

const ifDone = (result: KvResult | Unknown, then: () => KvRows): readonly KvRows[] =>
  result === UNKNOWN || result.type === 'done' ? [then()] : []

function isPage(rows: KvRows, scan: KvScan, result: KvResult): boolean {
  if (result.type !== 'page') return false
  const right = rows.page(scan)
  if (right.next !== result.next || right.rows.length !== result.rows.length) return false
  return right.rows.every(([key, value], i) => result.rows[i]?.[0] === key && result.rows[i]?.[1] === value)
}

/** Numbers keys and values, so that the text of a state is short however long they are. */
class Numbers {
  readonly #numbers = new Map<string, number>()

  /** Two characters for each key and each value. */
  textOf({ places, values }: KvRows): string {
    let text = ''
    for (let i = 0; i < places.length; i++) text += this.#pair(places[i] as string) + this.#pair(values[i] as string)
    return text
  }

  #pair(text: string): string {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(text, number)
    }
    return String.fromCharCode(number >>> 16, number & 0xffff)
  }
}
