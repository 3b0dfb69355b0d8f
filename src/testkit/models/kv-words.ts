/** Operations, results and states of the key-value model for people. Decides nothing. */

import { UNKNOWN, type Unknown } from '../history.ts'
import type { KvOp, KvResult } from './kv-operations.ts'
import type { KvRows } from './kv-rows.ts'
import { placeOf } from './kv-rows.ts'

/** Characters of a value, and rows of a page or a state, that are shown. */
const SHOWN_CHARACTERS = 24
const SHOWN_ROWS = 6

/** A value in quotes, or `nothing`. */
export function quoted(value: string | null): string {
  if (value === null) return 'nothing'
  return JSON.stringify(value.length > SHOWN_CHARACTERS ? `${value.slice(0, SHOWN_CHARACTERS)}…` : value)
}

/** `get default/k → "v"` */
export const describeKvOp = (op: KvOp, result: KvResult | Unknown): string =>
  `${request(op)} → ${result === UNKNOWN ? '?' : answer(result)}`

/** `k = "v", …` */
export const describeKvRows = ({ places, values }: KvRows): string =>
  rowsOf(places.map((place, i) => [place, values[i] as string]))

function request(op: KvOp): string {
  switch (op.type) {
    case 'get':
    case 'delete':
      return `${op.type} ${placeOf(op)}`
    case 'put':
      return `put ${placeOf(op)} = ${quoted(op.value)}`
    case 'compareAndSet':
      return `compareAndSet ${placeOf(op)} from ${quoted(op.expected)} to ${quoted(op.value)}`
    case 'batch':
      return `batch (${op.writes.map(request).join(', ')})`
    case 'scan': {
      const end = op.to === null ? 'end' : quoted(op.to)
      return `scan ${op.family} [${quoted(op.from)}, ${end}) limit ${op.limit}${op.reverse ? ' in reverse' : ''}`
    }
  }
}

function answer(result: KvResult): string {
  if (result.type === 'done') return 'done'
  if (result.type === 'got') return quoted(result.value)
  if (result.type === 'compared') return result.swapped ? 'swapped' : `not swapped, it holds ${quoted(result.current)}`
  return `${rowsOf(result.rows)}${result.next === null ? '' : `, more from ${quoted(result.next)}`}`
}

function rowsOf(rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return 'no rows'
  const shown = rows.slice(0, SHOWN_ROWS).map(([key, value]) => `${key} = ${quoted(value)}`)
  return `${shown.join(', ')}${rows.length > SHOWN_ROWS ? ` and ${rows.length - SHOWN_ROWS} more rows` : ''}`
}
