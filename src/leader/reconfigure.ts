/**
 * How a group gets other members (§6, thesis 4): the leader proposes, one change at a time; it takes effect as it is applied; a joint configuration is
 * left as it was asked to be. The chart of it is machines/membership.ts.
 */

import type { RoleContext } from '../../machines/role.ts'
import { chain } from '../chart/words.ts'
import { confAfter, switchConf } from '../protocol/conf-applied.ts'
import { type ConfChange, checkChange, encodeChange, isJoint, LEAVE_JOINT } from '../protocol/confchange.ts'
import type { ClientReconfigure, ConfApplied } from '../protocol/events.ts'
import type { Follower } from '../protocol/leadership.ts'
import { isVoter } from '../protocol/quorum.ts'
import type { Accepted, Refused } from '../protocol/ready.ts'
import { othersOf } from '../protocol/state.ts'
import type { Entry, PeerId } from '../protocol/types.ts'
import { advanceCommit, appendOwn, committedInTerm } from './commit.ts'
import { reviewTransfer, targetOf } from './handoff.ts'
import { mayPropose, owesLeave, startMembership, stepMembership } from './membership-words.ts'
import type { ProgressSnapshot } from './progress-words.ts'
import { planAll, planFarewell } from './replication.ts'
import { type Patch, startFollower } from './tracker.ts'

/** A new leader inherits what its log and configuration say (thesis 4.3). */
export const inheritMembership = (s: RoleContext): Patch => ({
  membership: startMembership({
    ...jointOf(s),
    pending: s.log.configurations.at(-1) ?? null,
  }),
})

/** Whether it only leaves a joint configuration. */
const leaves = ({ change }: ClientReconfigure): boolean => change.steps.length === 0

/** Why a change cannot begin now; null: it can. Not before an entry of our own term is committed, or two leaders could each have their own majority. */
export function refusalOf(s: RoleContext, e: ClientReconfigure): Refused['code'] | null {
  if (s.transfer.value !== 'idle') return 'TRANSFERRING'
  if (!committedInTerm(s) || !mayPropose(s.membership, leaves(e))) return 'CONF_IN_PROGRESS'
  return checkChange(s.conf, e.change) === null ? null : 'CONF_INVALID'
}

export const mayReconfigure = (s: RoleContext, e: ClientReconfigure): boolean => refusalOf(s, e) === null

export const refuseConf = (s: RoleContext, e: ClientReconfigure): Refused[] => [
  { type: 'refused', tickets: [e.ticket], code: refusalOf(s, e) ?? 'CONF_IN_PROGRESS' },
]

/** The change becomes an entry like any other, but is never refused for its weight; it takes effect when it is applied. */
export const appendChange = (s: RoleContext, e: ClientReconfigure): Patch => ({
  ...appendOwn(s, [entryOf(s, e.change)]),
  membership: stepMembership(s.membership, { type: 'proposed', index: s.log.lastIndex + 1, leaves: leaves(e) }),
})

const entryOf = (s: RoleContext, change: ConfChange): Entry => ({
  term: s.term,
  index: s.log.lastIndex + 1,
  kind: 'configuration',
  data: encodeChange({ ...change, base: s.conf }),
})

/** Where the change went: the last entry of the log. */
export const acceptConf = (s: RoleContext, e: ClientReconfigure): Accepted[] => [
  { type: 'accepted', tickets: [e.ticket], index: s.log.lastIndex, term: s.term },
]

/** A joint configuration that leaves by itself does so as soon as nothing else is under way; under a new leader, too (thesis 4.3). */
export const leaveWhenDue = (s: RoleContext): Patch =>
  owesLeave(s.membership) && committedInTerm(s) && s.transfer.value === 'idle'
    ? {
        ...appendOwn(s, [entryOf(s, LEAVE_JOINT)]),
        membership: stepMembership(s.membership, { type: 'settle', index: s.log.lastIndex + 1 }),
      }
    : {}

/** A leader goes on under a new configuration: other followers, perhaps a smaller quorum, perhaps no heir any more. */
export const settleConf = (before: RoleContext, event: ConfApplied): Patch =>
  chain<RoleContext, ConfApplied>(
    switchConf,
    (s, { index }) => ({ membership: stepMembership(s.membership, { type: 'applied', index, ...jointOf(s) }) }),
    (s) => ({ followers: followersOf(s) }),
    reviewTransfer,
    advanceCommit,
    leaveWhenDue,
    planAll,
    (s) => planFarewell(s, before.followers),
  )(before, event)

const jointOf = ({ conf }: RoleContext) => ({ joint: isJoint(conf), autoLeave: conf.autoLeave })

/** Who stays keeps its progress; who is new begins; who went is forgotten. */
const followersOf = (s: RoleContext): ReadonlyMap<PeerId, Follower<ProgressSnapshot>> =>
  new Map(othersOf(s).map((peer) => [peer, s.followers.get(peer) ?? startFollower(s, s.log.lastIndex + 1)]))

/** Whether this change ends our office: we vote no more. */
export const mustRetire = (s: RoleContext, e: ConfApplied): boolean =>
  s.settings.stepDownOnRemoval && !isVoter(confAfter(s, e), s.id)

/** Thesis 4.2.2, 3.10: before we go, everybody gets what we have, and the one that is furthest is told to take over at once. */
export const retire = chain<RoleContext, ConfApplied>(switchConf, planAll, (s) => ({
  due: { ...s.due, handoff: targetOf(s, null) ?? null },
}))
