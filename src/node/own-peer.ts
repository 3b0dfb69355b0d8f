/**
 * Who our own peer of a group is: kept beside the group. So it is known also where the group's data is damaged, and where the state that a new member was given
 * is older than the entry that makes it one.
 */

import { FlotillaError } from '../base/errors.ts'
import type { NodeStore, Recovered } from '../ports/store.ts'
import type { PeerId } from '../protocol/types.ts'
import { peerOf } from './members.ts'

const factOf = (group: string): string => `own-peer:${group}`

/** 0 where it was never kept. */
export const recallOwnPeer = (store: Pick<NodeStore, 'recall'>, group: string): PeerId => Number(store.recall(factOf(group)) ?? 0)

/** To be done before the group itself is there. */
export async function keepOwnPeer(store: Pick<NodeStore, 'recall' | 'remember'>, group: string, peer: PeerId): Promise<void> {
  if (recallOwnPeer(store, group) !== peer) await store.remember(factOf(group), String(peer))
}

/** Of a group as it was read: the latest that bears our name, or joined under it. */
export function ownPeerIn(store: NodeStore, group: string, { peers }: Pick<Recovered, 'peers'>): PeerId {
  const kept = recallOwnPeer(store, group)
  const told = peerOf(peers, store.identity.node) ?? 0
  return kept > told ? kept : ownPeerOf(peers, store.identity.node)
}

/** Of a group as it is told. Throws `CONFIG_INVALID` where nobody there bears that name. */
export function ownPeerOf(peers: Readonly<Record<PeerId, string>>, node: string): PeerId {
  const id = peerOf(peers, node)
  if (id === undefined) throw new FlotillaError('CONFIG_INVALID', `node '${node}' has no replica of this group`)
  return id
}
