/** Opens the groups of a node: what the store holds of each, checked against what the program says, as peers ready to begin. */

import { FlotillaError } from '../base/errors.ts'
import type { NodeStore } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import { type PeerId, votersOnly } from '../protocol/types.ts'
import type { Subjects } from '../wire/subjects.ts'
import { Gazette } from './committed.ts'
import { birthmarkIn, keepBirthmark, membersDigest, recallBirthmark } from './founding.ts'
import { type PeerLife, startPeerLife } from './lifecycle.ts'
import { leaseMsOf } from './leases.ts'
import { type GroupOptions, type NodeSettings, raftSettingsOf } from './options.ts'
import { PeerHost } from './peer-host.ts'

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
}

/** Opens all groups; throws `CONFIG_INVALID` or `STORE_MISMATCH` when the store tells another story than the program. */
export async function openGroups(options: OpenGroupsOptions): Promise<ReadonlyMap<string, OpenedGroup>> {
  const groups = new Map<string, OpenedGroup>()
  for (const group of options.settings.groups) groups.set(group.id, await openGroup(options, group))
  return groups
}

async function openGroup(options: OpenGroupsOptions, group: Required<GroupOptions>): Promise<OpenedGroup> {
  const { settings, store } = options
  const { id, stateMachine } = group
  const peers = peersOf(group.nodes)
  const conf = votersOnly(Object.keys(peers).map(Number))
  const recovered = await store.open(id, { conf, peers, kind: stateMachine.kind })
  checkMembers(id, group.nodes, Object.values(recovered.peers))
  const table = store.table(id)
  const founding = (): string => birthmarkIn(host.epoch)
  const gazette = new Gazette({ ...options, cluster: settings.cluster, group: id, stateMachine, logger: settings.logger, founding })
  const host: PeerHost = new PeerHost({
    group: id,
    members: membersDigest(recovered.peers),
    birthmark: recallBirthmark(store, id, recovered),
    id: peerOf(recovered.peers, settings.id),
    recovered,
    reader: store.reader(id),
    table,
    stateMachine,
    gazette,
    raft: raftSettingsOf(settings),
    leaseMs: settings.leaseReads ? leaseMsOf(settings.electionTimeoutMs) : undefined,
    boot: store.identity.boot,
    onApplied: (entry) => {
      if (entry.index === 1) keepBirthmark(store, id, { mark: host.born(entry), logger: settings.logger })
      if (host.leads) gazette.add(entry, host.term)
    },
  })
  return { host, life: startPeerLife() }
}

/** Peer ids by the order of names: the same on every node, whatever order its list has. */
const peersOf = (nodes: readonly string[]): Record<PeerId, string> => Object.fromEntries(nodes.map((node, i) => [i + 1, node]))

function peerOf(peers: Readonly<Record<PeerId, string>>, node: string): PeerId {
  const id = Object.keys(peers).find((peer) => peers[Number(peer)] === node)
  if (id === undefined) throw new FlotillaError('CONFIG_INVALID', `node '${node}' has no replica of this group`)
  return Number(id)
}

/** Members are fixed once a group exists; a list that says otherwise is a mistake, not a change of membership. */
function checkMembers(group: string, given: readonly string[], stored: readonly string[]): void {
  const known = stored.toSorted()
  if (known.join() === given.join()) return
  const message = `group '${group}' was founded with nodes ${known.join(', ')}, not ${given.join(', ')}; start the node with that list`
  throw new FlotillaError('CONFIG_INVALID', message, { group, stored: known, given })
}
