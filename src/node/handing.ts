/** Hands the leadership of a group over on request, and stays until it is known who leads then (thesis 3.10). Only looks; the core does it. */

import { EMPTY } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import { membersOf } from '../protocol/confchange.ts'
import type { PeerId, Term } from '../protocol/types.ts'
import type { LeaderHint } from '../wire/requests.ts'
import type { Engine } from './engine.ts'
import { memberNames, peerOf } from './members.ts'
import type { PeerHost } from './peer-host.ts'

/** How often one looks, in milliseconds: rare requests, so nobody need be told. */
const LOOK_MS = 10

/** One handover that is waited for. */
interface Handover {
  readonly host: PeerHost
  readonly ticket: number
  readonly to: PeerId | null
  /** In which term it was asked for. */
  readonly term: Term
}

/** Who should lead when we cannot go on: of the followers heard of lately, the one that is furthest. Null when we do not lead. */
export function heirOf({ leads, snapshot }: PeerHost): PeerId | null {
  if (!leads) return null
  const followers = [...snapshot.context.followers].map(([peer, { progress, active }]) => ({
    peer,
    active,
    match: progress.context.match,
  }))
  followers.sort((a, b) => Number(b.active) - Number(a.active) || b.match - a.match)
  return followers[0]?.peer ?? null
}

/** Asks the best follower of every group we lead to take over, and waits until it has, or for so many milliseconds at most (thesis 3.10). */
export async function handOffAll(engine: Pick<Engine, 'hosts' | 'wake' | 'isStopped'>, clock: Clock, ms: number): Promise<void> {
  const led = [...engine.hosts.values()].filter((host) => host.leads && membersOf(host.snapshot.context.conf).length > 1)
  for (const host of led) {
    host.mailbox.event({ type: 'client.transfer', ticket: 0, to: null })
    engine.wake(host)
  }
  const end = clock.now() + ms
  while (led.some((host) => host.leads) && clock.now() < end && !engine.isStopped) {
    await new Promise<void>((resolve) => clock.after(5, resolve))
  }
}

export interface HandingOptions {
  readonly clock: Clock
  readonly wake: (host: PeerHost) => void
}

/** Who is asked for, as the core knows it. Throws `TARGET_INVALID` for a node without a replica. */
function targetOf(host: PeerHost, name: string | null): PeerId | null {
  if (name === null) return null
  const peer = peerOf(memberNames(host.table.membership), name)
  if (peer !== undefined) return peer
  throw new FlotillaError('TARGET_INVALID', `node '${name}' has no replica of group '${host.group}'`, {
    group: host.group,
    to: name,
  })
}

/**
 * Asks the peer, which leads, to hand over; resolves with the next leader. Rejects with `TARGET_INVALID`, with `TIMEOUT` when the handover has come to
 * nothing or the time is over, with `BUSY` when too many wait.
 */
export async function handOver(
  host: PeerHost,
  wish: { readonly to: string | null; readonly timeoutMs: number },
  { clock, wake }: HandingOptions,
): Promise<LeaderHint> {
  const to = targetOf(host, wish.to)
  if (host.waiters.isFull) throw new FlotillaError('BUSY', 'too much is waiting; try again in a moment', { group: host.group })
  const { ticket, outcome } = host.waiters.wait(clock.now() + wish.timeoutMs, false)
  const handover: Handover = { host, ticket, to, term: host.term }
  host.mailbox.event({ type: 'client.transfer', ticket, to })
  wake(host)
  let cancel = clock.after(LOOK_MS, look)
  function look(): void {
    if (!isOver(handover)) cancel = clock.after(LOOK_MS, look)
  }
  try {
    await outcome
  } finally {
    cancel()
  }
  return { leader: host.leader, term: host.term }
}

/** Whether its caller has been told what came of it. */
function isOver({ host, ticket, to, term }: Handover): boolean {
  const { group, leader } = host
  if (!host.leads) {
    if (leader === null || host.term === term) return false // the election is on its way
    host.waiters.resolve(ticket, { index: 0, term: host.term, body: EMPTY })
    return true
  }
  const isPending = !host.mailbox.isEmpty || host.snapshot.context.transfer.value !== 'idle'
  if (host.term === term && isPending) return false
  if (to === host.id && host.term === term)
    host.waiters.resolve(ticket, { index: 0, term, body: EMPTY }) // a handover was taken back
  else host.waiters.reject(ticket, new FlotillaError('TIMEOUT', `nobody took over: '${leader}' still leads`, { group, leader }))
  return true
}
