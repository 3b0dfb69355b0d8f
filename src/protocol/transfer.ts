/** What a leader remembers of a handover, and what can happen to it (thesis 3.10). */

import type { PeerId } from './types.ts'

export interface Transfer {
  readonly target: PeerId | null
}

/** Somebody asked for it. */
export interface TransferRequested {
  readonly type: 'requested'
  readonly to: PeerId
  /** Whether the target already holds our whole log. */
  readonly caughtUp: boolean
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

export type TransferEvent = TransferRequested | TransferMatched | TransferTimeout

export type TransferGuard = 'caughtUp' | 'targetCaughtUp'

export type TransferReducer = 'aim' | 'release'
