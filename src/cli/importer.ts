/** Many records into a store, so many at a time, and how far it got. Knows neither files nor terminals. */

import { type Code, FlotillaError } from '../base/errors.ts'
import type { KvClient } from '../client/kv.ts'

/** One record, and where it came from. */
export interface RecordToPut {
  /** From 1. */
  readonly line: number
  readonly key: string
  readonly value: Uint8Array | string
}

/** Puts on their way at a time. */
export const IN_FLIGHT_MAX = 256

export interface PutAllOptions {
  readonly kv: KvClient
  readonly family?: string
  readonly signal?: AbortSignal
  /** Called after each acknowledged record. */
  readonly onPut?: (record: RecordToPut) => void
  /** Called for a record that can never be put; the others go on. */
  readonly onRefused?: (record: RecordToPut, error: FlotillaError) => void
}

/** How it ended. */
export interface PutAllResult {
  readonly put: number
  readonly refused: number
  /** What ended it early, or null. */
  readonly failure: unknown
  /** All records before this line are dealt with; null when all are. */
  readonly resumeAt: number | null
}

/** Refusals that are about one record alone. */
const OWN_FAULT: ReadonlySet<Code> = new Set<Code>(['TOO_LARGE', 'COMMAND_INVALID'])

/** Puts all records, as writes that may be repeated: a record put twice is the same record. */
export async function putAll(
  records: AsyncIterable<RecordToPut> | Iterable<RecordToPut>,
  options: PutAllOptions,
): Promise<PutAllResult> {
  const open = new Map<RecordToPut, Promise<void>>() // in the order of lines: the first one is where to resume
  const state = { put: 0, refused: 0, failure: null as unknown }
  let next: number | null = null
  for await (const record of records) {
    if (options.signal?.aborted || state.failure !== null) {
      next = record.line
      break
    }
    open.set(
      record,
      putOne(record, options, state).then((settled) => void (settled && open.delete(record))),
    )
    if (open.size >= IN_FLIGHT_MAX) await Promise.race(open.values())
  }
  await Promise.all(open.values())
  const [first] = open.keys()
  return { ...state, resumeAt: first?.line ?? next }
}

/** Whether the record is dealt with: put, or refused for good. */
async function putOne(
  record: RecordToPut,
  { kv, family, onPut, onRefused }: PutAllOptions,
  state: { put: number; refused: number; failure: unknown },
): Promise<boolean> {
  try {
    await kv.put(record.key, record.value, { idempotent: true, ...(family === undefined ? {} : { family }) })
    state.put++
    onPut?.(record)
    return true
  } catch (error) {
    if (!(error instanceof FlotillaError && OWN_FAULT.has(error.code))) {
      state.failure ??= error
      return false
    }
    state.refused++
    onRefused?.(record, error)
    return true
  }
}
