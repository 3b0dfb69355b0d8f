/** When entries are committed, and what a leader puts into its log (§5.3, §5.4.2). */

import type { RoleContext } from '../../machines/role.ts'
import type { ClientPropose, StoragePersisted } from '../protocol/events.ts'
import type { Propose } from '../protocol/messages.ts'
import { quorumIndex } from '../protocol/quorum.ts'
import type { Accepted } from '../protocol/ready.ts'
import type { Entry, EntryKind, LogIndex } from '../protocol/types.ts'
import { matchOf, type Patch } from './tracker.ts'

/**
 * §5.3, §5.4.2: what a quorum holds durably is committed, if it is of our own term. Older entries commit with it, never by counting
 * (Figure 8 shows why).
 */
export function advanceCommit(s: RoleContext): Patch {
  const index = quorumIndex(s.conf, matchOf(s))
  return index <= s.commit || s.log.termAt(index) !== s.term ? {} : commitTo(s, index)
}

/** Everything up to there is committed, and weighs no more. What was inherited never did: the first own entry stands behind all of it. */
export function commitTo(s: RoleContext, index: LogIndex): Patch {
  const own = s.log.runs.at(-1)?.from ?? 0
  return { commit: index, uncommittedBytes: s.uncommittedBytes - payloadBytes(s, Math.max(own, s.commit + 1), index + 1) }
}

function payloadBytes(s: RoleContext, lo: LogIndex, hi: LogIndex): number {
  let bytes = 0
  for (let at = lo; at < hi; ) {
    const entries = s.log.slice(at, hi, Number.POSITIVE_INFINITY)
    bytes += weigh(entries)
    at += entries.length
  }
  return bytes
}

function weigh(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entry.data.length
  return bytes
}

/** Whatever a leader appends weighs on what it may append ahead of its commit index, until that has passed it. */
export const appendOwn = (s: RoleContext, entries: readonly Entry[]): Patch => ({
  log: s.log.append(entries),
  uncommittedBytes: s.uncommittedBytes + weigh(entries),
})

/** Our own disk has caught up: our copy counts now. */
export const persistSelf = (s: RoleContext, e: StoragePersisted): Patch => ({ log: s.log.persisted(e.last) })

/** Whether an entry of our own term is committed: only then is our commit index known to be the newest (§8). */
export const committedInTerm = (s: RoleContext): boolean => s.log.termAt(s.commit) === s.term

type Proposed = ClientPropose | Propose

/** What is proposed, by our own callers or by a follower for its own. */
const payloadsOf = (e: Proposed): readonly Uint8Array[] => (e.type === 'Propose' ? e.data : e.proposals.map(({ data }) => data))

const kindOf = (e: Proposed, at: number): EntryKind => (e.type === 'Propose' ? e.kind : (e.proposals[at]?.kind ?? 'command'))

/**
 * Not while handing over (thesis 3.10), and not without bound ahead of the commit index. What has no payload is always taken, and the first that
 * exceeds the bound by itself: else it could never be.
 */
export function accepting(s: RoleContext, e: Proposed): boolean {
  if (s.transfer.value !== 'idle' || (e.type === 'Propose' && e.kind !== 'command')) return false // changes of configuration have a way of their own
  let bytes = 0
  for (const data of payloadsOf(e)) bytes += data.length
  return bytes === 0 || s.uncommittedBytes === 0 || s.uncommittedBytes + bytes <= s.settings.maxUncommittedBytes
}

/** §5.3: the leader appends the commands to its log. */
export function appendToLog(s: RoleContext, e: Proposed): Patch {
  let index = s.log.lastIndex
  return appendOwn(
    s,
    payloadsOf(e).map((data, at): Entry => ({ term: s.term, index: ++index, kind: kindOf(e, at), data })),
  )
}

/** Tells the host where its proposals went: the last ones in the log. */
export const acceptProposals = (s: RoleContext, e: ClientPropose): Accepted[] => [
  { type: 'accepted', tickets: e.proposals.map((p) => p.ticket), index: s.log.lastIndex - e.proposals.length + 1, term: s.term },
]
