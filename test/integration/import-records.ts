/** The work that goes on while integration tests break things: an import with many writes in flight. Knows no processes. */

import { FlotillaError } from '../../src/base/errors.ts'
import type { Client } from '../../src/client/client.ts'

export interface ImportOptions {
  readonly records: number
  readonly inFlight: number
  /** Called once, when so many are acknowledged. */
  readonly at: { readonly count: number; readonly run: () => void | Promise<void> }
  /** Whether a record whose outcome is unknown is sent again. Default true. */
  readonly idempotent?: boolean
}

export interface ImportReport {
  /** Value by key of everything that was acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>
  /** Index in the log and term of every acknowledgement. */
  readonly places: readonly { readonly key: string; readonly index: number; readonly term: number }[]
  /** Codes of those that were not. */
  readonly failures: readonly string[]
  /** Longest time between two acknowledgements after what was done to the cluster, in milliseconds. */
  readonly silenceMs: number
}

const recordOf = (i: number): string => `${i}:${'v'.repeat(100 + (i % 150))}`

/** Puts records one by one, so many at a time, and does something to the cluster on the way. */
export async function importRecords(client: Client, options: ImportOptions): Promise<ImportReport> {
  const { records, inFlight, at, idempotent = true } = options
  const store = client.kv('kv')
  const acknowledged = new Map<string, string>()
  const places: { key: string; index: number; term: number }[] = []
  const failures: string[] = []
  let next = 0
  let silenceMs = 0
  let lastAt = 0
  let done: Promise<void> | null = null
  const acknowledge = (): void => {
    const now = performance.now()
    if (done) silenceMs = Math.max(silenceMs, now - lastAt)
    lastAt = now
    if (acknowledged.size < at.count || done) return
    done = Promise.resolve(at.run())
  }
  const worker = async (): Promise<void> => {
    while (next < records) {
      const i = next++
      const key = `record-${String(i).padStart(6, '0')}`
      try {
        const { index, term } = await store.put(key, recordOf(i), { idempotent })
        acknowledged.set(key, recordOf(i))
        places.push({ key, index, term })
        acknowledge()
      } catch (error) {
        failures.push(error instanceof FlotillaError ? error.code : String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  await done
  return { acknowledged, places, failures, silenceMs }
}
