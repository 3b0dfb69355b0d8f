/** Reads without the log (§8, thesis 6.4): an index, confirmed by a round of heartbeats that began after the question. */

import type { RoleContext } from '../../machines/role.ts'
import { READS_MAX } from '../base/limits.ts'
import type { ClientRead } from '../protocol/events.ts'
import { NO_READS, type QueuedRead } from '../protocol/leadership.ts'
import type { Message } from '../protocol/messages.ts'
import { quorumIndex } from '../protocol/quorum.ts'
import type { ReadState } from '../protocol/ready.ts'
import { addressed } from '../protocol/state.ts'
import { committedInTerm } from './commit.ts'
import { matchOf, type Patch } from './tracker.ts'

export const readsFull = (s: RoleContext, e: ClientRead): boolean => s.reads.count + e.tickets.length > READS_MAX

/** Thesis 6.4, steps 2 and 3: remembers the commit index, and asks everybody whether we still lead. */
export const queueRead = (s: RoleContext, e: ClientRead): Patch => enqueue(s, e.tickets)

function enqueue(s: RoleContext, tickets: readonly number[]): Patch {
  const round = s.round + 1
  const { queued, deferred, count } = s.reads
  const read: QueuedRead = { tickets, index: s.commit, round }
  return { round, reads: { queued: [...queued, read], deferred, count: count + tickets.length }, due: { ...s.due, beat: true } }
}

/** §8: our commit index may be behind until an entry of our own term is committed. */
export const deferRead = (s: RoleContext, e: ClientRead): Patch => ({
  reads: { ...s.reads, deferred: [...s.reads.deferred, ...e.tickets], count: s.reads.count + e.tickets.length },
})

/** An entry of our own term is committed now: deferred reads may be asked for. */
export function resumeReads(s: RoleContext): Patch {
  const { deferred, count } = s.reads
  if (deferred.length === 0 || !committedInTerm(s)) return {}
  return enqueue({ ...s, reads: { ...s.reads, deferred: [], count: count - deferred.length } }, deferred)
}

/** Takes out what a quorum has confirmed: it answered a round that began after the question. */
export function confirmReads(s: RoleContext): Patch {
  const { queued, deferred, count } = s.reads
  if (queued.length === 0) return {}
  const confirmed = quorumIndex(s.conf, (peer) => (peer === s.id ? s.round : (s.followers.get(peer)?.round ?? 0)))
  const ready = queued.filter((read) => read.round <= confirmed)
  if (ready.length === 0) return {}
  const left = count - ready.reduce((sum, read) => sum + read.tickets.length, 0)
  return {
    reads: { queued: queued.filter((read) => read.round > confirmed), deferred, count: left },
    due: { ...s.due, reads: ready },
  }
}

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

export const releaseReads = (s: RoleContext): ReadState[] =>
  s.due.reads.map(({ tickets, index }) => ({ type: 'readReady', tickets, index }))
