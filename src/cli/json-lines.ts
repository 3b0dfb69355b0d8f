/** A file of JSON lines as records: reads it piece by piece, and says which lines are none. Knows no store. */

import { createReadStream } from 'node:fs'
import type { RecordToPut } from './importer.ts'

/** Longest line that is read, in bytes: more than a value may have. */
const LINE_BYTES_MAX = 1024 * 1024

export interface JsonLinesOptions {
  readonly file: string
  /** Field that is the key. */
  readonly field: string
  /** Lines before this one are passed over. */
  readonly fromLine: number
  /** Told of each line that is no record. When it returns false, reading ends. */
  readonly onBadLine: (line: number, why: string) => boolean
  /** Told how many bytes have been read. */
  readonly onBytes?: (bytes: number) => void
}

/** The records of a file. Blank lines are passed over. */
export async function* recordsOf(options: JsonLinesOptions): AsyncGenerator<RecordToPut, void, undefined> {
  let line = 0
  for await (const bytes of linesOf(options)) {
    line++
    if (line < options.fromLine) continue
    if (bytes === null) {
      if (!options.onBadLine(line, `longer than ${LINE_BYTES_MAX} bytes`)) return
      continue
    }
    const text = bytes.toString().trim()
    if (text === '') continue
    const found = keyOf(text, options.field)
    if (found.key !== undefined) yield { line, key: found.key, value: text }
    else if (!options.onBadLine(line, found.why)) return
  }
}

/** Lines without their ends; null for one that is too long, of which no more than the limit is ever kept. */
async function* linesOf({ file, onBytes }: JsonLinesOptions): AsyncGenerator<Buffer | null, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let tooLong = false
  let read = 0
  for await (const chunk of createReadStream(file, { highWaterMark: 64 * 1024 })) {
    const data = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer])
    read += (chunk as Buffer).length
    let start = 0
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, start)) {
      yield tooLong || end - start > LINE_BYTES_MAX ? null : data.subarray(start, end)
      tooLong = false
      start = end + 1
    }
    rest = tooLong ? Buffer.alloc(0) : data.subarray(start)
    if (rest.length > LINE_BYTES_MAX) {
      tooLong = true
      rest = Buffer.alloc(0)
    }
    onBytes?.(read)
  }
  if (tooLong) yield null
  else if (rest.length > 0) yield rest
}

type Found = { readonly key: string } | { readonly key?: undefined; readonly why: string }

function keyOf(text: string, field: string): Found {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { why: 'not JSON' }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { why: 'not a JSON object' }
  if (!Object.hasOwn(value, field)) return { why: `no field '${field}'` }
  const key: unknown = (value as Record<string, unknown>)[field]
  if (typeof key === 'number') return { key: String(key) }
  return typeof key === 'string' && key !== '' ? { key } : { why: `field '${field}' is no text and no number` }
}
