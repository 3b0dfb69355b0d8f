/** A key-value client that writes down what it did and was told. Knows the client's interface, not what is behind it. */

import { FlotillaError } from '../base/errors.ts'
import { SCAN_ROWS_MAX } from '../base/limits.ts'
import type {
  Bytes,
  Compared,
  KvBatch,
  KvChange,
  KvClient,
  KvPage,
  KvRange,
  KvReadOptions,
  KvRow,
  KvWriteOptions,
  Written,
} from '../client/kv.ts'
import type { WriteOptions } from '../client/types.ts'
import type { HistoryRecorder } from './history.ts'
import { type KvOp, type KvResult, type KvWrite, kvOp, kvResult } from './models/kv-operations.ts'

/** Where to write it down. */
export interface Recording {
  readonly recorder: HistoryRecorder<KvOp, KvResult>
  /** Who does it. */
  readonly client: string
  /** One clock for all clients of a history, never one of a node. */
  readonly now: () => number
}

/** What a failed call means for a history: a read did nothing anyway, and a write only if its error says so for certain. */
export function fateOf(error: unknown, writes: boolean): 'failed' | 'unknown' {
  if (!writes) return 'failed'
  return error instanceof FlotillaError && (error.retryable || REFUSALS.has(error.code)) ? 'failed' : 'unknown'
}

/** What is said of the command itself: no attempt did anything. */
const REFUSALS: ReadonlySet<string> = new Set(['COMMAND_INVALID', 'TOO_LARGE', 'UNKNOWN_FAMILY'])

/**
 * The same client, recorded. Stale reads are passed on and not recorded, as they promise nothing that is checked. Writes with `idempotent` are refused
 * with `CONFIG_INVALID`: what may be done twice is not one operation.
 */
export const recordedKv = (kv: KvClient, recording: Recording): KvClient => new RecordedKv(kv, recording)

class RecordedKv implements KvClient {
  readonly #kv: KvClient
  readonly #recording: Recording

  constructor(kv: KvClient, recording: Recording) {
    this.#kv = kv
    this.#recording = recording
  }

  async get(key: Bytes, options: KvReadOptions = {}): Promise<Uint8Array | undefined> {
    const call = () => this.#kv.get(key, options)
    return isStale(options) ? call() : this.#record(kvOp.get(key, options.family), call, kvResult.got)
  }

  async getText(key: Bytes, options?: KvReadOptions): Promise<string | undefined> {
    const value = await this.get(key, options)
    return value === undefined ? undefined : new TextDecoder().decode(value)
  }

  async put(key: Bytes, value: Bytes, options: KvWriteOptions = {}): Promise<Written> {
    checkOnce(options)
    return this.#record(kvOp.put(key, value, options.family), () => this.#kv.put(key, value, options), kvResult.done)
  }

  async delete(key: Bytes, options: KvWriteOptions = {}): Promise<Written> {
    checkOnce(options)
    return this.#record(kvOp.delete(key, options.family), () => this.#kv.delete(key, options), kvResult.done)
  }

  async compareAndSet(key: Bytes, change: KvChange, options: KvWriteOptions = {}): Promise<Compared> {
    checkOnce(options)
    const op = kvOp.compareAndSet(key, change, options.family)
    return this.#record(op, () => this.#kv.compareAndSet(key, change, options), kvResult.compared)
  }

  batch(): KvBatch {
    return new RecordedBatch(this.#kv.batch(), (writes, call) => this.#record(kvOp.batch(...writes), call, kvResult.done))
  }

  async *scan(range: KvRange = {}, options: KvReadOptions = {}): AsyncGenerator<KvRow, void, undefined> {
    let left = range.limit ?? Number.POSITIVE_INFINITY
    let rest: KvRange | null = range
    while (rest !== null && left > 0) {
      const page: KvPage = await this.scanPage({ ...rest, limit: Math.min(left, SCAN_ROWS_MAX) }, options)
      yield* page.rows
      left -= page.rows.length
      rest = page.rest
    }
  }

  async scanPage(range: KvRange = {}, options: KvReadOptions = {}): Promise<KvPage> {
    const call = () => this.#kv.scanPage(range, options)
    return isStale(options) ? call() : this.#record(kvOp.scanPage(range, options.family), call, kvResult.page)
  }

  async #record<Answer>(op: KvOp, call: () => Promise<Answer>, resultOf: (answer: Answer) => KvResult): Promise<Answer> {
    const { recorder, client, now } = this.#recording
    const id = recorder.invoke(client, op, now())
    try {
      const answer = await call()
      recorder.ok(id, resultOf(answer), now())
      const index = indexOf(answer)
      if (index !== null) recorder.hint(id, op.type === 'scan' ? index + 0.5 : index)
      return answer
    } catch (error) {
      recorder[fateOf(error, op.type !== 'get' && op.type !== 'scan')](id)
      throw error
    }
  }
}

/** A batch that is recorded when it is committed. */
class RecordedBatch implements KvBatch {
  readonly #batch: KvBatch
  readonly #record: (writes: readonly KvWrite[], call: () => Promise<Written>) => Promise<Written>
  readonly #writes: KvWrite[] = []

  constructor(batch: KvBatch, record: (writes: readonly KvWrite[], call: () => Promise<Written>) => Promise<Written>) {
    this.#batch = batch
    this.#record = record
  }

  get size(): number {
    return this.#batch.size
  }

  put(key: Bytes, value: Bytes, family?: string): this {
    this.#batch.put(key, value, family)
    this.#writes.push(kvOp.put(key, value, family))
    return this
  }

  delete(key: Bytes, family?: string): this {
    this.#batch.delete(key, family)
    this.#writes.push(kvOp.delete(key, family))
    return this
  }

  async commit(options: WriteOptions = {}): Promise<Written> {
    checkOnce(options)
    return this.#record([...this.#writes], () => this.#batch.commit(options))
  }
}

const isStale = ({ consistency, maxStalenessMs }: KvReadOptions): boolean =>
  consistency === 'stale' || maxStalenessMs !== undefined

function checkOnce({ idempotent }: WriteOptions): void {
  if (idempotent)
    throw new FlotillaError('CONFIG_INVALID', 'a recorded write is not repeated: what may be done twice is not one operation')
}

/** Where an answer says it is in the log. */
const indexOf = (answer: unknown): number | null =>
  typeof answer === 'object' && answer !== null && 'index' in answer && typeof answer.index === 'number' ? answer.index : null
