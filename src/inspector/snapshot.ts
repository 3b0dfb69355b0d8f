/** What the page is told: all nodes, and of each the one group that is looked at. Plain data for both ends of the wire. */

import type { GroupStatus, NodeStatus } from '../ports/status.ts'
import type { NodeView } from './feed.ts'

/** One node, and its replica of the chosen group. */
export interface PageNode {
  readonly node: string
  readonly alive: boolean
  readonly status: Omit<NodeStatus, 'groups'> | null
  readonly peer: GroupStatus | null
}

/** Everything on the page at one moment. */
export interface PageSnapshot {
  readonly cluster: string | null
  /** Ids of all groups of all nodes, in order. */
  readonly groups: readonly string[]
  /** The group that `peer` is about: the one asked for if it exists, else the first. */
  readonly group: string | null
  /** Whether nodes can be killed and revived from the page. */
  readonly supervised: boolean
  readonly nodes: readonly PageNode[]
}

/** What the viewer asked for. */
export interface PageView {
  readonly group: string | null
  readonly supervised: boolean
}

/** Reduces what is known to what one page shows: of thousands of groups it is sent the names and one status. */
export function pageSnapshot(views: readonly NodeView[], wanted: PageView): PageSnapshot {
  const all = views.flatMap((view) => view.status?.groups ?? [])
  const groups = [...new Set(all.map((status) => status.group))].sort()
  const group = wanted.group !== null && groups.includes(wanted.group) ? wanted.group : (groups[0] ?? null)
  const cluster = views.find((view) => view.status !== null)?.status?.cluster ?? null
  return { cluster, groups, group, supervised: wanted.supervised, nodes: views.map((view) => pageNode(view, group)) }
}

function pageNode({ node, alive, status }: NodeView, group: string | null): PageNode {
  if (status === null) return { node, alive, status: null, peer: null }
  const { groups, ...rest } = status
  return { node, alive, status: rest, peer: groups.find((candidate) => candidate.group === group) ?? null }
}
