/** Reads of the kv store and their bytes (docs/kv.md). Knows no table. */

import { FlotillaError } from '../../base/errors.ts'
import { SCAN_ROWS_MAX } from '../../base/limits.ts'
import { ByteReader, ByteWriter, checkBound, checkKey, FORMAT_VERSION } from './layout.ts'

/** Asks for one key. */
export interface Get {
  readonly op: 'get'
  readonly family: string
  readonly key: Uint8Array
}

/** Asks for the rows with `from ≤ key < to`, in key order or against it. */
export interface Scan {
  readonly op: 'scan'
  readonly family: string
  /** First key, inclusive; from the first one when missing. */
  readonly from?: Uint8Array
  /** End, exclusive; to the last key when missing. */
  readonly to?: Uint8Array
  /** Rows wanted, from 1 to `SCAN_ROWS_MAX`, which is also the default. The answer may hold fewer and say that there are more. */
  readonly limit?: number
  /** From the end of the range to its start. */
  readonly reverse?: boolean
}

/** What a key-value store can be asked without changing it. */
export type KvQuery = Get | Scan

const GET = 1
const SCAN = 2

const FROM = 1
const TO = 2
const REVERSE = 4

/** Bytes of a {@link Get}. Throws `COMMAND_INVALID` or `TOO_LARGE`. */
export function encodeGet(family: string, key: Uint8Array): Uint8Array {
  checkKey(key)
  return new ByteWriter(80 + key.length).u8(FORMAT_VERSION).u8(GET).family(family).short(key).finish()
}

/** Bytes of a {@link Scan}. Throws `COMMAND_INVALID` or `TOO_LARGE`. */
export function encodeScan(scan: Omit<Scan, 'op'>): Uint8Array {
  const { from, to, limit = SCAN_ROWS_MAX } = scan
  checkLimit(limit)
  const writer = new ByteWriter(80 + (from?.length ?? 0) + (to?.length ?? 0)).u8(FORMAT_VERSION).u8(SCAN).family(scan.family)
  writer.u8((from ? FROM : 0) | (to ? TO : 0) | (scan.reverse ? REVERSE : 0))
  for (const bound of [from, to]) {
    if (bound === undefined) continue
    checkBound(bound)
    writer.short(bound)
  }
  return writer.u16(limit).finish()
}

/** A read from its bytes; keys are views of them. Throws `COMMAND_INVALID` or `TOO_LARGE`, nothing else. */
export function decodeQuery(bytes: Uint8Array): KvQuery {
  const reader = new ByteReader(bytes, 'COMMAND_INVALID')
  reader.version()
  const op = reader.u8()
  if (op !== GET && op !== SCAN) throw reader.invalid(`unknown query ${op}`)
  const query = op === GET ? readGet(reader) : readScan(reader)
  reader.end()
  return query
}

/** The range of all keys that begin with the prefix. */
export function prefixRange(prefix: Uint8Array): Pick<Scan, 'from' | 'to'> {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end-- // nothing of this length follows ff: what follows is shorter
  if (end === 0) return prefix.length === 0 ? {} : { from: prefix }
  const to = prefix.slice(0, end)
  to[end - 1] = (to[end - 1] as number) + 1
  return { from: prefix, to }
}

function readGet(reader: ByteReader): Get {
  const family = reader.family()
  const key = reader.short()
  checkKey(key)
  return { op: 'get', family, key }
}

function readScan(reader: ByteReader): Scan {
  const family = reader.family()
  const flags = reader.flags(FROM | TO | REVERSE)
  const from = flags & FROM ? { from: readBound(reader) } : {}
  const to = flags & TO ? { to: readBound(reader) } : {}
  const limit = reader.u16()
  checkLimit(limit)
  return { op: 'scan', family, ...from, ...to, limit, reverse: (flags & REVERSE) !== 0 }
}

function readBound(reader: ByteReader): Uint8Array {
  const bound = reader.short()
  checkBound(bound)
  return bound
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= SCAN_ROWS_MAX) return
  throw new FlotillaError('COMMAND_INVALID', `a scan asks for 1 to ${SCAN_ROWS_MAX} rows, not ${limit}`, {
    limit,
    limitMax: SCAN_ROWS_MAX,
  })
}
