/** What a leader remembers of a handover, and what can happen to it (thesis 3.10). */

import type { PeerId } from './types.ts'

export interface Transfer {
  readonly target: PeerId | null
  /** Whether in this handover somebody, perhaps an earlier target, was told to start an election: that word can still arrive. */
  readonly told: boolean
}

/** Somebody asked for it. */
export interface TransferRequested {
  readonly type: 'requested'
  readonly to: PeerId
  /** Whether the target already holds our whole log. */
  readonly caughtUp: boolean
}

/** It is not wanted any more, or its target cannot lead any more. */
export interface TransferCancelled {
  readonly type: 'cancelled'
}

/** A follower acknowledged entries. */
export interface TransferMatched {
  readonly type: 'matched'
  readonly peer: PeerId
  readonly caughtUp: boolean
}

/** An election timeout has passed. */
export interface TransferTimeout {
  readonly type: 'timeout'
}

export type TransferEvent = TransferRequested | TransferCancelled | TransferMatched | TransferTimeout

export type TransferGuard = 'caughtUp' | 'sameTarget' | 'targetCaughtUp'

export type TransferReducer = 'aim' | 'release' | 'tell'
