/** What a peer does with a snapshot in place of the log (§7): stages it, has it installed by the host, and goes on from there. */

import { isMember } from './confchange.ts'
import type { LogCompacted, SnapshotAbandoned, SnapshotCreated, SnapshotInstalled } from './events.ts'
import type { InstallSnapshot, Message } from './messages.ts'
import { addressed, type Patch, type RaftState } from './state.ts'

/**
 * §7: whether there is something in it for us. Not if we have committed as much, hold the very entry it ends at, or install one as new already; nor if
 * we are a member, and it says that we are not. Who is none yet takes it: perhaps it was made before our time, and what follows it calls us in.
 */
export function snapshotIsNewer(s: RaftState, { snapshot }: InstallSnapshot): boolean {
  if (snapshot.index <= Math.max(s.commit, s.staged?.index ?? 0)) return false
  return !s.log.matches(snapshot.index, snapshot.term) && (isMember(snapshot.conf, s.id) || !isMember(s.conf, s.id))
}

/** The host is to install it; a newer one takes the place of an older. */
export const stageSnapshot = (_: RaftState, m: InstallSnapshot): Patch => ({ leader: m.from, staged: m.snapshot })

/** Nothing to install. But what a snapshot speaks of was committed: if we hold it, we may know that now. */
export const skipSnapshot = (s: RaftState, { from, snapshot }: InstallSnapshot): Patch => ({
  leader: from,
  commit: s.staged === null && s.log.matches(snapshot.index, snapshot.term) ? Math.max(s.commit, snapshot.index) : s.commit,
})

/** Whether the host speaks of the snapshot that we wait for. */
export const isStaged = (s: RaftState, e: SnapshotInstalled | SnapshotAbandoned): boolean => s.staged?.index === e.index

/** §7: the state is in place. Entries behind it stay if the log agrees with it there, or else all of it goes. */
export function restoreSnapshot(s: RaftState): Patch {
  const { staged } = s
  if (staged === null) return {}
  const log = s.log.restore(staged)
  const { index, conf } = staged
  return { staged: null, snapshot: staged, log, conf, commit: Math.max(s.commit, index), applied: Math.max(s.applied, index) }
}

/** It could not be had. */
export const unstage = (): Patch => ({ staged: null })

/** A newer state to send to who needs it. */
export const keepSnapshot = (s: RaftState, { snapshot }: SnapshotCreated): Patch =>
  snapshot.index > (s.snapshot?.index ?? 0) && snapshot.index <= s.commit ? { snapshot } : {}

/** §7: what the state machine has taken can be cut off, as far as it is on our disk. */
export const compactLog = (s: RaftState, e: LogCompacted): Patch => ({
  log: s.log.compact(Math.min(e.index, s.applied, s.log.durableIndex)),
})

/** Nothing was to be installed: our log is good up to here. */
export const replySnapshot = (s: RaftState, m: InstallSnapshot): Message[] => [accepted(s, m.from)]

/** The snapshot is in place: the leader may go on with the log. */
export const replyInstalled = (s: RaftState): Message[] => (s.leader === null ? [] : [accepted(s, s.leader)])

const accepted = (s: RaftState, to: number): Message => ({
  type: 'AppendEntriesReply',
  ...addressed(s, to),
  accepted: true,
  index: s.commit,
  hintIndex: 0,
  hintTerm: 0,
})
