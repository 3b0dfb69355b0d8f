/** A group's key-value store as a program sees it. Turns calls into commands and queries; knows nothing of leaders or retries. */

import { text, toBytes } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { SCAN_ROWS_MAX } from '../base/limits.ts'
import { type Batch, encodeBatch, encodeCompareAndSet, encodeDelete, encodePut } from '../statemachines/kv/command.ts'
import { DEFAULT_FAMILY } from '../statemachines/kv/families.ts'
import { encodeGet, encodeScan, prefixRange } from '../statemachines/kv/query.ts'
import { decodeCompareAndSetResult, decodeDone, decodeGetResult, decodeScanResult } from '../statemachines/kv/result.ts'
import { checkFamily, optionsOf } from './checks.ts'
import type { GroupCalls, ReadOptions, WriteOptions } from './types.ts'

/** Keys and values: bytes, or text that is taken as UTF-8. */
export type Bytes = Uint8Array | string

/** Which of the group's ordered key spaces is meant. Default `default`. */
export interface InFamily {
  readonly family?: string
}

/** How fresh a read must be, and of which family. */
export type KvReadOptions = ReadOptions & InFamily
/** What may be done when the outcome is not known, and in which family to write. */
export type KvWriteOptions = WriteOptions & InFamily

/** Where in the log a write is. */
export interface Written {
  readonly index: number
  readonly term: number
}

/** What a compare-and-set looks for, and what it puts there. `null` stands for a key that is not there. */
export interface KvChange {
  readonly expected: Bytes | null
  readonly value: Bytes | null
}

/** What a compare-and-set did. */
export interface Compared extends Written {
  readonly swapped: boolean
  /** When it was not swapped: what the key holds instead; undefined when it is not there. */
  readonly current: Uint8Array | undefined
}

/** Which keys to read, in the order of their bytes. */
export interface KvRange {
  /** All keys that begin so. Not together with `from` and `to`. */
  readonly prefix?: Bytes
  /** First key, inclusive. */
  readonly from?: Bytes
  /** End, exclusive. */
  readonly to?: Bytes
  /** At most so many rows. Without it a scan goes to the end of the range, a page holds up to 1000 rows. */
  readonly limit?: number
  /** From the end of the range to its start. */
  readonly reverse?: boolean
}

/** One key and what it holds. */
export interface KvRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** A part of a scan. */
export interface KvPage {
  readonly rows: readonly KvRow[]
  /** The range that is left, or null at its end. */
  readonly rest: KvRange | null
  /** The log index the page is as of. */
  readonly index: number
}

/** Puts and deletes that happen together or not at all, over any families, in order. Nothing is sent before `commit`. */
export interface KvBatch {
  put(key: Bytes, value: Bytes, family?: string): this
  delete(key: Bytes, family?: string): this
  /** Operations so far. */
  readonly size: number
  commit(options?: WriteOptions): Promise<Written>
}

/** One group's key-value store. Errors are `FlotillaError`s; see docs/errors.md. */
export interface KvClient {
  /** The value, or undefined when the key is not there. */
  get(key: Bytes, options?: KvReadOptions): Promise<Uint8Array | undefined>
  /** The value as UTF-8 text. */
  getText(key: Bytes, options?: KvReadOptions): Promise<string | undefined>
  put(key: Bytes, value: Bytes, options?: KvWriteOptions): Promise<Written>
  /** Removes a key. One that is not there is no error. */
  delete(key: Bytes, options?: KvWriteOptions): Promise<Written>
  /** Changes a key if it holds what is expected. */
  compareAndSet(key: Bytes, change: KvChange, options?: KvWriteOptions): Promise<Compared>
  batch(): KvBatch
  /** Rows in order, fetched page by page: each page is consistent in itself, and as of a later moment than the one before. */
  scan(range?: KvRange, options?: KvReadOptions): AsyncIterable<KvRow>
  /** One page: as many rows as fit an answer. Ask on with `rest`. */
  scanPage(range?: KvRange, options?: KvReadOptions): Promise<KvPage>
}

/** The store of one group, over any client. */
export const kvClient = (calls: GroupCalls, group: string): KvClient => new Kv(calls, group)

class Kv implements KvClient {
  readonly #calls: GroupCalls
  readonly #group: string

  constructor(calls: GroupCalls, group: string) {
    this.#calls = calls
    this.#group = group
  }

  async get(key: Bytes, given?: KvReadOptions): Promise<Uint8Array | undefined> {
    const { family, options } = inFamily(given)
    const { body } = await this.#calls.read(this.#group, encodeGet(family, toBytes(key)), options)
    return decodeGetResult(body)
  }

  async getText(key: Bytes, options?: KvReadOptions): Promise<string | undefined> {
    const value = await this.get(key, options)
    return value === undefined ? undefined : text(value)
  }

  async put(key: Bytes, value: Bytes, given?: KvWriteOptions): Promise<Written> {
    const { family, options } = inFamily(given)
    return this.#write(encodePut(family, toBytes(key), toBytes(value)), options)
  }

  async delete(key: Bytes, given?: KvWriteOptions): Promise<Written> {
    const { family, options } = inFamily(given)
    return this.#write(encodeDelete(family, toBytes(key)), options)
  }

  async compareAndSet(key: Bytes, change: KvChange, given?: KvWriteOptions): Promise<Compared> {
    const { family, options } = inFamily(given)
    const { expected, value } = changeOf(change)
    const before = expected === null ? {} : { expected: toBytes(expected) }
    const after = value === null ? {} : { replacement: toBytes(value) }
    const command = encodeCompareAndSet({ family, key: toBytes(key), ...before, ...after })
    const { index, term, body } = await this.#calls.propose(this.#group, command, options)
    const result = decodeCompareAndSetResult(body)
    return { index, term, swapped: result.swapped, current: result.swapped ? undefined : result.current }
  }

  batch(): KvBatch {
    return new PendingBatch((operations, options) => this.#write(encodeBatch(operations), options))
  }

  async *scan(given: KvRange = {}, options: KvReadOptions = {}): AsyncGenerator<KvRow, void, undefined> {
    const range: KvRange = optionsOf(given)
    let left = range.limit ?? Number.POSITIVE_INFINITY
    let rest: KvRange | null = range
    while (rest !== null && left > 0) {
      const page: KvPage = await this.scanPage({ ...rest, limit: Math.min(left, SCAN_ROWS_MAX) }, options)
      yield* page.rows
      left -= page.rows.length
      rest = page.rest
    }
  }

  async scanPage(wanted: KvRange = {}, given?: KvReadOptions): Promise<KvPage> {
    const { family, options } = inFamily(given)
    const range = optionsOf(wanted)
    const { limit = SCAN_ROWS_MAX, reverse = false } = range
    const bounds = boundsOf(range)
    const { index, body } = await this.#calls.read(this.#group, encodeScan({ family, ...bounds, limit, reverse }), options)
    const { rows, next } = decodeScanResult(body)
    const rest = next === undefined ? null : { ...bounds, reverse, ...(reverse ? { to: next } : { from: next }) }
    return { rows: rows.map(([key, value]) => ({ key, value })), rest, index }
  }

  async #write(command: Uint8Array, options: WriteOptions): Promise<Written> {
    const { index, term, body } = await this.#calls.propose(this.#group, command, options)
    decodeDone(body)
    return { index, term }
  }
}

class PendingBatch implements KvBatch {
  readonly #send: (operations: Batch['operations'], options: WriteOptions) => Promise<Written>
  readonly #operations: Batch['operations'][number][] = []

  constructor(send: (operations: Batch['operations'], options: WriteOptions) => Promise<Written>) {
    this.#send = send
  }

  get size(): number {
    return this.#operations.length
  }

  put(key: Bytes, value: Bytes, family = DEFAULT_FAMILY): this {
    this.#operations.push({ op: 'put', family: checkFamily(family), key: toBytes(key), value: toBytes(value) })
    return this
  }

  delete(key: Bytes, family = DEFAULT_FAMILY): this {
    this.#operations.push({ op: 'delete', family: checkFamily(family), key: toBytes(key) })
    return this
  }

  async commit(options: WriteOptions = {}): Promise<Written> {
    return this.#send([...this.#operations], options)
  }
}

/** Which family is meant, and the rest of a call's options. */
function inFamily<T extends InFamily>(given: T | undefined) {
  const { family = DEFAULT_FAMILY, ...options } = optionsOf(given)
  return { family: checkFamily(family), options }
}

/** Both sides must be said: one that was forgotten would delete, or match a key that is not there. */
function changeOf(change: KvChange): KvChange {
  const { expected, value } = optionsOf(change)
  if (expected !== undefined && value !== undefined) return { expected, value }
  throw new FlotillaError('COMMAND_INVALID', 'a compare-and-set takes { expected, value }, null for a key that is not there')
}

function boundsOf({ prefix, from, to }: KvRange): { readonly from?: Uint8Array; readonly to?: Uint8Array } {
  if (prefix === undefined)
    return { ...(from === undefined ? {} : { from: toBytes(from) }), ...(to === undefined ? {} : { to: toBytes(to) }) }
  if (from === undefined && to === undefined) return prefixRange(toBytes(prefix))
  throw new FlotillaError('COMMAND_INVALID', 'a range is given by its prefix, or by from and to, not by both')
}
