/** Answers of the kv store and their bytes (docs/kv.md). Knows no table. */

import type { Row } from '../../ports/table.ts'
import { ByteReader, ByteWriter, FORMAT_VERSION } from './layout.ts'

/** What a compare-and-set did. `current` is what the key holds instead of the expected value; missing: it is not there. */
export type CompareAndSetResult = { readonly swapped: true } | { readonly swapped: false; readonly current?: Uint8Array }

/** Rows of a scan, in the order asked for. */
export interface ScanResult {
  readonly rows: readonly Row[]
  /** Missing when the range ended. Else ask again with this as `from`, or as `to` of a reverse scan. */
  readonly next?: Uint8Array
}

const DONE = 1
const COMPARED = 2
const GOT = 3
const SCANNED = 4

const SWAPPED = 1
const PRESENT = 2

/** Answer to a put, a delete and a batch. */
export function encodeDone(): Uint8Array {
  const bytes = new Uint8Array(2)
  bytes[0] = FORMAT_VERSION
  bytes[1] = DONE
  return bytes
}

/** Reads {@link encodeDone}. Like all readers here it throws `CODEC_INVALID` for anything else. */
export function decodeDone(bytes: Uint8Array): void {
  open(bytes, DONE).end()
}

/** What a compare-and-set answers, as bytes. */
export function encodeCompareAndSetResult(result: CompareAndSetResult): Uint8Array {
  const current = result.swapped ? undefined : result.current
  const writer = new ByteWriter(8 + (current?.length ?? 0)).u8(FORMAT_VERSION).u8(COMPARED)
  writer.u8((result.swapped ? SWAPPED : 0) | (current === undefined ? 0 : PRESENT))
  if (current !== undefined) writer.long(current)
  return writer.finish()
}

/** What a compare-and-set answered. Throws `CODEC_INVALID`. */
export function decodeCompareAndSetResult(bytes: Uint8Array): CompareAndSetResult {
  const reader = open(bytes, COMPARED)
  const flags = reader.flags(SWAPPED | PRESENT)
  if (flags === (SWAPPED | PRESENT)) throw reader.invalid('swapped and refused')
  const current = flags & PRESENT ? { current: reader.long() } : {}
  reader.end()
  return flags & SWAPPED ? { swapped: true } : { swapped: false, ...current }
}

/** Answer to a get. A key that is not there is an answer, not an error. */
export function encodeGetResult(value: Uint8Array | undefined): Uint8Array {
  const writer = new ByteWriter(8 + (value?.length ?? 0)).u8(FORMAT_VERSION).u8(GOT)
  if (value === undefined) return writer.u8(0).finish()
  return writer.u8(PRESENT).long(value).finish()
}

/** The value, or undefined when the key is not there. */
export function decodeGetResult(bytes: Uint8Array): Uint8Array | undefined {
  const reader = open(bytes, GOT)
  const value = reader.flags(PRESENT) === PRESENT ? reader.long() : undefined
  reader.end()
  return value
}

/** A page of a scan, as bytes. */
export function encodeScanResult({ rows, next }: ScanResult): Uint8Array {
  const capacity = rows.reduce((sum, row) => sum + rowBytes(row), 16 + (next?.length ?? 0))
  const writer = new ByteWriter(capacity).u8(FORMAT_VERSION).u8(SCANNED)
  writer.u8(next === undefined ? 0 : PRESENT)
  if (next !== undefined) writer.short(next)
  writer.u16(rows.length)
  for (const [key, value] of rows) writer.short(key).long(value)
  return writer.finish()
}

/** A page of a scan. Throws `CODEC_INVALID`. */
export function decodeScanResult(bytes: Uint8Array): ScanResult {
  const reader = open(bytes, SCANNED)
  const next = reader.flags(PRESENT) === PRESENT ? { next: reader.short() } : {}
  const count = reader.u16()
  const rows: Row[] = []
  for (let i = 0; i < count; i++) rows.push([reader.short(), reader.long()])
  reader.end()
  return { rows, ...next }
}

/** Bytes one row takes in an answer. */
export const rowBytes = ([key, value]: Row): number => 6 + key.length + value.length

function open(bytes: Uint8Array, expected: number): ByteReader {
  const reader = new ByteReader(bytes, 'CODEC_INVALID')
  reader.version()
  const kind = reader.u8()
  if (kind !== expected) throw reader.invalid(`an answer of kind ${kind} where ${expected} was awaited`)
  return reader
}
