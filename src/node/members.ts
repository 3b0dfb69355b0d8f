/**
 * Who the members of a group are, as far as the node knows more of it than the core: names, and which id comes next. What an entry means is decided
 * by the membership before it alone, so that every replica decides alike. Pure.
 */

import { z } from 'zod'
import { FlotillaError } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'
import type { Membership } from '../ports/store.ts'
import { confAfter } from '../protocol/conf-applied.ts'
import {
  type ConfChange,
  type ConfChangeStep,
  checkChange,
  decodeChange,
  isMember,
  membersOf,
  type Transition,
} from '../protocol/confchange.ts'
import type { ConfState, PeerId } from '../protocol/types.ts'
import type { MemberStep, ReconfigureRequest } from '../wire/members.ts'

/** A configuration of nobody: what a peer begins with that is to be told by the log. */
export const NO_CONF: ConfState = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

/** Names of peers that have left, kept for what is still to be said to them. */
const DEPARTED_MAX = 256

const names = z.record(z.string().regex(/^[1-9]\d{0,15}$/), z.string().regex(ID_PATTERN))

/** What a change carries along: names of new peers, and the membership it was made of, for who was told none yet. */
const contextSchema = z.strictObject({ names, base: z.strictObject({ peers: names, lastPeerId: z.int().min(0) }) })

type Context = z.infer<typeof contextSchema>

/** What an entry makes of a membership. */
export interface MembershipChange {
  readonly membership: Membership
  /** What the core is told. Null: the entry has no effect. */
  readonly change: ConfChange | null
  /** Why it has none. */
  readonly why: string | null
}

/** Names of the members; while they are not known yet, all names that were told. */
export const namesIn = (membership: Membership): Readonly<Record<PeerId, string>> =>
  membersOf(membership.conf).length === 0 ? membership.peers : memberNames(membership)

/** The membership behind a configuration entry. The same for all replicas that begin with the same, and for those that begin with none. */
export function membershipAfter(before: Membership, data: Uint8Array): MembershipChange {
  const change = decodeChange(data)
  if (change === null) return { membership: before, change, why: 'this is no change of members' }
  const context = contextOf(change)
  const start = startOf(before, change, context)
  const why = whyNot(start, change, context)
  if (why !== null) return { membership: before, change: null, why }
  const conf = confAfter(start, { change })
  const peers = { ...start.peers, ...context?.names }
  const lastPeerId = Math.max(start.lastPeerId, ...Object.keys(context?.names ?? {}).map(Number))
  return { membership: { conf, peers: keptNames(conf, peers), lastPeerId }, change, why }
}

function contextOf({ context }: ConfChange): Context | null {
  try {
    return contextSchema.parse(JSON.parse(context))
  } catch {
    return null
  }
}

/** Who was told no configuration begins with what the entry says was before it. Names learned elsewhere stay. */
function startOf(before: Membership, { base }: ConfChange, context: Context | null): Membership {
  if (before.conf.voters.length > 0 || !base || !context) return before
  return { conf: base, peers: { ...before.peers, ...context.base.peers }, lastPeerId: context.base.lastPeerId }
}

function whyNot({ conf, peers, lastPeerId }: Membership, change: ConfChange, context: Context | null): string | null {
  const added = [
    ...new Set(change.steps.filter(({ type, peer }) => type !== 'RemoveNode' && !isMember(conf, peer)).map(({ peer }) => peer)),
  ]
  const given = Object.keys(context?.names ?? {})
  if (given.length !== added.length) return 'the change names other peers than it adds'
  const taken = new Set(membersOf(conf).map((peer) => peers[peer]))
  for (const [i, peer] of added.entries()) {
    const name = context?.names[peer]
    if (peer !== lastPeerId + 1 + i) return `the next new peer is number ${lastPeerId + 1 + i}, not ${peer}`
    if (name === undefined) return `peer ${peer} has no name`
    if (taken.has(name)) return `node '${name}' is a member already`
    taken.add(name)
  }
  return checkChange(conf, change)
}

/** Members, and the latest of those who have left. */
function keptNames(conf: ConfState, peers: Readonly<Record<PeerId, string>>): Readonly<Record<PeerId, string>> {
  const departed = Object.keys(peers)
    .map(Number)
    .filter((peer) => !isMember(conf, peer))
    .sort((a, b) => a - b)
  const dropped = new Set(departed.slice(0, -DEPARTED_MAX))
  return Object.fromEntries(Object.entries(peers).filter(([peer]) => !dropped.has(Number(peer))))
}

/** Whether that peer was removed: it was one, or may have been, and is none now. Nobody has been removed before the first configuration is known. */
export const isRemoved = ({ conf, lastPeerId }: Membership, peer: PeerId): boolean =>
  conf.voters.length > 0 && peer <= lastPeerId && !isMember(conf, peer)

/** Names of the members, by id. */
export const memberNames = ({ conf, peers }: Membership): Record<PeerId, string> =>
  Object.fromEntries(membersOf(conf).flatMap((peer) => (peers[peer] === undefined ? [] : [[peer, peers[peer]]])))

/** The id under which a node takes part: the latest that bears its name. */
export function peerOf(peers: Readonly<Record<PeerId, string>>, node: string): PeerId | undefined {
  const ids = Object.keys(peers).map(Number)
  return ids.filter((peer) => peers[peer] === node).sort((a, b) => b - a)[0]
}

/** What is asked for by name, as a change of peers. Throws `CONF_INVALID` with the reason when it cannot be made of this membership. */
export function changeOf(
  membership: Membership,
  { steps, transition }: Pick<ReconfigureRequest, 'steps' | 'transition'>,
): ConfChange {
  const names: Record<PeerId, string> = {}
  const ids = new Map(Object.entries(memberNames(membership)).map(([peer, node]) => [node, Number(peer)]))
  const asked: ConfChangeStep[] = []
  for (const step of steps) {
    const known = ids.get(step.node)
    checkStep(membership.conf, step, known)
    const peer = known ?? membership.lastPeerId + 1 + Object.keys(names).length
    if (known === undefined) names[peer] = step.node
    ids.set(step.node, peer)
    asked.push({ type: STEPS[step.type], peer })
  }
  const base = { peers: memberNames(membership), lastPeerId: membership.lastPeerId }
  const context = steps.length === 0 ? '' : JSON.stringify({ names, base } satisfies Context)
  const change: ConfChange = { transition: transition ?? ('auto' satisfies Transition), steps: asked, context }
  const why = checkChange(membership.conf, change)
  if (why !== null) throw new FlotillaError('CONF_INVALID', why)
  return change
}

const STEPS = {
  add: 'AddNode',
  addLearner: 'AddLearner',
  promote: 'AddNode',
  demote: 'AddLearner',
  remove: 'RemoveNode',
} as const satisfies Record<MemberStep['type'], ConfChangeStep['type']>

function checkStep(conf: ConfState, { type, node }: MemberStep, known: PeerId | undefined): void {
  const adds = type === 'add' || type === 'addLearner'
  if (adds && known !== undefined) throw invalid(`node '${node}' is a member already`, node)
  if (!adds && known === undefined) throw invalid(`node '${node}' is no member`, node)
  if (type === 'promote' && !conf.learners.includes(known as PeerId)) throw invalid(`node '${node}' is no learner`, node)
  if (type === 'demote' && !conf.voters.includes(known as PeerId)) throw invalid(`node '${node}' is no voter`, node)
}

const invalid = (message: string, node: string): FlotillaError => new FlotillaError('CONF_INVALID', message, { node })
