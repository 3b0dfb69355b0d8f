/** Several RawNodes and a network between them, deterministic: what scenarios of Raft are told with. Checks that nobody breaks a rule on the way. */

import assert from 'node:assert/strict'
import { RawNode } from '../../src/peer/raw-node.ts'
import type { RawNodeOptions } from '../../src/peer/raw-options.ts'
import type { Outgoing, RawReady } from '../../src/peer/raw-ready.ts'
import type { RawStatus } from '../../src/peer/raw-status.ts'
import { type Entry, type PeerId, type Term, votersOnly } from '../../src/protocol/types.ts'

/** Options for all peers; `logs` gives some of them entries to begin with, as terms from index 1 on. */
export interface RawClusterOptions extends Omit<RawNodeOptions, 'id' | 'initial'> {
  readonly voters: readonly PeerId[]
  readonly logs?: Readonly<Record<PeerId, readonly Term[]>>
  /** Terms of hard states; default: that of the last entry. */
  readonly terms?: Readonly<Record<PeerId, Term>>
}

const TURNS_MAX = 2000

/** Writes what a Ready asks for. */
export function keep(disk: Map<number, Entry> | undefined, { entries, snapshot }: RawReady): void {
  const from = entries[0]?.index ?? Number.POSITIVE_INFINITY
  for (const index of disk?.keys() ?? []) if (index >= from) disk?.delete(index)
  for (const one of entries) disk?.set(one.index, one)
  if (snapshot && disk?.get(snapshot.index)?.term !== snapshot.term) disk?.clear()
}

/** An entry for the log of a scenario. */
export const entry = (index: number, term: Term, data = ''): Entry => ({ index, term, kind: 'command', data: Buffer.from(data) })

export class RawCluster {
  readonly nodes = new Map<PeerId, RawNode>()
  /** What waits to be delivered, in order of sending. */
  letters: Outgoing[] = []
  /** Everything that was ever sent, lost letters too. */
  sent: Outgoing[] = []
  /** What each peer has applied, in order. */
  readonly applied = new Map<PeerId, Entry[]>()
  /** Answered reads, by peer. */
  readonly reads = new Map<PeerId, { readonly index: number; readonly context: string }[]>()
  /** What each peer's disk holds, by index. */
  readonly disks = new Map<PeerId, Map<number, Entry>>()
  /** Which letters are lost. */
  readonly #rules: ((m: Outgoing) => boolean)[] = []
  readonly #options: RawClusterOptions

  constructor(options: RawClusterOptions) {
    this.#options = options
    const { logs = {}, terms = {} } = options
    for (const id of options.voters) {
      const entries = (logs[id] ?? []).map((term, i) => entry(i + 1, term))
      const hardState = { term: Math.max(terms[id] ?? 0, entries.at(-1)?.term ?? 0), vote: null, commit: 0 }
      this.add({ id, initial: { confState: votersOnly(options.voters), hardState, entries } })
    }
  }

  /** Another peer, or the same one after a restart: give what its disk holds. */
  add(options: RawNodeOptions): RawNode {
    const { voters: _, logs: __, terms: ___, ...shared } = this.#options
    const node = new RawNode({ ...shared, ...options })
    this.nodes.set(options.id, node)
    if (!this.applied.has(options.id)) this.applied.set(options.id, [])
    this.reads.set(options.id, [])
    this.disks.set(options.id, new Map((options.initial?.entries ?? []).map((one) => [one.index, one])))
    return node
  }

  node(id: PeerId): RawNode {
    const node = this.nodes.get(id)
    assert.ok(node, `there is no peer ${id}`)
    return node
  }

  status(id: PeerId): RawStatus {
    return this.node(id).status()
  }

  /** Who leads in the highest term. */
  get leader(): RawStatus | undefined {
    const leaders = [...this.nodes.values()].map((node) => node.status()).filter(({ role }) => role === 'leader')
    return leaders.sort((a, b) => b.term - a.term)[0]
  }

  /** Letters for which this is true are lost from now on. */
  lose(rule: (m: Outgoing) => boolean): void {
    this.#rules.push(rule)
  }

  /** Nothing passes between these two. */
  cut(a: PeerId, b: PeerId): void {
    this.lose((m) => (m.from === a && m.to === b) || (m.from === b && m.to === a))
  }

  /** Nothing goes to or comes from this peer. */
  isolate(id: PeerId): void {
    this.lose((m) => m.from === id || m.to === id)
  }

  /** All links are up again. What was lost stays lost. */
  heal(): void {
    this.#rules.length = 0
  }

  /** The log on a peer's disk, as terms. */
  terms(id: PeerId): readonly Term[] {
    return [...(this.disks.get(id)?.values() ?? [])].map(({ term }) => term)
  }

  /** Does what one peer's Readies ask for: disk at once, letters into the network. Returns them. */
  work(id: PeerId): RawReady[] {
    const node = this.node(id)
    const done: RawReady[] = []
    while (node.hasReady()) {
      assert.ok(done.length < TURNS_MAX, `peer ${id} is never done`)
      const ready = node.ready()
      keep(this.disks.get(id), ready)
      for (const one of ready.committedEntries) {
        if (one.kind === 'configuration') node.applyConfChange(one)
        this.applied.get(id)?.push(one)
      }
      this.reads.get(id)?.push(...ready.readStates)
      this.letters.push(...ready.messages)
      this.sent.push(...ready.messages)
      node.advance(ready)
      done.push(ready)
    }
    assert.equal(node.status().broken, null)
    return done
  }

  /** Works and delivers until nothing moves any more. `hold`: letters that wait. */
  settle(hold: (m: Outgoing) => boolean = () => false): void {
    for (let turn = 0; ; turn++) {
      assert.ok(turn < TURNS_MAX, 'the letters never end')
      for (const id of this.nodes.keys()) this.work(id)
      const now = this.letters.filter((m) => !hold(m))
      this.letters = this.letters.filter(hold)
      if (now.length === 0) return
      for (const m of now) if (!this.#rules.some((isLost) => isLost(m))) this.nodes.get(m.to)?.step(m)
    }
  }

  /** The election timer of a peer fires, and all that follows from it happens. */
  campaign(id: PeerId): void {
    this.node(id).campaign()
    this.settle()
  }

  /** So many ticks pass for these peers, or for all; everything that follows from each tick happens before the next. */
  tick(times = 1, ids: readonly PeerId[] = [...this.nodes.keys()]): void {
    for (let i = 0; i < times; i++) {
      for (const id of ids) this.node(id).tick()
      this.settle()
    }
  }

  /** A proposal at a peer, and all that follows from it. */
  propose(id: PeerId, data = 'x'): void {
    this.node(id).propose(Buffer.from(data))
    this.settle()
  }
}
