/** The statuses of all nodes as a table for people. Knows where nothing comes from. */

import type { GroupStatus, NodeStatus } from '../ports/status.ts'
import { bytesOf, grouped, type Paint } from './paint.ts'
import { type Cell, type Column, tableOf } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'node' },
  { title: 'role' },
  { title: 'term', right: true },
  { title: 'leader' },
  { title: 'commit', right: true },
  { title: 'applied', right: true },
  { title: 'entries', right: true },
  { title: 'store', right: true },
  { title: 'free', right: true },
]

/** Nodes that belong to a group according to the others, and did not answer. `expected` are names known from elsewhere. */
export function missingNodes(statuses: readonly NodeStatus[], group: string, expected: readonly string[] = []): string[] {
  const named = statuses.flatMap((status) => membersIn(peerOf(status, group)))
  const present = new Set(statuses.map(({ node }) => node))
  return [...new Set([...named, ...expected])].filter((name) => !present.has(name)).sort()
}

const membersIn = (peer: GroupStatus | undefined): readonly string[] =>
  peer === undefined ? [] : [...peer.voters, ...(peer.votersOutgoing ?? []), ...(peer.learners ?? [])]

/** Whether all nodes have answered, as far as is known, and none has the group. */
export function isUnknown(statuses: readonly NodeStatus[], group: string): boolean {
  if (statuses.some(({ life }) => life !== 'serving')) return false // it may still be opening its groups
  const groups = statuses.flatMap((status) => status.groups.map((one) => one.group))
  return !groups.includes(group) && groups.every((one) => missingNodes(statuses, one).length === 0)
}

/** The table of one group. `expected` are nodes that should be there. */
export function statusLines(
  statuses: readonly NodeStatus[],
  { group, paint, expected = [] }: { readonly group: string; readonly paint: Paint; readonly expected?: readonly string[] },
): string[] {
  const missing = missingNodes(statuses, group, expected)
  const rows = [
    ...statuses.map((status) => [status.node, rowOf(status, group, paint)] as const),
    ...missing.map((node) => [node, deadRow(node, paint)] as const),
  ].sort(([a], [b]) => (a < b ? -1 : 1))
  return tableOf(
    COLUMNS,
    rows.map(([, row]) => row),
    paint,
  )
}

/** What is on its way of a group, a line each: `b receives a snapshot from a: 37 % of 1.2 GB, 45 MB a second`. */
export function snapshotLines(statuses: readonly NodeStatus[], group: string): string[] {
  return statuses.flatMap((status) =>
    (peerOf(status, group)?.snapshots ?? []).map((one) => {
      const way = one.side === 'sending' ? 'sends a snapshot to' : 'receives a snapshot from'
      const rate = one.bytesPerSecond > 0 ? `, ${bytesOf(one.bytesPerSecond)} a second` : ''
      return `${status.node} ${way} ${one.node}: ${Math.floor(one.percent)} % of ${bytesOf(one.bytesTotal)}${rate} (${one.state})`
    }),
  )
}

const peerOf = (status: NodeStatus, group: string): GroupStatus | undefined => status.groups.find((one) => one.group === group)

function rowOf(status: NodeStatus, group: string, paint: Paint): Cell[] {
  const peer = peerOf(status, group)
  const disk = [bytesOf(status.store.bytes), freeCell(status, paint)]
  if (peer === undefined) return [status.node, { text: 'not here', paint: paint.dim }, '', '', '', '', '', ...disk]
  return [
    status.node,
    roleCell(status, peer, paint),
    grouped(peer.term),
    peer.leader ?? '-',
    grouped(peer.commit),
    grouped(peer.applied),
    grouped(peer.lastIndex - peer.firstIndex + 1),
    ...disk,
  ]
}

function roleCell(status: NodeStatus, peer: GroupStatus, paint: Paint): Cell {
  if (status.life !== 'serving') return { text: status.life, paint: paint.warn }
  if (peer.life !== 'running')
    return { text: peer.life, paint: peer.life === 'failed' || peer.life === 'quarantined' ? paint.bad : paint.warn }
  if (peer.role === 'leader') return { text: 'leader', paint: paint.good }
  return peer.role === 'follower' ? 'follower' : { text: peer.role, paint: paint.warn }
}

/** What the disk has left; and a word where that is little. */
function freeCell({ store: { room } }: NodeStatus, paint: Paint): Cell {
  if (room === undefined) return '-'
  const free = bytesOf(room.freeBytes)
  if (room.level === 'ok') return free
  return room.level === 'low' ? { text: `${free} low`, paint: paint.warn } : { text: `${free} full`, paint: paint.bad }
}

const deadRow = (node: string, paint: Paint): Cell[] => [
  { text: node, paint: paint.dim },
  { text: 'no answer', paint: paint.bad },
  ...Array.from({ length: COLUMNS.length - 2 }, (): Cell => ({ text: '-', paint: paint.dim })),
]
