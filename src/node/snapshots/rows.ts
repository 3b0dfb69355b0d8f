/**
 * Rows of tables as a stream of bytes, and back, holding one row at a time. The same rows give the same bytes on every node: families in order of their
 * names, keys in order of their bytes. Knows nothing of chunks.
 *
 * ```
 * 1 byte      version, now 1
 * then, for each family that has rows
 *   1 byte    1
 *   1 byte    length of its name, and the name
 *   then, for each row
 *     1 byte  2
 *     2 bytes length of its key, 4 bytes length of its value, big endian, and both
 * ```
 */

import { compareBytes, concatBytes, copyBytes, EMPTY, newBytes, text, utf8, writeU16, writeU32 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { KEY_BYTES_MAX, ROW_VALUE_BYTES_MAX } from '../../base/limits.ts'
import type { Row, TableSnapshot, TableWrite } from '../../ports/table.ts'
import type { Pace } from './pace.ts'

const VERSION = 1
const FAMILY = 1
const ROW = 2
const ROW_HEAD_BYTES = 7

/** Rows between two looks at the clock. */
const ROWS_A_LOOK = 32

/** A row as it travels, with what stands before it in the stream. */
export interface EncodedRow {
  readonly key: Uint8Array
  readonly bytes: Uint8Array
}

/**
 * All rows of these families, a few at a time, none for longer than a turn. Throws `TOO_LARGE` for a row that does not fit the format. No rows are no bytes.
 */
export async function* encodeRows(view: TableSnapshot, families: readonly string[], pace: Pace): AsyncGenerator<EncodedRow[]> {
  let lead: readonly Uint8Array[] = [Uint8Array.of(VERSION)]
  for (const family of [...families].sort(inOrder)) {
    const name = utf8(family)
    const before = lead
    lead = [...lead, Uint8Array.of(FAMILY, name.length), name]
    let batch: EncodedRow[] = []
    for (const row of view.range(family, {})) {
      batch.push(encodeRow(family, row, lead))
      lead = []
      if (batch.length < ROWS_A_LOOK) continue
      yield batch
      batch = []
      await pace.keep()
    }
    yield batch
    if (lead.length > 0) lead = before // a family without rows is not named
  }
}

/** Names are ASCII: their order as text is that of their bytes. */
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function encodeRow(family: string, [key, value]: Row, lead: readonly Uint8Array[]): EncodedRow {
  if (value.length > ROW_VALUE_BYTES_MAX) {
    const message = `a value of ${value.length} bytes in family "${family}" does not fit a snapshot; ${ROW_VALUE_BYTES_MAX} do`
    throw new FlotillaError('TOO_LARGE', message, { family, bytes: value.length, bytesMax: ROW_VALUE_BYTES_MAX })
  }
  let start = 0
  for (const part of lead) start += part.length
  const bytes = newBytes(start + ROW_HEAD_BYTES + key.length + value.length)
  let at = 0
  for (const part of lead) {
    bytes.set(part, at)
    at += part.length
  }
  bytes[at] = ROW
  writeU16(bytes, at + 1, key.length)
  writeU32(bytes, at + 3, value.length)
  bytes.set(key, at + ROW_HEAD_BYTES)
  bytes.set(value, at + ROW_HEAD_BYTES + key.length)
  return { key, bytes }
}

/**
 * The rows that a stream stands for, however its bytes are divided. Throws `CODEC_INVALID` for what {@link encodeRows} cannot have written, and
 * `UNKNOWN_FAMILY` for a family that is not among the known ones; null: any will do.
 */
export async function* decodeRows(
  stream: AsyncIterable<Uint8Array>,
  families: readonly string[] | null,
  pace: Pace,
): AsyncGenerator<TableWrite> {
  const reader = new RowReader(families && new Set(families))
  let looked = 0
  for await (const bytes of stream) {
    reader.add(bytes)
    for (let row = reader.next(); row !== null; row = reader.next()) {
      yield row
      if (++looked % ROWS_A_LOOK === 0) await pace.keep()
    }
  }
  reader.end()
}

/** Takes a stream apart. Holds what is not understood yet: less than one row. */
class RowReader {
  readonly #known: ReadonlySet<string> | null
  #bytes: Uint8Array = EMPTY
  #at = 0
  #isBegun = false
  #family: string | null = null
  #key: Uint8Array | null = null
  /** Portions of a row that is not complete, put together only once it is: a long row would else be copied with each of them. */
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #needed = 0

  constructor(known: ReadonlySet<string> | null) {
    this.#known = known
  }

  add(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes < this.#needed) return
    this.#bytes = this.#waiting.length === 1 ? bytes : concatBytes(this.#waiting)
    this.#at = 0
    this.#waiting = []
  }

  /** The next row; null: not without more bytes. Its bytes are copies. */
  next(): TableWrite | null {
    if (this.#waiting.length > 0) return null
    if (!this.#isBegun && !this.#begin()) return this.#wait(1)
    for (;;) {
      const tag = this.#bytes[this.#at]
      if (tag === undefined) return this.#wait(1)
      if (tag === ROW) return this.#row()
      if (tag !== FAMILY) throw invalid(`${tag} begins neither a family nor a row`)
      const missing = this.#readFamily()
      if (missing > 0) return this.#wait(missing)
    }
  }

  /** Throws if something is left over. */
  end(): void {
    if (this.#waitingBytes > 0) throw invalid('the last row is cut off')
  }

  #begin(): boolean {
    const version = this.#bytes[0]
    if (version === undefined) return false
    if (version !== VERSION) throw invalid(`version ${version} of rows is not understood; this build knows ${VERSION}`)
    this.#at = 1
    this.#isBegun = true
    return true
  }

  /** How many bytes are needed to go on; 0: it is read. */
  #readFamily(): number {
    const length = this.#bytes[this.#at + 1]
    if (length === undefined) return 2
    const end = this.#at + 2 + length
    if (end > this.#bytes.length) return 2 + length
    const name = text(this.#bytes.subarray(this.#at + 2, end))
    if (this.#family !== null && inOrder(this.#family, name) >= 0) throw invalid('families are not in order')
    if (this.#known?.has(name) === false)
      throw new FlotillaError('UNKNOWN_FAMILY', `the snapshot has a family ${JSON.stringify(name)}, this group has not`)
    this.#family = name
    this.#key = null
    this.#at = end
    return 0
  }

  #row(): TableWrite | null {
    const bytes = this.#bytes
    const at = this.#at
    if (at + ROW_HEAD_BYTES > bytes.length) return this.#wait(ROW_HEAD_BYTES)
    const head = new DataView(bytes.buffer, bytes.byteOffset + at, ROW_HEAD_BYTES)
    const [keyLength, valueLength] = [head.getUint16(1), head.getUint32(3)]
    if (keyLength > KEY_BYTES_MAX || valueLength > ROW_VALUE_BYTES_MAX) throw invalid('a row is longer than rows can be')
    const end = at + ROW_HEAD_BYTES + keyLength + valueLength
    if (end > bytes.length) return this.#wait(end - at)
    if (this.#family === null) throw invalid('a row belongs to no family')
    const key = copyBytes(bytes.subarray(at + ROW_HEAD_BYTES, end - valueLength))
    if (this.#key !== null && compareBytes(this.#key, key) >= 0) throw invalid('keys are not in order')
    this.#key = key
    this.#at = end
    return { family: this.#family, key, value: copyBytes(bytes.subarray(end - valueLength, end)) }
  }

  /** Keeps what is left until there are so many bytes of it. */
  #wait(needed: number): null {
    const rest = this.#bytes.slice(this.#at)
    this.#bytes = EMPTY
    this.#at = 0
    this.#waiting = rest.length > 0 ? [rest] : []
    this.#waitingBytes = rest.length
    this.#needed = needed
    return null
  }
}

const invalid = (message: string): FlotillaError => new FlotillaError('CODEC_INVALID', message)
