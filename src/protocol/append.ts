/** What a follower does with the leader's entries (§5.3, Figure 2 "AppendEntries RPC, receiver implementation"). */

import { assert } from '../base/assert.ts'
import type { StorageApplied, StoragePersisted } from './events.ts'
import type { AppendEntries, Heartbeat, Message } from './messages.ts'
import { addressed, type Patch, type RaftState } from './state.ts'

/**
 * §5.3: whether our log holds the entry before the new ones. What lies below our commit index matches by Leader Completeness, so an append that
 * was delayed until its beginning is long cut off is still answered.
 */
export const logMatches = (s: RaftState, m: AppendEntries): boolean =>
  s.staged === null && (m.prevIndex < s.commit || s.log.matches(m.prevIndex, m.prevTerm)) // nothing is taken while the state is being replaced

/** §5.3: takes what is new, drops what conflicts, never shortens the log because of an old, short message. */
export function appendEntries(s: RaftState, m: AppendEntries): Patch {
  const fresh = m.entries.slice(countMatching(s, m.entries))
  const first = fresh[0]
  if (first) assert(first.index > s.commit, 'COMMITTED_ENTRY_CHANGED', { index: first.index, commit: s.commit })
  const log = first ? s.log.truncate(first.index).append(fresh) : s.log
  const lastNew = m.prevIndex + m.entries.length // not lastIndex: what lies beyond is unproven (Figure 2, step 5)
  return { log, leader: m.from, commit: Math.max(s.commit, Math.min(m.commit, lastNew)) }
}

/** How many of these we hold already: duplicates are not conflicts. What is cut off was committed, so it is the same. */
function countMatching({ log }: RaftState, entries: AppendEntries['entries']): number {
  let count = 0
  for (const entry of entries) {
    if (entry.index >= log.firstIndex && !log.matches(entry.index, entry.term)) break
    count++
  }
  return count
}

/** A word of the leader, even one we could not use. */
export const hearLeader = (_: RaftState, m: AppendEntries): Patch => ({ leader: m.from })

/** §5.2. The leader never names a commit index beyond what we acknowledged; the minimum is a second lock on that door. */
export const hearBeat = (s: RaftState, m: Heartbeat): Patch => ({
  leader: m.from,
  commit: Math.max(s.commit, Math.min(m.commit, s.log.lastIndex)),
})

/** The disk has caught up. */
export const markPersisted = (s: RaftState, e: StoragePersisted): Patch => ({ log: s.log.persisted(e.last) })

/** The state machine has caught up. What it has taken need not stay in memory. */
export const markApplied = (s: RaftState, e: StorageApplied): Patch => ({
  applied: Math.max(s.applied, e.index),
  log: s.log.forget(e.index),
})

/** Our log equals the leader's up to the last new entry; of an append from below our commit index, up to that. */
export const replyAccepted = (s: RaftState, m: AppendEntries): Message[] => {
  const index = Math.max(s.commit, m.prevIndex + m.entries.length)
  return [{ type: 'AppendEntriesReply', ...addressed(s, m.from), accepted: true, index, hintIndex: 0, hintTerm: 0 }]
}

/** §5.3: names the last position that may match, so that a conflict costs one round trip per term and not per entry. */
export const replyRejected = (s: RaftState, m: AppendEntries): Message[] => {
  const hint = s.log.lastAtMost(m.prevIndex, m.prevTerm)
  return [
    {
      type: 'AppendEntriesReply',
      ...addressed(s, m.from),
      accepted: false,
      index: m.prevIndex,
      hintIndex: hint.index,
      hintTerm: hint.term,
    },
  ]
}

export const replyHeartbeat = (s: RaftState, m: Heartbeat): Message[] => [
  { type: 'HeartbeatReply', ...addressed(s, m.from), round: m.round },
]
