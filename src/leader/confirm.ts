/**
 * Reads without the log (§8, thesis 6.4): an index, confirmed by a round of heartbeats that began after the question; or by one that began so lately
 * that nobody else can have been elected since (thesis 6.4.1).
 */

import type { RoleContext } from '../../machines/role.ts'
import { READ_WAIT_TIMEOUTS, READS_MAX } from '../base/limits.ts'
import { Queue } from '../base/queue.ts'
import type { ClientRead } from '../protocol/events.ts'
import { type AskedRead, NO_READS, type QueuedRead } from '../protocol/leadership.ts'
import type { Message, ReadIndex, ReadIndexReply } from '../protocol/messages.ts'
import { quorumIndex } from '../protocol/quorum.ts'
import type { ReadState } from '../protocol/ready.ts'
import { addressed } from '../protocol/state.ts'
import type { LogIndex } from '../protocol/types.ts'
import { committedInTerm } from './commit.ts'
import { leaseCovers, stepLease } from './lease-words.ts'
import { matchOf, type Patch } from './tracker.ts'

export const readsFull = (s: RoleContext, e: ClientRead | ReadIndex): boolean => s.reads.count + e.tickets.length > READS_MAX

const askedBy = (s: RoleContext, e: ClientRead | ReadIndex): AskedRead => ({
  asker: e.type === 'ReadIndex' ? e.from : s.id,
  tickets: e.tickets,
  since: s.round,
})

/** Thesis 6.4, steps 2 and 3: remembers the commit index, and asks everybody whether we still lead, unless that is about to leave anyway. */
export function queueRead(s: RoleContext, e: ClientRead | ReadIndex): Patch {
  const joins = e.type === 'client.read' && e.unsentRound === s.round
  return joins ? enqueue(s, [askedBy(s, e)], s.round) : { ...enqueue(s, [askedBy(s, e)], s.round + 1), ...beginRound(s) }
}

function enqueue(s: RoleContext, asked: readonly AskedRead[], round: number): Patch {
  const { queued, count } = s.reads
  const reads = asked.map((read): QueuedRead => ({ ...read, index: s.commit, round }))
  return { reads: { ...s.reads, queued: queued.append(reads), count: count + countOf(asked) } }
}

const countOf = (reads: readonly AskedRead[]): number => reads.reduce((sum, { tickets }) => sum + tickets.length, 0)

/** §8: our commit index may be behind until an entry of our own term is committed. */
export const deferRead = (s: RoleContext, e: ClientRead | ReadIndex): Patch => ({
  reads: { ...s.reads, deferred: s.reads.deferred.append([askedBy(s, e)]), count: s.reads.count + e.tickets.length },
})

/** An entry of our own term is committed now: deferred reads may be asked for. */
export function resumeReads(s: RoleContext): Patch {
  const { deferred, count } = s.reads
  if (deferred.length === 0 || !committedInTerm(s)) return {}
  const asked = deferred.all
  const rest = { ...s, reads: { ...s.reads, deferred: Queue.empty<AskedRead>(), count: count - countOf(asked) } }
  return { ...enqueue(rest, asked, s.round + 1), ...beginRound(s) }
}

/**
 * A quorum round begins: who asked so many of them ago does not wait any more. Nobody is told: the answer may be on its way, and whoever needs it asks
 * again.
 */
export function expireReads(s: RoleContext): Patch {
  const { queued, deferred, horizons, count } = s.reads
  if (count === 0) return horizons.length === 0 ? {} : { reads: { ...s.reads, horizons: [] } }
  const newer = { ...s.reads, horizons: [...horizons.slice(1 - READ_WAIT_TIMEOUTS), s.round] }
  const horizon = horizons.length < READ_WAIT_TIMEOUTS ? undefined : horizons[0]
  if (horizon === undefined) return { reads: newer }
  const isOld = ({ since }: AskedRead): boolean => since <= horizon
  const [asked, waiting] = [queued.countWhile(isOld), deferred.countWhile(isOld)]
  const gone = countOf([...queued.take(asked), ...deferred.take(waiting)])
  return { reads: { ...newer, queued: queued.drop(asked), deferred: deferred.drop(waiting), count: count - gone } }
}

/** The newest round that a quorum has answered: we led when it began. */
const confirmedRound = (s: RoleContext): LogIndex =>
  quorumIndex(s.conf, (peer) => (peer === s.id ? s.round : (s.followers.get(peer)?.round ?? 0)))

/** Takes out what a quorum has confirmed: it answered a round that began after the question. */
export function confirmReads(s: RoleContext): Patch {
  const { queued, count } = s.reads
  if (queued.length === 0) return {}
  const confirmed = confirmedRound(s)
  const due = queued.countWhile((read) => read.round <= confirmed)
  if (due === 0) return {}
  const ready = queued.take(due)
  return { reads: { ...s.reads, queued: queued.drop(due), count: count - countOf(ready) }, due: { ...s.due, reads: ready } }
}

/** Thesis 6.4.1: what a quorum confirmed covers reads for a while. */
export const extendLease = (s: RoleContext): Patch =>
  s.settings.leaseReads ? { lease: stepLease(s.lease, { type: 'quorumHeard', round: confirmedRound(s) }) } : {}

/** The host's clock cannot vouch for what lies behind. */
export const expireLease = (s: RoleContext): Patch => ({ lease: stepLease(s.lease, { type: 'clockJumped', round: s.round }) })

/** Whether nobody else can lead yet: by the rounds, and by the host's clock. Without check-quorum nobody promises that. */
export const leaseHeld = (s: RoleContext, e: ClientRead): boolean =>
  s.settings.leaseReads &&
  s.settings.checkQuorum &&
  e.freshRound !== undefined &&
  leaseCovers(s.lease, e.freshRound) &&
  committedInTerm(s)

/** Answered at once. */
export const serveRead = (s: RoleContext, e: ClientRead): Patch => ({
  due: { ...s.due, reads: [{ ...askedBy(s, e), index: s.commit, round: s.round }] },
})

/** A round of heartbeats begins. */
export const beginRound = (s: RoleContext): Patch => ({ round: s.round + 1, due: { ...s.due, beat: true } })

/** A deposed leader confirms nothing; its host refuses the waiting callers. */
export const dropReads = (): Patch => ({ reads: NO_READS })

/** §5.2. Names no commit index beyond what the follower is known to hold. */
export const sendHeartbeat = (s: RoleContext): Message[] => {
  if (!s.due.beat) return []
  const match = matchOf(s)
  return [...s.followers.keys()].map((to) => ({
    type: 'Heartbeat',
    ...addressed(s, to),
    commit: Math.min(s.commit, match(to)),
    round: s.round,
  }))
}

/** Our own callers may read at that index; followers hear it, and tell theirs. */
export const releaseReads = (s: RoleContext): (ReadState | ReadIndexReply)[] =>
  s.due.reads.map(({ asker, tickets, index }) =>
    asker === s.id
      ? { type: 'readReady', tickets, index }
      : { type: 'ReadIndexReply', from: s.id, to: asker, term: 0, tickets, index },
  )
