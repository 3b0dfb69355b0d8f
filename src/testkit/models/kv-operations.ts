/** What clients ask a key-value store and are told, as the histories of tests keep it: text of one character for each byte. Knows no state. */

import { toBytes } from '../../base/bytes.ts'
import { SCAN_ROWS_MAX } from '../../base/limits.ts'
import type { Bytes, Compared, KvChange, KvPage, KvRange } from '../../client/kv.ts'
import { DEFAULT_FAMILY } from '../../statemachines/kv/families.ts'
import { prefixRange } from '../../statemachines/kv/query.ts'
import type { Operation } from '../history.ts'

/** A write without a condition. */
export type KvWrite =
  | { readonly type: 'put'; readonly family: string; readonly key: string; readonly value: string }
  | { readonly type: 'delete'; readonly family: string; readonly key: string }

/** A change of a key that holds what is expected; null: that is not there. */
export interface KvCompareAndSet {
  readonly type: 'compareAndSet'
  readonly family: string
  readonly key: string
  readonly expected: string | null
  readonly value: string | null
}

/** One page of rows with `from ≤ key < to`; null: to the last key. */
export interface KvScan {
  readonly type: 'scan'
  readonly family: string
  readonly from: string
  readonly to: string | null
  readonly limit: number
  readonly reverse: boolean
}

/** An operation on a key-value store. A batch is one, a page of a scan is one; a scan of several pages is several. */
export type KvOp =
  | KvWrite
  | KvCompareAndSet
  | KvScan
  | { readonly type: 'get'; readonly family: string; readonly key: string }
  | { readonly type: 'batch'; readonly writes: readonly KvWrite[] }

/** What was answered. `current` is what a key held instead, `next` where a page goes on; null: nothing. */
export type KvResult =
  | { readonly type: 'done' }
  | { readonly type: 'got'; readonly value: string | null }
  | { readonly type: 'compared'; readonly swapped: boolean; readonly current: string | null }
  | { readonly type: 'page'; readonly rows: readonly (readonly [key: string, value: string])[]; readonly next: string | null }

/** One operation of a history of a key-value store. */
export type KvOperation = Operation<KvOp, KvResult>

/** One character for each byte (text as its UTF-8): such texts are ordered as the bytes are. */
export function characters(bytes: Bytes): string {
  let text = ''
  for (const byte of toBytes(bytes)) text += String.fromCharCode(byte)
  return text
}

const orNull = (bytes: Bytes | null | undefined): string | null =>
  bytes === null || bytes === undefined ? null : characters(bytes)

/** Operations, from what the methods of `KvClient` take. */
export const kvOp = {
  get: (key: Bytes, family = DEFAULT_FAMILY): KvOp => ({ type: 'get', family, key: characters(key) }),
  put: (key: Bytes, value: Bytes, family = DEFAULT_FAMILY): KvWrite => ({
    type: 'put',
    family,
    key: characters(key),
    value: characters(value),
  }),
  delete: (key: Bytes, family = DEFAULT_FAMILY): KvWrite => ({ type: 'delete', family, key: characters(key) }),
  compareAndSet: (key: Bytes, { expected, value }: KvChange, family = DEFAULT_FAMILY): KvOp => ({
    type: 'compareAndSet',
    family,
    key: characters(key),
    expected: orNull(expected),
    value: orNull(value),
  }),
  batch: (...writes: readonly KvWrite[]): KvOp => ({ type: 'batch', writes }),
  scanPage({ prefix, from, to, limit = SCAN_ROWS_MAX, reverse = false }: KvRange = {}, family = DEFAULT_FAMILY): KvOp {
    const bounds = prefix === undefined ? { from, to } : prefixRange(toBytes(prefix))
    return { type: 'scan', family, from: orNull(bounds.from) ?? '', to: orNull(bounds.to), limit, reverse }
  },
} as const

/** Results, from what the methods of `KvClient` return. */
export const kvResult = {
  done: (): KvResult => ({ type: 'done' }),
  got: (value: Uint8Array | undefined): KvResult => ({ type: 'got', value: orNull(value) }),
  compared: ({ swapped, current }: Pick<Compared, 'swapped' | 'current'>): KvResult => ({
    type: 'compared',
    swapped,
    current: orNull(current),
  }),
  page: ({ rows, rest }: Pick<KvPage, 'rows' | 'rest'>): KvResult => ({
    type: 'page',
    rows: rows.map(({ key, value }) => [characters(key), characters(value)]),
    next: rest === null ? null : orNull(rest.reverse ? rest.to : rest.from),
  }),
} as const
