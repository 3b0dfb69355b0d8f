/** What each row of machines/transfer.ts does, as a table. */

import type { TransferEvent } from '../../src/protocol/transfer.ts'

export type TransferState = 'idle' | 'catchingUp' | 'handedOff'

export interface TransferRow {
  readonly says: string
  readonly from: readonly [TransferState, number | null]
  readonly event: TransferEvent
  readonly to: readonly [TransferState, number | null]
}

const requested = (to: number, caughtUp: boolean): TransferEvent => ({ type: 'requested', to, caughtUp })
const matched = (peer: number, caughtUp: boolean): TransferEvent => ({ type: 'matched', peer, caughtUp })
const timeout: TransferEvent = { type: 'timeout' }

/** Every row of the chart, and every silence. */
export const TRANSFER_ROWS: readonly TransferRow[] = [
  { says: 'to who has all: at once', from: ['idle', null], event: requested(3, true), to: ['handedOff', 3] },
  { says: 'to who lacks something: wait', from: ['idle', null], event: requested(3, false), to: ['catchingUp', 3] },
  { says: 'nobody waits: nothing to notice', from: ['idle', null], event: matched(3, true), to: ['idle', null] },
  { says: 'nobody waits: nothing to end', from: ['idle', null], event: timeout, to: ['idle', null] },
  { says: 'the target has all now', from: ['catchingUp', 3], event: matched(3, true), to: ['handedOff', 3] },
  { says: 'the target still lacks something', from: ['catchingUp', 3], event: matched(3, false), to: ['catchingUp', 3] },
  { says: 'another one has all', from: ['catchingUp', 3], event: matched(2, true), to: ['catchingUp', 3] },
  { says: 'a second request', from: ['catchingUp', 3], event: requested(2, true), to: ['catchingUp', 3] },
  { says: 'too slow: lead on', from: ['catchingUp', 3], event: timeout, to: ['idle', null] },
  { says: 'told, and silent: lead on', from: ['handedOff', 3], event: timeout, to: ['idle', null] },
  { says: 'told already', from: ['handedOff', 3], event: matched(3, true), to: ['handedOff', 3] },
  { says: 'told already, asked again', from: ['handedOff', 3], event: requested(2, true), to: ['handedOff', 3] },
]
