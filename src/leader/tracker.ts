/** The leader's memory of its followers: one chart each, and what is counted beside it. */

import type { RoleContext } from '../../machines/role.ts'
import type { PeerUnreachable, SnapshotReported } from '../protocol/events.ts'
import type { Follower, Followers } from '../protocol/leadership.ts'
import type { AppendEntriesReply, HeartbeatReply } from '../protocol/messages.ts'
import type { Progress, ProgressEvent } from '../protocol/progress.ts'
import { countVotes } from '../protocol/quorum.ts'
import { othersOf } from '../protocol/state.ts'
import type { LogIndex, PeerId } from '../protocol/types.ts'
import { type ProgressSnapshot, startProgress, stepProgress } from './progress-words.ts'

export type Patch = Partial<RoleContext>
type Tracked = Follower<ProgressSnapshot>

/** Followers as a new leader sees them (§5.3): next is right behind our log, match is nothing. */
export const startFollowers = (s: RoleContext, next: LogIndex): Followers<ProgressSnapshot> =>
  new Map(othersOf(s).map((peer) => [peer, { ...startFollower(s, next), active: false }])) // a vote is no word of this reign

/** One that joins: taken to live until a quorum round has passed without a word of it. */
export const startFollower = (s: RoleContext, next: LogIndex): Tracked => ({
  progress: startProgress(next, s.settings),
  active: true,
  round: 0,
  told: 0,
})

/** What is known of a follower's log. */
export const progressOf = (follower: Tracked): Progress => follower.progress.context

/** How far a peer's log durably equals ours; our own copy counts as far as our disk has it (thesis 10.2.1). */
export const matchOf =
  (s: RoleContext) =>
  (peer: PeerId): LogIndex =>
    peer === s.id ? s.log.durableIndex : (s.followers.get(peer)?.progress.context.match ?? 0)

/** Followers with one of them changed. */
export function withFollower(s: RoleContext, peer: PeerId, change: Partial<Tracked>): Followers<ProgressSnapshot> {
  const follower = s.followers.get(peer)
  return follower ? new Map(s.followers).set(peer, { ...follower, ...change }) : s.followers
}

/** An answer came: the follower lives, and its chart hears what the answer says. */
export function trackReply(s: RoleContext, m: AppendEntriesReply): Patch {
  const follower = s.followers.get(m.from)
  if (!follower) return {}
  const progress = stepProgress(follower.progress, progressEventOf(s, m))
  return { followers: withFollower(s, m.from, { progress, active: true }) }
}

/**
 * A rejection names where the logs may agree; together with our own terms that skips every term one of us does not know. Without a term it knows
 * only the index: one step back.
 */
function progressEventOf(s: RoleContext, m: AppendEntriesReply): ProgressEvent {
  if (m.accepted) return { type: 'accepted', index: Math.min(m.index, s.log.lastIndex), first: s.log.firstIndex }
  return {
    type: 'rejected',
    index: m.index,
    retry: m.hintTerm === 0 ? m.hintIndex : s.log.lastAtMost(m.hintIndex, m.hintTerm).index,
  }
}

/** A heartbeat was answered: whatever was lost on the way is tried again. */
export function trackBeat(s: RoleContext, m: HeartbeatReply): Patch {
  const follower = s.followers.get(m.from)
  if (!follower) return {}
  const progress = stepProgress(follower.progress, { type: 'beat' })
  const round = Math.max(follower.round, Math.min(m.round, s.round))
  return { followers: withFollower(s, m.from, { progress, round, active: true }) }
}

/** The transport says that a peer cannot be reached: stop streaming to it. */
export function countLoss(s: RoleContext, e: PeerUnreachable): Patch {
  const follower = s.followers.get(e.peer)
  if (!follower) return {}
  return { followers: withFollower(s, e.peer, { progress: stepProgress(follower.progress, { type: 'unreachable' }) }) }
}

/** Our node knows how the sending of a snapshot ended. The follower's own acknowledgement says more, but may be lost. */
export function countSnapshot(s: RoleContext, e: SnapshotReported): Patch {
  const follower = s.followers.get(e.peer)
  if (!follower) return {}
  const type = e.outcome === 'finished' ? 'installed' : 'failed'
  return { followers: withFollower(s, e.peer, { progress: stepProgress(follower.progress, { type }) }) }
}

/** Thesis 6.2: whether a quorum was heard since the round began. */
export function quorumActive(s: RoleContext): boolean {
  if (!s.settings.checkQuorum) return true
  const heard = new Map<PeerId, boolean>([[s.id, true]])
  for (const [peer, follower] of s.followers) heard.set(peer, follower.active)
  return countVotes(s.conf, heard) === 'won'
}

/** Everybody has to be heard again. */
export const forgetActivity = (s: RoleContext): Patch => ({
  followers: new Map([...s.followers].map(([peer, follower]) => [peer, { ...follower, active: false }])),
})
