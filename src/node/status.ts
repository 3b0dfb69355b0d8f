/** Puts what a peer knows into the shape that status, inspector and discovery share. */

import { roleOf } from '../peer/collect.ts'
import type { GroupStatus, NodeStatus, ProgressStatus, RoomStatus, SnapshotStatus } from '../ports/status.ts'
import type { NodeStore } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import type { OpenedGroup } from './groups.ts'
import type { NodeSettings } from './options.ts'
import type { PeerHost } from './peer-host.ts'
import type { Quarantined } from './quarantine.ts'
import { statesOf } from './tracing.ts'
import { VERSION } from './version.ts'

/** What a node's status is made of. */
export interface NodeFacts {
  readonly settings: NodeSettings
  readonly transport: Transport
  readonly store: NodeStore | null
  readonly room: RoomStatus | null
  readonly life: string
  readonly refused: Readonly<Record<string, number>>
  readonly uptimeMs: number
  readonly groups: readonly OpenedGroup[]
  readonly quarantined: readonly Quarantined[]
  readonly snapshots: (group: string) => readonly SnapshotStatus[]
}

export function nodeStatusOf(facts: NodeFacts): NodeStatus {
  const { settings, transport, store, room, life, refused, uptimeMs, groups, quarantined, snapshots } = facts
  const open = life === 'joining' || life === 'serving' || life === 'draining'
  return {
    cluster: settings.cluster,
    node: settings.id,
    version: VERSION,
    pid: process.pid,
    store: {
      uuid: store?.identity.uuid ?? '',
      boot: store?.identity.boot ?? 0,
      bytes: open && store ? store.bytes() : 0,
      ...(room && { room }),
    },
    life,
    connected: transport.connected,
    dropped: transport.dropped,
    refused,
    uptimeMs,
    inspector: settings.inspector,
    groups: [
      ...groups.map(({ host, life }) => ({ ...groupStatusOf(host, life.state), snapshots: snapshots(host.group) })),
      ...quarantined.map(damagedStatusOf),
    ],
  }
}

/** Of a damaged peer only that is known. */
const damagedStatusOf = ({ group, kind, life, error }: Quarantined): GroupStatus => ({
  group,
  kind,
  life: life.state,
  damage: error.message,
  peer: 0,
  role: 'follower',
  states: [],
  term: 0,
  vote: null,
  leader: null,
  commit: 0,
  applied: 0,
  truncated: 0,
  firstIndex: 1,
  lastIndex: 0,
  voters: [],
  progress: [],
})

function groupStatusOf(host: PeerHost, life: string): GroupStatus {
  const { snapshot } = host
  const { term, vote, commit, log } = snapshot.context
  const { conf } = host.table.membership
  const nameOf = (peer: number): string => host.nodeOf(peer) ?? String(peer)
  return {
    group: host.group,
    kind: host.stateMachine.kind,
    founding: host.birthmark,
    life,
    peer: host.id,
    role: roleOf(snapshot),
    states: statesOf(snapshot),
    term,
    vote: vote === null ? null : nameOf(vote),
    leader: host.leader,
    commit,
    applied: host.table.applied,
    truncated: log.truncated.index,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    voters: conf.voters.map(nameOf),
    votersOutgoing: conf.votersOutgoing.map(nameOf),
    learners: [...conf.learners, ...conf.learnersNext].map(nameOf),
    progress: progressOf(host, nameOf),
  }
}

function progressOf({ snapshot }: PeerHost, nameOf: (peer: number) => string): ProgressStatus[] {
  return [...snapshot.context.followers].map(([peer, { progress, active }]) => ({
    node: nameOf(peer),
    state: String(progress.value),
    match: progress.context.match,
    next: progress.context.next,
    inflight: progress.context.inflight.length,
    active,
  }))
}
