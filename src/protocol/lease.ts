/** What a leader remembers of the rounds that confirmed it, and what can happen to that memory (thesis 6.4.1). Rounds, never time. */

/** Always `floor < round` while the lease is held, `round ≤ floor` otherwise. */
export interface Lease {
  /** The newest round of heartbeats that a quorum has answered and that counted. */
  readonly round: number
  /** Rounds up to this one count for nothing, however late their answers come. */
  readonly floor: number
}

/** A quorum has answered this round, or a later one. */
export interface QuorumHeard {
  readonly type: 'quorumHeard'
  readonly round: number
}

/** A handover begins: from now on voters may elect another without waiting for our silence. `round` is the newest begun. */
export interface LeaseTransferring {
  readonly type: 'transferring'
  readonly round: number
}

/** A handover has come to nothing. */
export interface LeaseTransferEnded {
  readonly type: 'transferEnded'
  /** The newest round begun. */
  readonly round: number
  /** Whether TimeoutNow has left: then it can arrive at any time while the term lasts. */
  readonly handedOff: boolean
}

/** The host's clock cannot say when the rounds behind us began. `round` is the newest begun. */
export interface LeaseClockJumped {
  readonly type: 'clockJumped'
  readonly round: number
}

export type LeaseEvent = QuorumHeard | LeaseTransferring | LeaseTransferEnded | LeaseClockJumped

export type LeaseGuard = 'news' | 'takenBack'

export type LeaseReducer = 'confirm' | 'discount'
