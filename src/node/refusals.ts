/** How often what was refused at the edge, by code. */

import { type Code, type FlotillaError, toFlotillaError } from '../base/errors.ts'

export class Refusals {
  readonly #counts = new Map<Code, number>()

  count(code: Code): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  /** Whatever was thrown, as an error that is counted: the asker's answer, never the node's end. */
  counted(thrown: unknown): FlotillaError {
    const error = toFlotillaError(thrown, 'INVARIANT')
    this.count(error.code)
    return error
  }

  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
