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

/** After an interruption, what is on its way is waited for so long, in milliseconds. */
const IN_FLIGHT_GRACE_MS = 2000

/** Puts on their way at a time. */
export const IN_FLIGHT_MAX = 256

export interface PutAllOptions {
  readonly kv: KvClient
  readonly family?: string
  readonly signal?: AbortSignal
  /** The line the records begin with. Default 1. */
  readonly firstLine?: number
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
  let next: number | null = options.firstLine ?? 1
  const stop = interruptionOf(options.signal)
  const source = iteratorOf(records)
  for (;;) {
    const step = await stop.orUntil(source.next())
    if (step === null) break // no record came, perhaps for long: whatever comes next is on the line after the last one
    if (step.done === true) {
      next = null
      break
    }
    const record = step.value
    next = record.line
    if (stop.isOver() || state.failure !== null) break
    next++
    open.set(
      record,
      putOne(record, options, state).then((settled) => void (settled && open.delete(record))),
    )
    if (open.size >= IN_FLIGHT_MAX) await stop.orUntil(Promise.race(open.values()))
  }
  if (next !== null) source.return?.().then(undefined, () => {}) // not awaited: it may wait for a record that never comes
  await stop.patiently(Promise.all(open.values()), IN_FLIGHT_GRACE_MS)
  const [first] = open.keys()
  return { ...state, resumeAt: first?.line ?? next }
}

type Records = AsyncIterable<RecordToPut> | Iterable<RecordToPut>

async function* iteratorOf(records: Records): AsyncGenerator<RecordToPut, void, undefined> {
  yield* records
}

/** An interruption, as something to wait for beside something else. */
function interruptionOf(signal: AbortSignal | undefined) {
  const isOver = (): boolean => signal?.aborted === true
  return {
    isOver,
    /** The outcome of the work, or null once interrupted. */
    orUntil<T>(work: Promise<T>): Promise<T | null> {
      return new Promise((resolve, reject) => {
        const end = (): void => resolve(null)
        if (isOver()) end()
        signal?.addEventListener('abort', end, { once: true })
        work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', end))
      })
    },
    /** Waits for the work; once interrupted only so many milliseconds more. */
    async patiently(work: Promise<unknown>, graceMs: number): Promise<void> {
      if ((await this.orUntil(work)) !== null) return
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise((resolve) => {
        timer = setTimeout(resolve, graceMs)
      })
      await Promise.race([work, patience])
      clearTimeout(timer)
    },
  }
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
