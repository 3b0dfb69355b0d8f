/** Changes of configuration: what can be asked for, and what a configuration becomes by it (§6, thesis 4). Pure arithmetic, no roles, no log. */

import { sameBytes, text, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { ConfState, PeerId } from './types.ts'

/** One peer's part in a change. A voter that is to be a learner is demoted, a learner that is to be a voter promoted. */
export interface ConfChangeStep {
  readonly type: 'AddNode' | 'AddLearner' | 'RemoveNode'
  readonly peer: PeerId
}

/** How a change is made: `auto` goes through a joint configuration only if one step is not enough, and leaves it by itself. */
export type Transition = 'auto' | 'jointImplicit' | 'jointExplicit'

/** What a configuration is to become. No steps at all: leave the joint configuration. */
export interface ConfChange {
  readonly transition: Transition
  readonly steps: readonly ConfChangeStep[]
  /** The host's own words about it, carried along: names of new peers, for example. */
  readonly context: string
  /**
   * The configuration it was made of, written into the log by the leader: a new peer that was told none begins with it. It changes nothing for
   * anybody else.
   */
  readonly base?: ConfState
}

// The limits decide what an entry of the log means, the same on every peer and for ever: they may be raised between versions, never lowered.

/** Peers of a group, learners and leaving voters included: a leader feeds each one itself, and 64 full windows of 4 MiB are 256 MiB. */
export const MEMBERS_MAX = 64

/** Steps of one change: one for each member there can be. */
export const STEPS_MAX = MEMBERS_MAX

/** Bytes of a change's context as it stands in the log: with all steps (48 bytes each) it stays well below the largest command. */
export const CONTEXT_BYTES_MAX = 64 * 1024

/** Ends a joint configuration: the incoming voters alone decide from then on. */
export const LEAVE_JOINT: ConfChange = { transition: 'auto', steps: [], context: '' }

/** Whether two majorities must agree (§6). */
export const isJoint = (conf: ConfState): boolean => conf.votersOutgoing.length > 0

/** Everybody who receives the log, ascending. `learnersNext` are among the outgoing voters. */
export const membersOf = (conf: ConfState): readonly PeerId[] =>
  sorted(new Set([...conf.voters, ...conf.votersOutgoing, ...conf.learners]))

/** Whether this peer receives the log. */
export const isMember = (conf: ConfState, peer: PeerId): boolean =>
  conf.voters.includes(peer) || conf.votersOutgoing.includes(peer) || conf.learners.includes(peer)

/** Whether this peer receives the log and has no voice (thesis 4.2.1). Who is only going to be a learner still votes. */
export const isLearner = (conf: ConfState, peer: PeerId): boolean => conf.learners.includes(peer)

const LISTS = ['voters', 'votersOutgoing', 'learners', 'learnersNext'] as const

/** Why something from outside is not a configuration that can be in force, in words. Null: it is one. The empty one is: of a peer of no group yet. */
export function checkConf(conf: ConfState): string | null {
  if (!isFields(conf)) return 'a configuration is an object'
  for (const name of LISTS) {
    const peers: unknown = conf[name]
    if (!Array.isArray(peers) || !Array.from(peers).every(isPeerId))
      return `${name} is a list of peer ids, whole numbers from 1 to 2^53 - 1`
    if (new Set(peers).size < peers.length) return `${name} names a peer twice`
  }
  if (typeof conf.autoLeave !== 'boolean') return 'autoLeave is true or false'
  return whyNotInForce(conf)
}

function whyNotInForce(conf: ConfState): string | null {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = conf
  if (voters.length === 0 && membersOf(conf).length + learnersNext.length > 0)
    return 'without voters there can be no other members'
  if (learners.some((peer) => voters.includes(peer) || votersOutgoing.includes(peer)))
    return 'nobody is a voter and a learner at once'
  if (learnersNext.some((peer) => voters.includes(peer) || !votersOutgoing.includes(peer)))
    return 'learnersNext are voters of the outgoing half only'
  return autoLeave && !isJoint(conf) ? 'autoLeave says how a joint configuration ends, and this is none' : null
}

/** Why this change cannot be made of this configuration, in words. Null: it can. */
export function checkChange(conf: ConfState, change: ConfChange): string | null {
  const next = outcomeOf(conf, change)
  return typeof next === 'string' ? next : null
}

/** What the configuration becomes: the same on every peer. A change that cannot be made leaves the very same object. */
export function applyChange(conf: ConfState, change: ConfChange): ConfState {
  const next = outcomeOf(conf, change)
  return typeof next === 'string' ? conf : next
}

function outcomeOf(conf: ConfState, change: ConfChange): ConfState | string {
  const why = whyNoChange(change)
  if (why !== null) return why
  const { transition, steps } = change
  if (steps.length === 0) return leave(conf)
  if (transition !== 'auto') return enterJoint(conf, steps, transition === 'jointImplicit')
  return touched(conf, drafted(conf, [], steps)) > 1 ? enterJoint(conf, steps, true) : changeSimply(conf, steps)
}

const LEAVE_FIRST = 'the configuration is joint: it must be left before the next change'

/**
 * At most one voter comes or goes, so that any majority before meets any majority after (thesis 4.1). Learners do not count.
 * Returns the new configuration, or why there is none.
 */
export function changeSimply(conf: ConfState, steps: readonly ConfChangeStep[]): ConfState | string {
  if (isJoint(conf)) return LEAVE_FIRST
  const next = drafted(conf, [], steps)
  const why = whyNoConf(conf, next)
  if (why !== null) return why
  return touched(conf, next) > 1 ? 'more than one voter would change at once: that takes a joint configuration' : next
}

/** Any change, at the price of two majorities until it is left (§6, thesis 4.3). Returns the new configuration, or why there is none. */
export function enterJoint(conf: ConfState, steps: readonly ConfChangeStep[], autoLeave: boolean): ConfState | string {
  if (isJoint(conf)) return LEAVE_FIRST
  if (conf.voters.length === 0) return 'without voters nobody can agree to a joint configuration'
  const next = { ...drafted(conf, conf.voters, steps), autoLeave }
  return whyNoConf(conf, next) ?? next
}

/** The incoming voters alone decide; whom the outgoing half kept from being a learner is one now. Or why that cannot be. */
export function leave(conf: ConfState): ConfState | string {
  if (!isJoint(conf)) return 'the configuration is not joint: there is nothing to leave'
  const learners = sorted(new Set([...conf.learners, ...conf.learnersNext]))
  return { voters: sorted(new Set(conf.voters)), votersOutgoing: [], learners, learnersNext: [], autoLeave: false }
}

/** The steps, one after the other; what is so already stays so. */
function drafted(conf: ConfState, votersOutgoing: readonly PeerId[], steps: readonly ConfChangeStep[]): ConfState {
  const voters = new Set(conf.voters)
  const learners = new Set(conf.learners)
  const learnersNext = new Set(conf.learnersNext)
  for (const { type, peer } of steps) {
    voters.delete(peer)
    learners.delete(peer)
    learnersNext.delete(peer)
    if (type === 'AddNode') voters.add(peer)
    // Who still votes in the outgoing half is no learner before that is left: nobody is counted and not counted at once.
    if (type === 'AddLearner') (votersOutgoing.includes(peer) ? learnersNext : learners).add(peer)
  }
  return {
    voters: sorted(voters),
    votersOutgoing: sorted(new Set(votersOutgoing)),
    learners: sorted(learners),
    learnersNext: sorted(learnersNext),
    autoLeave: false,
  }
}

/** How many voters come or go. */
function touched(before: ConfState, after: ConfState): number {
  const gone = before.voters.filter((peer) => !after.voters.includes(peer))
  const come = after.voters.filter((peer) => !before.voters.includes(peer))
  return gone.length + come.length
}

function whyNoConf(before: ConfState, after: ConfState): string | null {
  if (after.voters.length === 0) return 'no voter would be left'
  const members = membersOf(after).length
  const grows = members > membersOf(before).length // a group that is too large already must be able to shrink
  return grows && members > MEMBERS_MAX ? `a group has at most ${MEMBERS_MAX} members, this would make ${members}` : null
}

const sorted = (peers: ReadonlySet<PeerId>): readonly PeerId[] => [...peers].sort((a, b) => a - b)

/** The bytes of a change in the log. Throws `CONF_INVALID` for what {@link decodeChange} would not take back. */
export function encodeChange(change: ConfChange): Uint8Array {
  const why = whyNoChange(change)
  if (why !== null) throw new FlotillaError('CONF_INVALID', why)
  return written(change)
}

/** A change from its bytes. Null for anything that {@link encodeChange} does not write: unknown fields, other spellings, damage. */
export function decodeChange(bytes: Uint8Array): ConfChange | null {
  const change = parsed(text(bytes))
  return isChange(change) && sameBytes(bytes, written(change)) ? change : null
}

/** Whether something from outside is a change, of whatever configuration. */
export const isChange = (value: unknown): value is ConfChange => whyNoChange(value) === null

function written({ transition, steps, context, base }: ConfChange): Uint8Array {
  const plain = { transition, steps: steps.map(({ type, peer }) => ({ type, peer })), context }
  return utf8(JSON.stringify(base ? { ...plain, base: writtenConf(base) } : plain))
}

const writtenConf = ({ voters, votersOutgoing, learners, learnersNext, autoLeave }: ConfState): ConfState => ({
  voters,
  votersOutgoing,
  learners,
  learnersNext,
  autoLeave,
})

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}

const TRANSITIONS: readonly unknown[] = ['auto', 'jointImplicit', 'jointExplicit'] satisfies Transition[]
const STEP_TYPES: readonly unknown[] = ['AddNode', 'AddLearner', 'RemoveNode'] satisfies ConfChangeStep['type'][]

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

function whyNoChange(change: unknown): string | null {
  if (!isFields(change)) return 'a change is an object'
  const { transition, steps, context, base } = change
  if (!TRANSITIONS.includes(transition)) return `the transition is one of ${TRANSITIONS.join(', ')}`
  if (!Array.isArray(steps)) return 'the steps are a list'
  if (steps.length > STEPS_MAX) return `a change has at most ${STEPS_MAX} steps, this has ${steps.length}`
  for (const step of steps) {
    const why = whyNoStep(step)
    if (why !== null) return why
  }
  if (typeof context !== 'string') return 'the context is a string'
  const wrongBase = base === undefined ? null : checkConf(base as ConfState)
  if (wrongBase !== null) return wrongBase
  return isShort(context) ? null : `the context takes at most ${CONTEXT_BYTES_MAX} bytes as JSON`
}

function whyNoStep(step: unknown): string | null {
  if (!isFields(step)) return 'a step is an object'
  if (!STEP_TYPES.includes(step.type)) return `a step is one of ${STEP_TYPES.join(', ')}`
  return isPeerId(step.peer) ? null : 'a peer id is a whole number from 1 to 2^53 - 1'
}

const isPeerId = (peer: unknown): boolean => Number.isSafeInteger(peer) && (peer as number) >= 1

/** Measured as it is written, without the quotes: a control character takes six bytes. The first question spares the second its work. */
const isShort = (context: string): boolean =>
  context.length <= CONTEXT_BYTES_MAX && utf8(JSON.stringify(context)).length - 2 <= CONTEXT_BYTES_MAX
