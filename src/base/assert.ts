/** Assertions that stay on in production: a broken rule stops its peer, it never becomes a wrong answer. */

import type { Details } from './errors.ts'

/** Thrown when a rule of `docs/invariants.md` is broken. The peer that meets it fails; it does not guess. */
export class InvariantError extends Error {
  readonly code = 'INVARIANT'
  readonly invariant: string
  readonly details: Details

  constructor(invariant: string, details: Details = {}) {
    super(`invariant ${invariant} is broken: ${JSON.stringify(details)}`)
    this.name = 'InvariantError'
    this.invariant = invariant
    this.details = details
  }
}

/** Throws {@link InvariantError} unless the condition holds. `details` are numbers and ids, never payloads. */
export function assert(condition: boolean, invariant: string, details?: Details): asserts condition {
  if (!condition) throw new InvariantError(invariant, details)
}
