/** What a run can be wrong about. */

/** A rule that did not hold: its name in docs/invariants.md, and what was seen. */
export interface Violation {
  readonly invariant: string
  readonly message: string
}
