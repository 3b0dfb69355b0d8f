/** Renamings of peers under which a model is the same: of the states that differ only in who is called what, one is enough. Knows numbers only. */

import type { PeerId } from '../../protocol/types.ts'
import type { Renaming } from './encoding.ts'

/** Everybody keeps their name. */
export const sameNames = (nodes: number): Renaming => Array.from({ length: nodes + 1 }, (_, i) => i)

/** All renamings that exchange peers of one group only; the first one renames nobody. */
export function renamingsOf(nodes: number, groups: readonly (readonly PeerId[])[]): readonly Renaming[] {
  let found: number[][] = [[...sameNames(nodes)]]
  for (const group of groups) {
    found = found.flatMap((to) =>
      ordersOf(group).map((order) => {
        const next = to.slice()
        for (const [at, peer] of group.entries()) next[peer] = order[at] as PeerId
        return next
      }),
    )
  }
  return found
}

function ordersOf(peers: readonly PeerId[]): PeerId[][] {
  if (peers.length <= 1) return [[...peers]]
  return peers.flatMap((first) => ordersOf(peers.filter((peer) => peer !== first)).map((rest) => [first, ...rest]))
}
