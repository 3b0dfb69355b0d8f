/** What each row of machines/transfer.ts does, as a table. */

import type { Transfer, TransferEvent } from '../../src/protocol/transfer.ts'

export type TransferState = 'idle' | 'catchingUp' | 'handedOff'

/** A state of the chart and what is remembered in it. */
export type TransferPlace = readonly [state: TransferState, context: Transfer]

export interface TransferRow {
  readonly says: string
  readonly from: TransferPlace
  readonly event: TransferEvent
  readonly to: TransferPlace
}

const requested = (to: number, caughtUp: boolean): TransferEvent => ({ type: 'requested', to, caughtUp })
const matched = (peer: number, caughtUp: boolean): TransferEvent => ({ type: 'matched', peer, caughtUp })
const cancelled: TransferEvent = { type: 'cancelled' }
const timeout: TransferEvent = { type: 'timeout' }

const IDLE: TransferPlace = ['idle', { target: null, told: false }]
const waits = (target: number): TransferPlace => ['catchingUp', { target, told: false }]
/** Waits for a second target; the first was told. */
const waitsAgain = (target: number): TransferPlace => ['catchingUp', { target, told: true }]
const told = (target: number): TransferPlace => ['handedOff', { target, told: true }]

/** Every row of the chart, and every silence. */
export const TRANSFER_ROWS: readonly TransferRow[] = [
  { says: 'to who has all: at once', from: IDLE, event: requested(3, true), to: told(3) },
  { says: 'to who lacks something: wait', from: IDLE, event: requested(3, false), to: waits(3) },
  { says: 'nobody waits: nothing to notice', from: IDLE, event: matched(3, true), to: IDLE },
  { says: 'nobody waits: nothing to take back', from: IDLE, event: cancelled, to: IDLE },
  { says: 'nobody waits: nothing to end', from: IDLE, event: timeout, to: IDLE },
  { says: 'the target has all now', from: waits(3), event: matched(3, true), to: told(3) },
  { says: 'the target still lacks something', from: waits(3), event: matched(3, false), to: waits(3) },
  { says: 'another one has all', from: waits(3), event: matched(2, true), to: waits(3) },
  { says: 'asked again for the same: its match will tell', from: waits(3), event: requested(3, true), to: waits(3) },
  { says: 'asked for another that has all: it, at once', from: waits(3), event: requested(2, true), to: told(2) },
  { says: 'asked for another that lacks something: wait for it', from: waits(3), event: requested(2, false), to: waits(2) },
  { says: 'taken back before anybody was told', from: waits(3), event: cancelled, to: IDLE },
  { says: 'too slow: lead on', from: waits(3), event: timeout, to: IDLE },
  { says: 'the second target has all now', from: waitsAgain(2), event: matched(2, true), to: told(2) },
  { says: 'a third target: the first was told all the same', from: waitsAgain(2), event: requested(4, false), to: waitsAgain(4) },
  { says: 'the second is too slow: nothing is remembered', from: waitsAgain(2), event: timeout, to: IDLE },
  { says: 'told already', from: told(3), event: matched(3, true), to: told(3) },
  { says: 'told, and asked again for the same', from: told(3), event: requested(3, false), to: told(3) },
  { says: 'told, then asked for another that has all', from: told(3), event: requested(2, true), to: told(2) },
  { says: 'told, then asked for another that lacks something', from: told(3), event: requested(2, false), to: waitsAgain(2) },
  { says: 'told, and taken back', from: told(3), event: cancelled, to: IDLE },
  { says: 'told, and silent: lead on', from: told(3), event: timeout, to: IDLE },
]
