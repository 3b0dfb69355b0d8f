/** What is left to chance: pauses that must not be alike, names that nobody else has. The pure floors never see it. */

/** A source of chance. Give a node or a client your own to have a run repeated. */
export interface Chance {
  /** A float in [0, 1). */
  next(): number
  /** So many bytes. */
  bytes(count: number): Uint8Array
}
