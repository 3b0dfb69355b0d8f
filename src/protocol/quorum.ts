/** Majorities, plain and joint: pure arithmetic over a configuration (§5.2, §6). */

import type { Votes } from './state.ts'
import type { ConfState, LogIndex, PeerId } from './types.ts'

/** How many of `n` are a majority. */
export const majority = (n: number): number => Math.floor(n / 2) + 1

/** Whether this peer's voice counts. */
export const isVoter = (conf: ConfState, peer: PeerId): boolean =>
  conf.voters.includes(peer) || conf.votersOutgoing.includes(peer)

/** The highest index that a quorum has reached: of both halves, when joint. An empty half asks nothing. */
export function quorumIndex(conf: ConfState, reached: (peer: PeerId) => LogIndex): LogIndex {
  const index = Math.min(majorityIndex(conf.voters, reached), majorityIndex(conf.votersOutgoing, reached))
  return Number.isFinite(index) ? index : 0
}

function majorityIndex(voters: readonly PeerId[], reached: (peer: PeerId) => LogIndex): LogIndex {
  if (voters.length === 0) return Number.POSITIVE_INFINITY
  const indexes = voters.map(reached).sort((a, b) => b - a)
  return indexes[majority(voters.length) - 1] as LogIndex
}

/** How a vote stands. */
export type VoteResult = 'won' | 'lost' | 'open'

/** Won if won in every half, lost if lost in any. */
export function countVotes(conf: ConfState, votes: Votes): VoteResult {
  const halves = [countHalf(conf.voters, votes), countHalf(conf.votersOutgoing, votes)]
  if (halves.includes('lost')) return 'lost'
  return halves.includes('open') ? 'open' : 'won'
}

function countHalf(voters: readonly PeerId[], votes: Votes): VoteResult {
  if (voters.length === 0) return 'won'
  const needed = majority(voters.length)
  const granted = voters.filter((peer) => votes.get(peer) === true).length
  const refused = voters.filter((peer) => votes.get(peer) === false).length
  if (granted >= needed) return 'won'
  return voters.length - refused < needed ? 'lost' : 'open'
}
