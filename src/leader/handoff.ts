/** The words of machines/transfer.ts: handing leadership over (thesis 3.10). A handover and a lease exclude each other. */

import type { LeaseSnapshot, RoleContext, TransferSnapshot } from '../../machines/role.ts'
import { transferMachine } from '../../machines/transfer.ts'
import { stepperOf } from '../chart/stepper.ts'
import { type Ask, guard, type Reduce, reducer } from '../chart/words.ts'
import type { AppendEntriesReply, Message } from '../protocol/messages.ts'
import { isVoter } from '../protocol/quorum.ts'
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
import { stepLease } from './lease-words.ts'
import { matchOf, type Patch } from './tracker.ts'

const ask = <E extends TransferEvent>(question: Ask<Transfer, E>) => guard<Transfer, E>(question)
const reduce = <E extends TransferEvent>(change: Reduce<Transfer, E>) => reducer<Transfer, E>(change)

const guards = {
  caughtUp: ask<TransferRequested>((_, e) => e.caughtUp),
  sameTarget: ask<TransferRequested>((t, e) => e.to === t.target),
  targetCaughtUp: ask<TransferMatched>((t, e) => e.peer === t.target && e.caughtUp),
} satisfies Record<TransferGuard, unknown>

const NOBODY: Transfer = { target: null, told: false }

const reducers = {
  aim: reduce<TransferRequested>((_, e) => ({ target: e.to })),
  tell: reduce(() => ({ told: true })),
  release: reduce(() => NOBODY),
} satisfies Record<TransferReducer, unknown>

/** The transfer chart with its words. */
export const spokenTransfer = transferMachine.provide({ guards, actions: reducers })

const chart = stepperOf(spokenTransfer, NOBODY)

/** No handover under way. */
export const NO_TRANSFER: TransferSnapshot = chart.start(NOBODY)[0]

/** Steps the handover and, where it begins or ends, the lease. Whoever is newly handed the office is due to hear TimeoutNow. */
function step(s: RoleContext, event: TransferEvent): Patch {
  const before = s.transfer
  const transfer = chart.step(before, event)[0]
  const { target } = transfer.context
  const arrived = transfer.value === 'handedOff' && (before.value !== 'handedOff' || before.context.target !== target)
  return { transfer, lease: leaseAfter(s, transfer), due: { ...s.due, handoff: arrived ? target : null } }
}

function leaseAfter({ lease, round, transfer: before }: RoleContext, after: TransferSnapshot): LeaseSnapshot {
  const [was, is] = [before.value !== 'idle', after.value !== 'idle']
  if (was === is) return lease
  return stepLease(lease, is ? { type: 'transferring', round } : { type: 'transferEnded', round, handedOff: before.context.told })
}

/** Whom a request means: the voter it names, unless that is us, or the best heir when it names nobody. Undefined when there is none. */
export function targetOf(s: RoleContext, to: PeerId | null): PeerId | undefined {
  if (to === null) return bestHeir(s) ?? undefined
  return to !== s.id && isVoter(s.conf, to) ? to : undefined
}

/** The best of the other voters to lead after us, if there are any. Who is about to leave a joint configuration is not among them. */
export function bestHeir(s: RoleContext): PeerId | null {
  let best: PeerId | null = null
  for (const peer of s.conf.voters) if (peer !== s.id && (best === null || isBetter(s, peer, best))) best = peer
  return best
}

/** Who was heard lately can take over; of those, who lacks least; of equals, who is aimed at already. */
function isBetter(s: RoleContext, peer: PeerId, than: PeerId): boolean {
  const active = (one: PeerId): boolean => s.followers.get(one)?.active ?? false
  if (active(peer) !== active(than)) return active(peer)
  const lead = matchOf(s)(peer) - matchOf(s)(than)
  return lead > 0 || (lead === 0 && peer === s.transfer.context.target)
}

/** Whether there is somebody to aim at, and not yet aimed at: the handover begins, or begins anew with its full time. */
export const electable = (s: RoleContext, to: PeerId | null): boolean => targetOf(s, to) !== undefined && !sameTarget(s, to)

/** Whether just this is under way: nothing is to be done, and no time to be gained. */
export const sameTarget = (s: RoleContext, to: PeerId | null): boolean => targetOf(s, to) === s.transfer.context.target

/** Whether the request takes a handover back: who leads is asked to lead. */
export const cancels = (s: RoleContext, to: PeerId | null): boolean => to === s.id && s.transfer.value !== 'idle'

/** Aims at a target, or at another than before. At once if it has all, else as soon as it has. */
export function beginTransfer(s: RoleContext, to: PeerId | null): Patch {
  const target = targetOf(s, to)
  return target === undefined ? {} : step(s, { type: 'requested', to: target, caughtUp: isCaughtUp(s, target) })
}

/** It is not wanted any more: lead on. */
export const cancelTransfer = (s: RoleContext): Patch => (s.transfer.value === 'idle' ? {} : step(s, { type: 'cancelled' }))

/** An acknowledgement, already counted, may be the one the handover waits for. */
export const noticeTransfer = (s: RoleContext, m: Pick<AppendEntriesReply, 'from'>): Patch =>
  s.transfer.value === 'catchingUp' ? step(s, { type: 'matched', peer: m.from, caughtUp: isCaughtUp(s, m.from) }) : {}

/** An election timeout has passed: lead on. */
export const abandonTransfer = (s: RoleContext): Patch => (s.transfer.value === 'idle' ? {} : step(s, { type: 'timeout' }))

/** The configuration has changed: who votes no more cannot take over. */
export function reviewTransfer(s: RoleContext): Patch {
  const { target } = s.transfer.context
  return target === null || isVoter(s.conf, target) ? {} : cancelTransfer(s)
}

const isCaughtUp = (s: RoleContext, peer: PeerId): boolean => matchOf(s)(peer) >= s.log.lastIndex

export const sendTimeoutNow = (s: RoleContext): Message[] =>
  s.due.handoff === null ? [] : [{ type: 'TimeoutNow', ...addressed(s, s.due.handoff) }]
