/** One durable transaction at a time, under a watch. Knows nothing of what is written. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Gate } from '../gate.ts'
import { watched } from '../watchdog.ts'
import type { Bytes, Env } from './env.ts'

/** One change of one database. A missing value deletes the key. */
export interface Change {
  readonly db: Bytes
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** Puts changes into one transaction and resolves when that is on disk: LMDB, or a test's way to fail. */
export type Commit = (changes: readonly Change[]) => Promise<unknown>

/** Milliseconds after which a write that has not settled counts as failed. A broken disk may never answer. */
export const WATCHDOG_MS = 10_000

/**
 * Commits by LMDB's `batch`: its own thread puts and flushes, so the event loop stays free, and any change that fails aborts them all.
 * Nothing may throw in the callback: what was put before would be committed. So it only puts what is ready.
 */
export const lmdbCommit =
  (env: Pick<Env, 'root'>): Commit =>
  (changes) =>
    env.root.batch(() => {
      for (const { db, key, value } of changes) {
        if (value === undefined) void db.remove(key)
        else void db.put(key, value)
      }
    })

/** What LMDB says of why in a second promise, which it settles in the same breath, and which would else end the process as an unhandled rejection. */
async function causeOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown) || !(thrown.commitError instanceof Promise)) return thrown
  const said = thrown.commitError.then(
    () => thrown,
    (cause: unknown) => cause,
  )
  return Promise.race([said, nextTurn(thrown)])
}

/** Commits changes; the first that fails or does not settle in time shuts the gate. */
export class Writer {
  readonly #gate: Gate
  readonly #commit: Commit
  readonly #watchdogMs: number

  constructor(gate: Gate, commit: Commit, watchdogMs: number) {
    this.#gate = gate
    this.#commit = commit
    this.#watchdogMs = watchdogMs
  }

  /** Resolves when all changes are on disk; rejects with `STORAGE_FAILED`, and then the store is dead. Nothing is tried twice. */
  async commit(changes: readonly Change[]): Promise<void> {
    if (changes.length > 0) await this.watch(() => this.#commit(changes))
    else this.#gate.checkFailure()
  }

  /** The same for another way to disk. */
  async watch(write: () => Promise<unknown>): Promise<void> {
    this.#gate.checkFailure()
    try {
      const settled = write()
      settled.catch(causeOf) // also when it settles after the watchdog
      await watched(settled, this.#watchdogMs)
    } catch (thrown) {
      throw this.#gate.fail('the store could not write', await causeOf(thrown))
    }
  }
}
