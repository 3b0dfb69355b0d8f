/** A file of JSON lines as records: reads it piece by piece, and says which lines are none. Knows no store. */

import type { RecordToPut } from './importer.ts'
import { clipped } from './paint.ts'
import { piecesOf } from './pieces.ts'
import { utf8Of } from './values.ts'

/** Longest line that is read, in bytes: more than a value may have. */
const LINE_BYTES_MAX = 1024 * 1024

/** Strings, punctuation, and everything else of a text that is known to be JSON. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g

const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf)

export interface JsonLinesOptions {
  /** A file's name, or what is in it, piece by piece. */
  readonly file: string | AsyncIterable<Uint8Array>
  /** Reading is given up when it aborts. */
  readonly signal?: AbortSignal
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
    const value = withoutMark(bytes, line)
    const text = utf8Of(value)
    if (text?.trim() === '') continue
    const found = text === null ? { why: 'not UTF-8' } : keyOf(text, options.field)
    if (found.key !== undefined) yield { line, key: found.key, value }
    else if (!options.onBadLine(line, found.why)) return
  }
}

/** Lines without their ends; null for one that is too long, of which no more than the limit is ever kept. */
async function* linesOf({ file, signal, onBytes }: JsonLinesOptions): AsyncGenerator<Buffer | null, void, undefined> {
  let rest: Buffer = Buffer.alloc(0)
  let tooLong = false
  let read = 0
  for await (const piece of typeof file === 'string' ? piecesOf(file, signal) : file) {
    const chunk = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    read += chunk.length
    let start = 0
    for (let end = data.indexOf(10); end !== -1; end = data.indexOf(10, start)) {
      yield tooLong || end - start > LINE_BYTES_MAX ? null : withoutReturn(data.subarray(start, end))
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

/** The end of a line may be two bytes. */
const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === 13 ? line.subarray(0, -1) : line)

/** The mark that some programs put before the first line belongs to the file, not to the line. */
const withoutMark = (bytes: Buffer, line: number): Buffer =>
  line === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes

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
  if (key === '') return { why: `field '${field}' is empty` }
  if (typeof key === 'number') return keyOfNumber(key, { text, field })
  if (typeof key !== 'string') return { why: `field '${field}' is no text and no number` }
  return /\p{Surrogate}/u.test(key) ? { why: `field '${field}' is no text that UTF-8 can hold` } : { key }
}

/** A number is a key only if nothing of it is lost: two lines that differ must not become one record. */
function keyOfNumber(number: number, { text, field }: { readonly text: string; readonly field: string }): Found {
  const written = writtenValue(text, field)
  if (String(number) === written && (Number.isSafeInteger(number) || !Number.isInteger(number))) return { key: written }
  return { why: `field '${field}' is a number that would not be kept as it is written: ${clipped(written, 40)}` }
}

/** What stands in the text of a JSON object as the number of one of its own fields. The last one counts, as it does for the parser. */
function writtenValue(text: string, field: string): string {
  const tokens = text.match(TOKENS) ?? []
  let depth = 0
  let written = ''
  for (const [i, token] of tokens.entries()) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (token === ':' && depth === 1 && JSON.parse(tokens[i - 1] ?? '') === field) written = tokens[i + 1] ?? ''
  }
  return written
}
