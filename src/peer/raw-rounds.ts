/** When a RawNode's rounds of heartbeats began, in ticks, and whether they have left: what reads may count on. Knows no quorum. */

import type { ClientRead } from '../protocol/events.ts'

const KEPT = 64

export class RawRounds {
  #begun: { readonly round: number; readonly tick: number }[] = []
  #newest = 0
  #handedOut = 0

  /** The leader counts as many rounds now: the last one may have just begun. */
  count(round: number, tick: number): void {
    if (round === this.#newest) return
    this.#newest = round
    this.#begun = [...this.#begun.slice(1 - KEPT), { round, tick }]
  }

  /** The heartbeats of all rounds so far are in the caller's hands. */
  handOut(): void {
    this.#handedOut = this.#newest
  }

  /** The clock cannot say any more when they began. */
  forget(): void {
    this.#begun = []
  }

  /** What a read that is asked now may know of them. */
  known(now: number, { electionTick, leaseReads }: { readonly electionTick: number; readonly leaseReads: boolean }): Known {
    return {
      ...(leaseReads && { freshRound: this.#freshAt(now, electionTick) }),
      ...(this.#newest > this.#handedOut && { unsentRound: this.#newest }),
    }
  }

  /**
   * The first round that began less than a lease before `now`. A follower's silence lasts an election timeout, which is at least one tick less than it
   * counts; our own count may be one short.
   */
  #freshAt(now: number, electionTick: number): number {
    return this.#begun.find(({ tick }) => tick >= now - (electionTick - 2))?.round ?? Number.POSITIVE_INFINITY
  }
}

type Known = Pick<ClientRead, 'freshRound' | 'unsentRound'>
