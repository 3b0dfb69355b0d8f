/** A change of configuration takes effect when its entry is applied: what that means for a peer, whatever its role (thesis 4.1; as etcd does it). */

import { applyChange } from './confchange.ts'
import type { ConfApplied } from './events.ts'
import { isVoter } from './quorum.ts'
import type { Patch, RaftState } from './state.ts'
import type { ConfState } from './types.ts'
import { mayCampaign } from './vote.ts'

/** The configuration behind that entry. A peer that was never told one begins with what the entry says was before it. */
export function confAfter({ conf }: Pick<RaftState, 'conf'>, { change }: Pick<ConfApplied, 'change'>): ConfState {
  if (change === null) return conf
  return applyChange(conf.voters.length === 0 ? (change.base ?? conf) : conf, change)
}

/** In force from now on. */
export const switchConf = (s: RaftState, e: ConfApplied): Patch => ({ conf: confAfter(s, e), log: s.log.settle(e.index) })

/** Whether our voice does not count: a learner, or no member, or not yet. */
export const isOutside = (s: RaftState): boolean => !isVoter(s.conf, s.id)

/** Whether this change was all that kept us from taking over, as the leader of this term told us to (thesis 3.10). */
export const nowCalled = (s: RaftState, e: ConfApplied): boolean =>
  s.called === s.term && mayCampaign({ ...s, ...switchConf(s, e) })
