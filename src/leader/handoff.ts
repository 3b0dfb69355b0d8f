/** The words of machines/transfer.ts: handing leadership over (thesis 3.10). */

import type { RoleContext, TransferSnapshot } from '../../machines/role.ts'
import { transferMachine } from '../../machines/transfer.ts'
import { stepperOf } from '../chart/stepper.ts'
import { type Ask, guard, type Reduce, reducer } from '../chart/words.ts'
import type { ClientTransfer } from '../protocol/events.ts'
import type { AppendEntriesReply, Message } from '../protocol/messages.ts'
import { addressed } from '../protocol/state.ts'
import type {
  Transfer,
  TransferEvent,
  TransferGuard,
  TransferMatched,
  TransferReducer,
  TransferRequested,
} from '../protocol/transfer.ts'
import type { PeerId } from '../protocol/types.ts'
import { matchOf, type Patch } from './tracker.ts'

const ask = <E extends TransferEvent>(question: Ask<Transfer, E>) => guard<Transfer, E>(question)
const reduce = <E extends TransferEvent>(change: Reduce<Transfer, E>) => reducer<Transfer, E>(change)

const guards = {
  caughtUp: ask<TransferRequested>((_, e) => e.caughtUp),
  targetCaughtUp: ask<TransferMatched>((t, e) => e.peer === t.target && e.caughtUp),
} satisfies Record<TransferGuard, unknown>

const reducers = {
  aim: reduce<TransferRequested>((_, e) => ({ target: e.to })),
  release: reduce(() => ({ target: null })),
} satisfies Record<TransferReducer, unknown>

/** The transfer chart with its words. */
export const spokenTransfer = transferMachine.provide({ guards, actions: reducers })

const NOBODY: Transfer = { target: null }
const chart = stepperOf(spokenTransfer, NOBODY)

/** No handover under way. */
export const NO_TRANSFER: TransferSnapshot = chart.start(NOBODY)[0]

/** Steps the handover; whoever enters `handedOff` is due to hear TimeoutNow. */
function step(s: RoleContext, event: TransferEvent): Patch {
  const transfer = chart.step(s.transfer, event)[0]
  if (transfer === s.transfer) return {}
  const arrived = transfer.value === 'handedOff' && s.transfer.value !== 'handedOff'
  return { transfer, due: { ...s.due, handoff: arrived ? transfer.context.target : null } }
}

/** The target asked for, or the voter whose log is furthest. Undefined when there is none, or when a handover is under way. */
function targetOf(s: RoleContext, e: ClientTransfer): PeerId | undefined {
  if (s.transfer.value !== 'idle') return undefined
  const candidates = s.conf.voters.filter((peer) => peer !== s.id && (e.to === null || e.to === peer))
  const match = matchOf(s)
  return candidates.sort((a, b) => match(b) - match(a))[0]
}

export const electable = (s: RoleContext, e: ClientTransfer): boolean => targetOf(s, e) !== undefined

export function beginTransfer(s: RoleContext, e: ClientTransfer): Patch {
  const to = targetOf(s, e)
  return to === undefined ? {} : step(s, { type: 'requested', to, caughtUp: isCaughtUp(s, to) })
}

/** An acknowledgement may be the one the handover waits for. */
export const noticeTransfer = (s: RoleContext, m: AppendEntriesReply): Patch =>
  s.transfer.value === 'idle' ? {} : step(s, { type: 'matched', peer: m.from, caughtUp: isCaughtUp(s, m.from) })

/** An election timeout has passed: lead on. */
export const abandonTransfer = (s: RoleContext): Patch => (s.transfer.value === 'idle' ? {} : step(s, { type: 'timeout' }))

const isCaughtUp = (s: RoleContext, peer: PeerId): boolean => matchOf(s)(peer) === s.log.lastIndex

export const sendTimeoutNow = (s: RoleContext): Message[] =>
  s.due.handoff === null ? [] : [{ type: 'TimeoutNow', ...addressed(s, s.due.handoff) }]
