/** How often what was refused at the edge, by code. */

import type { Code } from '../base/errors.ts'

export class Refusals {
  readonly #counts = new Map<Code, number>()

  count(code: Code): void {
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1)
  }

  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }
}
