/** Whether a store still answers. A store that failed once never answers again: what reached the disk is unknown (no retry after a failed flush). */

import { FlotillaError } from '../base/errors.ts'
import { Silence } from './watchdog.ts'

/** How long the close of a store that has failed may take, in milliseconds: what hangs will hang on, and somebody waits to end the process. */
const FAILED_CLOSE_MS = 1000

/** Stands in front of every call of a store. */
export class Gate {
  #failure: { readonly message: string; readonly cause: unknown } | null = null
  #closed = false
  readonly #advice: string

  /** `advice`: what somebody should do about a failure, in sentences. */
  constructor(advice = '') {
    this.#advice = advice
  }

  get failed(): boolean {
    return this.#failure !== null
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Throws `STORE_CLOSED` after a close, `STORAGE_FAILED` after a failure. */
  check(): void {
    if (this.#closed) throw new FlotillaError('STORE_CLOSED', 'the store is closed')
    this.checkFailure()
  }

  /** Throws `STORAGE_FAILED` after a failure only: for work accepted before the close. */
  checkFailure(): void {
    if (this.#failure) throw this.#refusal(this.#failure)
  }

  /**
   * Shuts the gate for good and returns what to throw. The first failure is the one that is told, with its cause; `silent` in its details: something of
   * this process hangs in the disk.
   */
  fail(message: string, cause: unknown): FlotillaError {
    this.#failure ??= { message, cause }
    return this.#refusal(this.#failure)
  }

  /** How long to wait for a close, which may otherwise take so many milliseconds. */
  patience(ms: number): number {
    return this.#failure ? Math.min(ms, FAILED_CLOSE_MS) : ms
  }

  close(): void {
    this.#closed = true
  }

  #refusal(failure: { readonly message: string; readonly cause: unknown }): FlotillaError {
    const { message, cause } = failure
    const why = cause instanceof Error ? cause.message : String(cause)
    const said = this.#advice === '' ? `${message}: ${why}` : `${message}: ${why}. ${this.#advice}`
    return new FlotillaError('STORAGE_FAILED', said, cause instanceof Silence ? { silent: true } : {}, cause)
  }
}
