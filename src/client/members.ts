/** A group's members, from outside: who they are, and how they change. Knows names of nodes, and nothing of peers' ids beyond showing them. */

import { FlotillaError } from '../base/errors.ts'
import { STEPS_MAX, type Transition } from '../protocol/confchange.ts'
import {
  decodeMembersView,
  decodeReconfigured,
  encodeMembersRequest,
  encodeReconfigure,
  type MemberStep,
  type MembersView,
  type Reconfigured,
} from '../wire/members.ts'
import { checkName } from './checks.ts'
import type { CallOptions, ClusterCalls } from './types.ts'

/** How several changes at once are made. */
export interface ChangeOptions extends CallOptions {
  /**
   * `auto` (default): in one step where one is enough, else through a joint configuration that is left by itself. `jointImplicit`: always through one.
   * `jointExplicit`: it is left by a later change of no steps.
   */
  readonly transition?: Transition
}

/**
 * The members of one group. Every change resolves once it is applied, and rejects with `CONF_INVALID` (it cannot be made), `CONF_IN_PROGRESS` (another one
 * was under way until the deadline), or `TIMEOUT_UNKNOWN`.
 */
export interface MembersClient {
  /** Who they are; sees every change acknowledged before the call. */
  list(options?: CallOptions): Promise<MembersView>
  /** Makes a node a member: a voter, or with `learner` one that receives the log and does not vote. The node must run, and hold the group's kind. */
  add(node: string, options?: CallOptions & { readonly learner?: boolean }): Promise<Reconfigured>
  /** Makes a voter of a learner. */
  promote(node: string, options?: CallOptions): Promise<Reconfigured>
  /** Makes a learner of a voter. */
  demote(node: string, options?: CallOptions): Promise<Reconfigured>
  /** Its data in this group is destroyed. Added again, it is a new peer, and is filled from nothing. */
  remove(node: string, options?: CallOptions): Promise<Reconfigured>
  /** Several at once. No steps: leaves a joint configuration that does not leave by itself. */
  change(steps: readonly MemberStep[], options?: ChangeOptions): Promise<Reconfigured>
}

export function membersClient(cluster: Pick<ClusterCalls, 'askOfLeader'>, group: string): MembersClient {
  checkName('group', group)
  const change = async (steps: readonly MemberStep[], { transition, timeoutMs }: ChangeOptions = {}): Promise<Reconfigured> => {
    for (const { node } of steps) checkName('node', node)
    if (steps.length > STEPS_MAX) throw new FlotillaError('CONF_INVALID', `a change has at most ${STEPS_MAX} steps`)
    const request = { group, steps: steps.map(({ type, node }) => ({ type, node })), ...(transition && { transition }) }
    return cluster.askOfLeader(group, {
      verb: 'reconfigure',
      writes: true,
      timeoutMs,
      encode: (ms) => encodeReconfigure({ ...request, timeoutMs: ms }),
      decode: decodeReconfigured,
    })
  }
  const one =
    (type: MemberStep['type']) =>
    (node: string, options: CallOptions = {}): Promise<Reconfigured> =>
      change([{ type, node }], options)
  return {
    list: ({ timeoutMs } = {}) =>
      cluster.askOfLeader(group, {
        verb: 'members',
        writes: false,
        timeoutMs,
        encode: (ms) => encodeMembersRequest({ group, timeoutMs: ms }),
        decode: decodeMembersView,
      }),
    add: (node, { learner = false, ...options } = {}) => change([{ type: learner ? 'addLearner' : 'add', node }], options),
    promote: one('promote'),
    demote: one('demote'),
    remove: one('remove'),
    change,
  }
}
