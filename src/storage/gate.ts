/** Whether a store still answers. A store that failed once never answers again: what reached the disk is unknown (no retry after a failed flush). */

import { FlotillaError } from '../base/errors.ts'

/** Stands in front of every call of a store. */
export class Gate {
  #failure: { readonly message: string; readonly cause: unknown } | null = null
  #closed = false

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

  /** Shuts the gate for good and returns what to throw. The first failure is the one that is told. */
  fail(message: string, cause: unknown): FlotillaError {
    this.#failure ??= { message, cause }
    return this.#refusal(this.#failure)
  }

  close(): void {
    this.#closed = true
  }

  #refusal(failure: { readonly message: string; readonly cause: unknown }): FlotillaError {
    return new FlotillaError('STORAGE_FAILED', failure.message, {}, failure.cause)
  }
}
