/** Whether two configurations can decide without each other. By looking at all sets: configurations are small. */

import { majority } from '../../protocol/quorum.ts'
import type { ConfState, PeerId } from '../../protocol/types.ts'

/** Voters beyond which nobody looks: 2^14 sets. */
const VOTERS_MAX = 14

/** Whether every quorum of one has a voter in common with every quorum of the other. */
export function quorumsOverlap(a: ConfState, b: ConfState): boolean {
  const all = [...new Set([...a.voters, ...a.votersOutgoing, ...b.voters, ...b.votersOutgoing])]
  if (all.length > VOTERS_MAX) return true
  for (let set = 0; set < 1 << all.length; set++) {
    const has = (peer: PeerId): boolean => ((set >> all.indexOf(peer)) & 1) === 1
    if (isQuorum(a, has) && isQuorum(b, (peer) => !has(peer))) return false
  }
  return true
}

function isQuorum({ voters, votersOutgoing }: ConfState, has: (peer: PeerId) => boolean): boolean {
  return [voters, votersOutgoing].every((half) => half.length === 0 || half.filter(has).length >= majority(half.length))
}
