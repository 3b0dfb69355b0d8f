/** Three nodes that exist only as words, for looking at the page: a feed whose views are set by hand, and a supervisor that notes what it is asked. */

import type { Feed, NodeView } from '../../src/inspector/feed.ts'
import type { Supervisor } from '../../src/inspector/server.ts'
import type { GroupStatus, NodeStatus } from '../../src/ports/status.ts'
import type { Role } from '../../src/protocol/types.ts'

const STATES: Readonly<Record<Role, readonly string[]>> = {
  follower: ['following', 'follower'],
  learner: ['following', 'follower'],
  preCandidate: ['campaigning', 'preCandidate'],
  candidate: ['campaigning', 'candidate'],
  leader: ['leader', 'round', 'beat'],
}

/** A group's status at a node, follower of `b` in term 7 unless told otherwise. */
export function groupStatus(parts: Partial<GroupStatus> = {}): GroupStatus {
  const role = parts.role ?? 'follower'
  return {
    group: 'kv',
    kind: 'kv',
    life: 'running',
    peer: 1,
    role,
    states: STATES[role],
    term: 7,
    vote: 'b',
    leader: 'b',
    commit: 10_432,
    applied: 10_432,
    truncated: 0,
    firstIndex: 1,
    lastIndex: 10_432,
    voters: ['a', 'b', 'c'],
    progress: [],
    ...parts,
  }
}

/** A node's status with these groups. */
export function nodeStatus(node: string, groups: readonly GroupStatus[] = [groupStatus()]): NodeStatus {
  return {
    cluster: 'demo',
    node,
    version: '0.1.0',
    pid: 41_000 + (node.codePointAt(0) ?? 0),
    store: { uuid: '00000000-0000-4000-8000-000000000000', boot: 1, bytes: 3_481_600 },
    life: 'serving',
    connected: true,
    dropped: 0,
    refused: {},
    uptimeMs: 1000,
    inspector: null,
    groups,
  }
}

/** A node that answered. */
export const seen = (node: string, ...groups: readonly GroupStatus[]): NodeView => ({
  node,
  alive: true,
  status: nodeStatus(node, groups.length === 0 ? undefined : groups),
})

/** `a` and `c` follow `b`; `c` is a little behind. */
export const calm = (): readonly NodeView[] => [
  seen('a', groupStatus()),
  seen('b', groupStatus({ role: 'leader' })),
  seen('c', groupStatus({ commit: 10_420, applied: 10_398, lastIndex: 10_428 })),
]

/** A feed set by hand. */
export class FakeFeed implements Feed {
  readonly #listeners = new Set<() => void>()
  #views: readonly NodeView[]

  constructor(views: readonly NodeView[] = calm()) {
    this.#views = views
  }

  get watched(): number {
    return this.#listeners.size
  }

  current(): readonly NodeView[] {
    return this.#views
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  set(views: readonly NodeView[]): void {
    this.#views = views
    for (const listener of [...this.#listeners]) listener()
  }

  /** Replaces one node's view. */
  update(view: NodeView): void {
    this.set(this.#views.map((other) => (other.node === view.node ? view : other)))
  }
}

/** Notes what it is asked, and does it to the feed. */
export class FakeSupervisor implements Supervisor {
  readonly asked: string[] = []
  readonly #feed: FakeFeed

  constructor(feed: FakeFeed) {
    this.#feed = feed
  }

  async kill(node: string): Promise<void> {
    this.asked.push(`kill ${node}`)
    const view = this.#feed.current().find((other) => other.node === node)
    if (view !== undefined) this.#feed.update({ ...view, alive: false })
  }

  async revive(node: string): Promise<void> {
    this.asked.push(`revive ${node}`)
    this.#feed.update(seen(node))
  }
}
