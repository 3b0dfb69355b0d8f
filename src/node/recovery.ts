/**
 * A group that has lost its quorum for good, made of what one node has: a new founding of which that node is the only voter. Nothing of its log is thrown
 * away, committed or not. What only the lost ones had is lost; that is why nobody does this but an operator, and only where no node runs.
 */

import { EMPTY } from '../base/bytes.ts'
import { APPLY_BYTES_MAX } from '../base/limits.ts'
import type { NodeStore, Recovered } from '../ports/store.ts'
import { isVoter } from '../protocol/quorum.ts'
import { type Entry, type LogIndex, type PeerId, votersOnly } from '../protocol/types.ts'
import { forgetStore } from './acquaintance.ts'
import { keepFounding, markOf, membersDigest, newBirthmark } from './founding.ts'
import { memberNames, peerOf } from './members.ts'
import { keepOwnPeer } from './own-peer.ts'
import { appliedPosition, openStored } from './stored.ts'

/** A group as it stands in a stopped node's store. */
export interface StrandedGroup {
  readonly group: string
  readonly kind: string
  /** Names of the members by the last configuration that was applied. */
  readonly members: readonly string[]
  /** Whether this node has a vote among them: else others may have more. */
  readonly votes: boolean
  readonly lastIndex: LogIndex
  readonly lastTerm: number
  readonly commit: LogIndex
  readonly applied: LogIndex
}

/** A group as it was founded anew. */
export interface RecoveredGroup extends StrandedGroup {
  /** The id under which this node takes part from now on. */
  readonly peer: PeerId
  /** Mark of the new founding. */
  readonly founding: string
  /** Entries that are not known to be committed. They stay, since somebody may have been told that they are. */
  readonly unproven: number
}

/** What would be recovered: to compare with other nodes' before one is chosen. */
export async function strandedGroups(store: NodeStore, groups?: readonly string[]): Promise<StrandedGroup[]> {
  const found: StrandedGroup[] = []
  for (const group of groups ?? store.groups()) found.push(strandedOf(store, group, await openStored(store, group)))
  return found
}

/**
 * Founds groups anew with this store's node as their only voter: all that the store has, unless they are named. What a crash leaves half done is done by
 * doing it again. Rejects with `UNKNOWN_GROUP`, and as the store does.
 */
export async function forceNewCluster(store: NodeStore, groups?: readonly string[]): Promise<RecoveredGroup[]> {
  const done: RecoveredGroup[] = []
  for (const group of groups ?? store.groups()) done.push(await foundAnew(store, group))
  return done
}

function strandedOf(store: NodeStore, group: string, recovered: Recovered): StrandedGroup {
  const { kind, conf, peers, lastIndex, hardState, applied, runs, truncated } = recovered
  const self = peerOf(peers, store.identity.node)
  return {
    group,
    kind,
    members: Object.values(memberNames(recovered)).sort(),
    votes: self !== undefined && isVoter(conf, self),
    lastIndex,
    lastTerm: runs.at(-1)?.term ?? truncated.term,
    commit: Math.max(hardState.commit, applied),
    applied,
  }
}

async function foundAnew(store: NodeStore, group: string): Promise<RecoveredGroup> {
  const recovered = await openStored(store, group)
  const { node } = store.identity
  const { hardState, applied, lastIndex, lastPeerId } = recovered
  const stranded = strandedOf(store, group, recovered)
  const entries = withoutConfigurations(store, group, recovered)
  const truncate = appliedPosition(store, group, recovered) // what is applied tells of members that are no more: who joins begins with the state
  const peer = lastPeerId + 1
  const peers = { [peer]: node }
  const founding = markOf(newBirthmark())
  await keepFounding(store, group, { founders: membersDigest(peers), mark: founding }) // first: from now on the others are strangers
  for (const other of Object.values(recovered.peers)) if (other !== node) await forgetStore(store, other)
  for (const side of ['outgoing', 'incoming'] as const) await store.spool.keepManifest(group, side, undefined)
  store.table(group).reform({ conf: votersOnly([peer]), peers, lastPeerId: peer })
  const term = hardState.term + 1 // newer than what was ever promised here, so that nothing takes it for an older state
  await store.write([{ group, hardState: { ...hardState, term, vote: null }, truncate, ...(entries.length > 0 && { entries }) }])
  await keepOwnPeer(store, group, peer)
  return { ...stranded, peer, founding, unproven: lastIndex - Math.max(hardState.commit, applied) }
}

/**
 * The log from the first change of members on that is not applied yet, with nothing in the place of each such change: they are about peers that are no
 * more, and would bring them back.
 */
function withoutConfigurations(store: NodeStore, group: string, { applied, lastIndex }: Recovered): Entry[] {
  const entries: Entry[] = []
  for (let at = applied + 1; at <= lastIndex; ) {
    const part = store.reader(group).entries(at, lastIndex + 1, APPLY_BYTES_MAX)
    for (const entry of part) {
      if (entry.kind === 'configuration') entries.push({ ...entry, kind: 'noop', data: EMPTY })
      else if (entries.length > 0) entries.push(entry)
    }
    at += part.length
  }
  return entries
}
