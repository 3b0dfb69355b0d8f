/**
 * A node whose disk was lost comes back as somebody new: its old peers are removed from all their groups, and it is added to each of them under a new id,
 * as a learner first. All of it are changes that the groups agree to, one after the other. Knows nothing of stores.
 */

import { FlotillaError } from '../base/errors.ts'
import { sleep } from '../clock/turns.ts'
import { wallClock } from '../clock/wall.ts'
import type { Clock } from '../ports/clock.ts'
import type { GroupStatus, NodeStatus } from '../ports/status.ts'
import type { MembersView } from '../wire/members.ts'
import { checkName } from './checks.ts'
import type { MembersClient } from './members.ts'
import type { CallOptions } from './types.ts'

/** How often one looks whether the node has caught up, in milliseconds. */
const LOOK_MS = 200

/** A node that does not even answer the roll call is not waited for: it is started later. */
const ROLL_CALL_MS = 500

/** What is asked of the cluster. */
export interface Readmitting {
  status(options?: { readonly waitMs?: number }): Promise<readonly NodeStatus[]>
  members(group: string): MembersClient
  /** Default: the machine's. */
  readonly clock?: Clock
}

/** How to readmit. */
export interface ReadmitOptions extends CallOptions {
  /** These alone: of a node that has lost not all. Default: all that it is a member of. */
  readonly groups?: readonly string[]
}

/** A group that the node is a member of again. */
export interface Readmitted {
  readonly group: string
  readonly members: MembersView
  /** It was a voter, and is a learner still: it did not catch up in time. */
  readonly isBehind: boolean
}

/** One group, as far as it has got. */
interface Place {
  readonly group: string
  readonly voted: boolean
  members: MembersView
  /** The entry that made it a learner. */
  index: number
}

/**
 * Readmits a node to every group it is a member of. It may be readmitted before it is started again, or while it waits to become a member. Groups in
 * which it runs with its replica are left as they are. Rejects with `CONF_INVALID` when it is no member, or runs with all of its replicas; otherwise as a change of members does, and then says which groups are still without it.
 */
export async function readmit(
  cluster: Readmitting,
  node: string,
  { timeoutMs = 15_000, groups: only }: ReadmitOptions = {},
): Promise<Readmitted[]> {
  checkName('node', node)
  const { clock = wallClock } = cluster
  const dueAt = clock.now() + timeoutMs
  const left = (): { timeoutMs: number } => ({ timeoutMs: Math.max(1, Math.ceil(dueAt - clock.now())) })
  const statuses = await cluster.status({ waitMs: Math.min(ROLL_CALL_MS, timeoutMs) })
  const groups = groupsOf(statuses, node).filter((group) => only?.includes(group) ?? true)
  if (groups.length === 0) throw new FlotillaError('CONF_INVALID', `no node that answers knows '${node}' as a member`, { node })
  const found = await Promise.all(
    groups.map(async (group) => placeOf(await cluster.members(group).list(left()), { statuses, node })),
  )
  const places = found.flatMap((place) => place ?? [])
  if (places.length === 0) {
    const message = `node '${node}' runs, and holds its replica of group '${groups.join("', '")}': there is nothing to readmit`
    throw new FlotillaError('CONF_INVALID', message, { node, groups })
  }
  const without: string[] = []
  try {
    for (const place of places) {
      place.members = (await cluster.members(place.group).remove(node, left())).members
      without.push(place.group)
    }
    for (const place of places) {
      const { members, index } = await cluster.members(place.group).add(node, { ...left(), learner: true })
      Object.assign(place, { members, index })
      without.shift()
    }
  } catch (error) {
    throw without.length === 0 ? error : interrupted(error, { node, without })
  }
  for (const place of places) if (place.voted) await promote(cluster, { node, place, dueAt })
  return places.map(({ group, members, voted }) => ({ group, members, isBehind: voted && isLearner(members, node) }))
}

/** Groups that a node which runs says the other is a member of. */
function groupsOf(statuses: readonly NodeStatus[], node: string): string[] {
  const found = statuses.filter((one) => one.node !== node).flatMap(({ groups }) => groups)
  const has = ({ voters, learners = [] }: GroupStatus): boolean => voters.includes(node) || learners.includes(node)
  return [...new Set(found.filter((one) => one.life === 'running' && has(one)).map(({ group }) => group))].sort()
}

/** What the node is in a group. Null when it runs there: nothing was lost. */
function placeOf(
  members: MembersView,
  { statuses, node }: { readonly statuses: readonly NodeStatus[]; readonly node: string },
): Place | null {
  const { group, conf } = members
  const peer = peerIn(members, node)
  const here = statuses.find((one) => one.node === node)?.groups.find((one) => one.group === group)
  if (peer === undefined)
    throw new FlotillaError('CONF_INVALID', `node '${node}' is no member of group '${group}'`, { node, group })
  if (here !== undefined && here.peer === peer && here.life === 'running') return null
  return { group, voted: conf.voters.includes(peer), members, index: 0 }
}

/** Makes a voter of it once it has what the group had when it was added; not if it does not run, and not beyond the deadline. */
async function promote(
  cluster: Readmitting,
  { node, place, dueAt }: { readonly node: string; readonly place: Place; readonly dueAt: number },
): Promise<void> {
  const { clock = wallClock } = cluster
  const peer = peerIn(place.members, node)
  for (;;) {
    const remaining = dueAt - clock.now()
    if (remaining <= LOOK_MS) return
    const status = (await cluster.status({ waitMs: Math.min(ROLL_CALL_MS, remaining) })).find((one) => one.node === node)
    if (status === undefined) return
    const here = status.groups.find(({ group }) => group === place.group)
    if (here !== undefined && here.peer === peer && here.applied >= place.index) break
    await sleep(clock, LOOK_MS)
  }
  const timeoutMs = Math.max(1, Math.ceil(dueAt - clock.now()))
  place.members = (await cluster.members(place.group).promote(node, { timeoutMs })).members
}

const peerIn = ({ peers }: MembersView, node: string): number | undefined =>
  Object.keys(peers)
    .map(Number)
    .find((peer) => peers[peer] === node)

const isLearner = (members: MembersView, node: string): boolean => members.conf.learners.includes(peerIn(members, node) ?? 0)

function interrupted(error: unknown, { node, without }: { readonly node: string; readonly without: readonly string[] }): unknown {
  if (!(error instanceof FlotillaError)) return error
  const groups = without.join(', ')
  const message = `${error.message}; the node was removed and may not be back in: ${groups} (flotilla members add ${node} --learner --group …)`
  return new FlotillaError(error.code, message, { ...error.details, node, without: [...without] }, error)
}
