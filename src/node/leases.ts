/**
 * What a leader's clock knows of its rounds of heartbeats: when each began. A lease is counted from there (thesis 6.4.1). Whether a quorum confirmed a
 * round the core knows; this room knows no answers.
 */

import { ageOf, type Moment } from './moments.ts'

/**
 * Part of an election timeout for which a round counts. Who answered a round keeps silent for a whole election timeout of its own clock, and from when
 * it heard, which is later than when the round began: so a tenth is left for clocks that do not run alike, a hundred times what quartz and a time
 * server's slewing make of it. Delays in the network or of this process need no margin: they only make the beginning of the silence later, and the
 * question is whether we led when the read was asked for, not when it is answered.
 */
const LEASE_PART = 0.9

/** Rounds kept for each lease: of those that begin closer together than this only the first is kept. Older is safe. */
const ROUNDS_PER_LEASE = 32

/** How long a round of heartbeats keeps others from leading, in milliseconds from its beginning. */
export const leaseMsOf = (electionTimeoutMs: number): number => electionTimeoutMs * LEASE_PART

export class Rounds {
  readonly #leaseMs: number
  /** Oldest first; at most {@link ROUNDS_PER_LEASE} and one. */
  #began: { readonly round: number; readonly moment: Moment }[] = []
  #newest = 0

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  /** The core counts that many rounds now. If that is news, the last began no earlier than `moment`, which was before the step. */
  note(round: number, moment: Moment): void {
    if (round === this.#newest) return
    this.#newest = round
    const last = this.#began.at(-1)
    if (last && ageOf(last.moment, moment) < this.#leaseMs / ROUNDS_PER_LEASE) return
    this.#prune(moment)
    this.#began.push({ round, moment })
  }

  /** The first round known to have begun less than a lease ago; undefined when the clock cannot vouch for any. */
  fresh(now: Moment): number | undefined {
    this.#prune(now)
    return this.#began[0]?.round
  }

  /** The clock cannot vouch for what lies behind. */
  forget(): void {
    this.#began = []
  }

  #prune(now: Moment): void {
    const isFresh = ({ moment }: { readonly moment: Moment }): boolean => ageOf(moment, now) < this.#leaseMs
    if (this.#began[0] && !isFresh(this.#began[0])) this.#began = this.#began.filter(isFresh)
  }
}
