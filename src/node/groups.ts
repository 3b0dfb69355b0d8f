/** Opens the groups of a node: what the store holds of each, checked against what the program says, as peers ready to begin. */

import type { GroupBootstrap, NodeStore, Recovered } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import { type LogIndex, type PeerId, votersOnly } from '../protocol/types.ts'
import type { MembersView } from '../wire/members.ts'
import type { Subjects } from '../wire/subjects.ts'
import { Gazette } from './committed.ts'
import { Compactor } from './compactor.ts'
import { keepBirthmark, keepFounding, markOf, membersDigest, newBirthmark, recallBirthmark, recallFounders } from './founding.ts'
import { leaseMsOf } from './leases.ts'
import { type PeerLife, startPeerLife } from './lifecycle.ts'
import { memberNames, NO_CONF } from './members.ts'
import { type GroupSettings, type NodeSettings, raftSettingsOf } from './options.ts'
import { keepOwnPeer, ownPeerIn, ownPeerOf } from './own-peer.ts'
import { PeerHost } from './peer-host.ts'
import type { Quarantine } from './quarantine.ts'
import { stepsFor, tracedState } from './tracing.ts'

/** A group on this node: its peer, and its life. */
export interface OpenedGroup {
  readonly host: PeerHost
  readonly life: PeerLife
}

export interface OpenGroupsOptions {
  readonly settings: NodeSettings
  readonly store: NodeStore
  readonly transport: Transport
  readonly subjects: Subjects
  readonly quarantine: Quarantine
  /** What is known of states on their way. */
  readonly snapshots: {
    /** The oldest one that a live follower is fetching. */
    sending(group: string): LogIndex | null
  }
}

/**
 * Opens what the store holds, and founds what it never held. Who is to join, or was removed from a group, has none of it until it is a member: such
 * groups are left out, and so are those whose data is damaged. Throws `STORE_MISMATCH` when the store tells another story than the program.
 */
export async function openGroups(options: OpenGroupsOptions): Promise<ReadonlyMap<string, OpenedGroup>> {
  const { settings, store, quarantine } = options
  const groups = new Map<string, OpenedGroup>()
  const stored = new Set(store.groups())
  for (const group of settings.groups) {
    const { id, stateMachine } = group
    const open = stored.has(id) ? reopenGroup : !settings.join && !store.tombstone(id) ? foundGroup : null
    const opened = open && (await quarantine.opening(id, stateMachine.kind, () => open(options, group)))
    if (opened) groups.set(id, opened)
  }
  return groups
}

/** The store knows best: members may have come and gone since the program's list was written. */
async function reopenGroup(options: OpenGroupsOptions, group: GroupSettings): Promise<OpenedGroup> {
  const { settings, store } = options
  const recovered = await store.open(group.id, { conf: NO_CONF, peers: {}, kind: group.stateMachine.kind })
  if (recallFounders(store, group.id) === undefined) {
    const mark = recallBirthmark(store, group.id, recovered)
    await keepFounding(store, group.id, { founders: membersDigest(recovered.peers), mark }) // a store from before members could change
  }
  await keepOwnPeer(store, group.id, ownPeerIn(store, group.id, recovered)) // of a store from before it was kept
  const known = Object.values(memberNames(recovered)).sort()
  if (!settings.join && known.length > 0 && known.join() !== group.nodes.join()) {
    settings.logger.warn(
      { group: group.id, members: known, given: group.nodes },
      'the members of a group are others than the given nodes',
    )
  }
  return openGroup(options, group, recovered)
}

async function foundGroup(options: OpenGroupsOptions, group: GroupSettings): Promise<OpenedGroup> {
  const { store } = options
  const peers = peersOf(group.nodes)
  await keepFounding(store, group.id, { founders: membersDigest(peers), mark: '' })
  await keepOwnPeer(store, group.id, ownPeerOf(peers, options.settings.id))
  const conf = votersOnly(Object.keys(peers).map(Number))
  return openGroup(options, group, await store.open(group.id, { conf, peers, kind: group.stateMachine.kind }))
}

/** Takes part in a group that others have made us a member of: with an empty log, and a configuration that the log is to tell. */
export async function joinGroup(options: OpenGroupsOptions, group: GroupSettings, view: MembersView): Promise<OpenedGroup> {
  const { store } = options
  await keepFounding(store, group.id, { founders: view.founding, mark: view.mark })
  const replaced = store.tombstone(group.id)
  await keepOwnPeer(store, group.id, ownPeerOf(view.peers, options.settings.id))
  const bootstrap = { ...startOf(view), kind: group.stateMachine.kind }
  return openGroup(options, group, await store.open(group.id, { ...bootstrap, ...(replaced && { replaces: replaced.peer }) }))
}

/** Where a log that begins at the beginning is to be read from: if nobody came or went since the founding, then with its members, whom no entry names. */
function startOf({ peers, founding, lastPeerId }: MembersView): Pick<GroupBootstrap, 'conf' | 'peers' | 'lastPeerId'> {
  if (membersDigest(peers) !== founding) return { conf: NO_CONF, peers, lastPeerId }
  return { conf: votersOnly(Object.keys(peers).map(Number)), peers }
}

function openGroup(options: OpenGroupsOptions, group: GroupSettings, recovered: Recovered): OpenedGroup {
  const { settings, store } = options
  const { id, stateMachine } = group
  const { trace } = settings
  const peer = ownPeerIn(store, id, recovered)
  const table = store.table(id)
  const founding = (): string => host.birthmark
  const gazette = new Gazette({
    ...options,
    cluster: settings.cluster,
    group: id,
    stateMachine,
    logger: settings.logger,
    founding,
  })
  const compactor = new Compactor({
    policy: group.compaction,
    start: { truncated: recovered.truncated.index, applied: recovered.applied },
    reader: store.reader(id),
    sending: () => options.snapshots.sending(id),
    stateBytes: () => store.stateBytes(id),
  })
  const host: PeerHost = new PeerHost({
    group: id,
    members: recallFounders(store, id) ?? membersDigest(recovered.peers),
    birthmark: recallBirthmark(store, id, recovered),
    id: peer,
    newMark: newBirthmark(settings.chance),
    onStep: stepsFor(trace, { group: id, peer }),
    recovered,
    reader: store.reader(id),
    table,
    stateMachine,
    gazette,
    raft: raftSettingsOf(settings),
    leaseMs: settings.leaseReads ? leaseMsOf(settings.electionTimeoutMs) : undefined,
    boot: store.identity.boot,
    compact: (host) => compactor.compact(host),
    onApplied: (entry) => {
      compactor.note(entry)
      // a mark that is known already wins: the group may have been founded anew, over the log of the old one
      if (entry.index === 1 && founding() === '') {
        keepBirthmark(store, id, { mark: host.adopt(markOf(entry.data)), logger: settings.logger })
      }
      if (host.leads) gazette.add(entry, host.term)
      trace?.applied?.(id, peer, entry)
    },
  })
  trace?.began?.(id, peer, tracedState(host.snapshot))
  return { host, life: startPeerLife() }
}

/** Peer ids by the order of names: the same on every node, whatever order its list has. */
const peersOf = (nodes: readonly string[]): Record<PeerId, string> => Object.fromEntries(nodes.map((node, i) => [i + 1, node]))
