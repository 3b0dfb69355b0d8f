/**
 * Who the other members of this node's groups are, by name: as they are now, since members come and go, and which of their peers the store that is
 * remembered under a name may stand behind. Knows membership, and nothing of messages.
 */

import type { Membership } from '../ports/store.ts'
import type { PeerId } from '../protocol/types.ts'
import { namesIn } from './members.ts'

/** What is asked of a group. */
export interface Neighbourly {
  readonly group: string
  readonly table: { readonly membership: Membership }
}

/** Peers of one node, by group: it has one in each at most, and each of its ids there is higher than the one before. */
type Peers = ReadonlyMap<string, PeerId>

/** What our groups are made of. */
interface View {
  /** Peers of each node but our own. */
  readonly nodes: ReadonlyMap<string, Peers>
  /** The highest id that each group ever gave. */
  readonly given: Peers
}

const NOBODY: View = { nodes: new Map(), given: new Map() }

export class Neighbours {
  readonly #self: string
  readonly #groups: () => Iterable<Neighbourly>
  #view: View | null = null
  #names: ReadonlySet<string> = new Set()
  /** Peers that the store remembered under a name may stand behind: while one of them is left, it must not be forgotten. */
  readonly #held = new Map<string, Peers>()

  constructor(self: string, groups: () => Iterable<Neighbourly>) {
    this.#self = self
    this.#groups = groups
  }

  /** Names of all members of all groups here, without our own. Of a group whose members are not known yet, all that were told. */
  get names(): ReadonlySet<string> {
    if (!this.#view) this.#look()
    return this.#names
  }

  /**
   * Groups or their members have changed. Returns who is new, and who is gone: none of the peers is left that a node had while we heard it. One who was
   * removed and added again may be both, however many steps of that are seen at once: another peer has its name. `heard`: who spoke since the last change,
   * from the store that we know. That one then lives, and is behind all peers that its node had.
   */
  changed(heard: ReadonlySet<string> = new Set()): { readonly gone: readonly string[]; readonly come: readonly string[] } {
    const before = this.#view ?? NOBODY
    const now = this.#look()
    const [gone, come]: [string[], string[]] = [[], []]
    for (const node of new Set([...this.#held.keys(), ...now.nodes.keys()])) {
      const held = latestOf(this.#held.get(node), heard.has(node) ? before.nodes.get(node) : undefined)
      const left = held && leftOf(held, now, now.nodes.get(node))
      if (held && left?.size === 0) gone.push(node)
      if (now.nodes.has(node) && (!before.nodes.has(node) || left?.size === 0)) come.push(node)
      this.#hold(node, left?.size ? left : now.nodes.get(node))
    }
    return { gone, come }
  }

  #look(): View {
    const nodes = new Map<string, Map<string, PeerId>>()
    const given = new Map<string, PeerId>()
    for (const { group, table } of this.#groups()) {
      const { membership } = table
      for (const [peer, node] of Object.entries(namesIn(membership))) note(nodes, node, { group, peer: Number(peer) })
      given.set(group, membership.lastPeerId)
    }
    nodes.delete(this.#self)
    if (!this.#view) for (const [node, peers] of nodes) this.#hold(node, peers)
    this.#names = new Set(nodes.keys())
    this.#view = { nodes, given }
    return this.#view
  }

  #hold(node: string, peers: Peers | undefined): void {
    if (peers) this.#held.set(node, peers)
    else this.#held.delete(node)
  }
}

function note(nodes: Map<string, Map<string, PeerId>>, node: string, { group, peer }: { group: string; peer: PeerId }): void {
  const peers = nodes.get(node) ?? new Map<string, PeerId>()
  nodes.set(node, peers.set(group, Math.max(peer, peers.get(group) ?? 0)))
}

/** The later peer in each group. */
function latestOf(held: Peers | undefined, more: Peers | undefined): Peers | undefined {
  if (!held || !more) return held ?? more
  const later = [...more].filter(([group, peer]) => peer > (held.get(group) ?? 0))
  return later.length === 0 ? held : new Map([...held, ...later])
}

/** Those of these peers that are members, or are still to come where a log is read again from its beginning. */
function leftOf(held: Peers, { given }: View, now: Peers | undefined): Peers {
  const isLeft = ([group, peer]: [string, PeerId]): boolean => {
    const member = now?.get(group)
    return member === undefined ? peer > (given.get(group) ?? Number.POSITIVE_INFINITY) : member <= peer
  }
  return new Map([...held].filter(isLeft))
}
