/** When a RawNode's rounds of heartbeats began, in ticks: what a lease is counted from. Knows no quorum. */

const KEPT = 64

export class RawRounds {
  #begun: { readonly round: number; readonly tick: number }[] = []

  begin(round: number, tick: number): void {
    this.#begun = [...this.#begun.slice(1 - KEPT), { round, tick }]
  }

  /** The clock cannot say any more when they began. */
  forget(): void {
    this.#begun = []
  }

  /**
   * The first round that began less than a lease before `now`. A follower's silence lasts an election timeout, which is at least one tick less than it
   * counts; our own count may be one short.
   */
  freshAt(now: number, electionTick: number): number {
    return this.#begun.find(({ tick }) => tick >= now - (electionTick - 2))?.round ?? Number.POSITIVE_INFINITY
  }
}
