/** What to send to whom (§5.3): plans appends as far as each follower's window allows, and puts the plans into words. */

import type { RoleContext } from '../../machines/role.ts'
import { logOrSnapshot } from '../protocol/compaction.ts'
import type { PlannedSend } from '../protocol/leadership.ts'
import type { AppendEntries, InstallSnapshot, Message } from '../protocol/messages.ts'
import { addressed } from '../protocol/state.ts'
import { type Entry, entryBytes, type PeerId, type Snapshot } from '../protocol/types.ts'
import { maySend, type ProgressSnapshot, stepProgress } from './progress-words.ts'
import type { Patch } from './tracker.ts'

/** Plans what every follower can take now. */
export function planAll(s: RoleContext): Patch {
  const followers = new Map(s.followers)
  const sends: PlannedSend[] = []
  for (const peer of s.followers.keys()) planFor(s, { peer, followers, sends, force: false })
  return { followers, due: { ...s.due, sends } }
}

/** Plans for one follower; `force` asks for at least an empty append, to find out where its log stands. */
export function planOne(s: RoleContext, peer: PeerId, force: boolean): Patch {
  if (!s.followers.has(peer)) return {}
  const followers = new Map(s.followers)
  const sends: PlannedSend[] = []
  planFor(s, { peer, followers, sends, force })
  return { followers, due: { ...s.due, sends } }
}

/**
 * Who is a follower no more hears once how far the log is committed, with as much of it as one append holds: so it learns that it was removed, and
 * need not find out by being ignored. Lost, it is lost: there is no progress to try again by.
 */
export function planFarewell(s: RoleContext, before: RoleContext['followers']): Patch {
  const sends: PlannedSend[] = []
  for (const [to, { progress }] of before) {
    if (s.followers.has(to)) continue
    const { next } = progress.context
    const prevTerm = s.log.termAt(next - 1)
    if (prevTerm === undefined) continue // it would take a snapshot
    sends.push({ to, prevIndex: next - 1, prevTerm, entries: s.log.slice(next, s.commit + 1, s.settings.maxSizePerMessage) })
  }
  return sends.length === 0 ? {} : { due: { ...s.due, sends: [...s.due.sends, ...sends] } }
}

interface Planning {
  readonly peer: PeerId
  readonly followers: Map<PeerId, RoleContext['followers'] extends ReadonlyMap<PeerId, infer F> ? F : never>
  readonly sends: PlannedSend[]
  readonly force: boolean
}

function planFor(s: RoleContext, { peer, followers, sends, force }: Planning): void {
  const follower = followers.get(peer)
  if (!follower) return
  let { progress, told } = follower
  let owed = force
  while (maySend(progress)) {
    const { next, inflight } = progress.context
    const prevTerm = s.log.termAt(next - 1)
    if (prevTerm === undefined || prefersSnapshot(s, progress)) {
      const snapshot = follower.active ? snapshotFor(s) : null // who is not there would only be sent it again
      if (snapshot === null) break
      sends.push({ to: peer, snapshot })
      progress = stepProgress(progress, { type: 'compacted', index: snapshot.index })
      break
    }
    const entries = s.log.slice(next, s.log.lastIndex + 1, s.settings.maxSizePerMessage)
    const news = s.commit > told && inflight.length === 0 // tell of a commit at once, unless an answer is due that will carry it
    if (entries.length === 0 && !owed && !news) break
    sends.push({ to: peer, prevIndex: next - 1, prevTerm, entries })
    progress = stepSent(progress, entries)
    told = s.commit
    owed = false
  }
  followers.set(peer, { ...follower, progress, told })
}

/** Whether the state costs less than the log, for a follower of whom we still ask where the logs agree: nothing is on its way to it yet. */
function prefersSnapshot({ snapshot, log }: RoleContext, { value, context: { next, match } }: ProgressSnapshot): boolean {
  if (value !== 'probe' || snapshot === null || snapshot.index <= match) return false
  const choice = logOrSnapshot({
    next,
    isNew: next === 1,
    truncated: log.truncated.index,
    logBytes: log.bytesFrom(next),
    snapshotIndex: snapshot.index,
    stateBytes: snapshot.bytes ?? snapshot.data.length,
    tailBytes: log.bytesFrom(snapshot.index + 1),
  })
  return choice === 'snapshot'
}

/** §7: the newest snapshot, if our log goes on from it. */
const snapshotFor = ({ snapshot, log }: RoleContext): Snapshot | null =>
  snapshot !== null && snapshot.index >= log.truncated.index ? snapshot : null

function stepSent(progress: ProgressSnapshot, entries: readonly Entry[]): ProgressSnapshot {
  const { value, context } = progress
  if (entries.length === 0 && value === 'replicate') return progress // nothing to lose, nothing to wait for
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  return stepProgress(progress, { type: 'sent', last: context.next - 1 + entries.length, bytes })
}

/** §5.3, §7: what was planned. The commit index goes along with entries; the follower trusts it only as far as it matches. */
export const sendAppend = (s: RoleContext): Message[] =>
  s.due.sends.map((planned): AppendEntries | InstallSnapshot => {
    const { to, ...rest } = planned
    return 'snapshot' in rest
      ? { type: 'InstallSnapshot', ...addressed(s, to), ...rest }
      : { type: 'AppendEntries', ...addressed(s, to), commit: s.commit, ...rest }
  })
