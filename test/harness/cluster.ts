/** A whole group in memory, deterministic to the last letter: what the paper's figures are played on. Checks Figure 3 as it goes. */

import assert from 'node:assert/strict'
import { type Prng, prng } from '../../src/base/prng.ts'
import type { PeerSteps } from '../../src/peer/step.ts'
import type { Entry, LogIndex, PeerId, Term } from '../../src/protocol/types.ts'
import { Disk } from './disk.ts'
import { Network, type Which } from './network.ts'
import { TestPeer } from './test-peer.ts'

/** What a group starts from: logs as lists of terms, by peer; other peers start empty. */
export interface ClusterOptions {
  readonly logs?: Readonly<Record<PeerId, readonly Term[]>>
  /** Term of every peer at least; without it that of the last entry. */
  readonly term?: Term
  readonly commit?: LogIndex
  readonly seed?: number
  /** Whether Figure 3 is checked as it goes. Default true. */
  readonly checked?: boolean
}

/** Letters that one command may deliver before it counts as a loop. */
const LETTERS_MAX = 20_000

export class Cluster {
  readonly network = new Network()
  readonly voters: readonly PeerId[]
  readonly #peers = new Map<PeerId, TestPeer>()
  readonly #down = new Map<PeerId, Disk>()
  readonly #steps: PeerSteps
  readonly #chance: Prng
  readonly #leaders = new Map<Term, PeerId>()
  readonly #committed = new Map<LogIndex, Entry>()
  /** How many applied entries of a peer were compared already. */
  readonly #checked = new WeakMap<TestPeer, number>()
  readonly #isChecked: boolean
  #tickets = 0

  constructor(
    steps: PeerSteps,
    size: number,
    { logs = {}, term = 0, commit = 0, seed = 1, checked = true }: ClusterOptions = {},
  ) {
    this.#isChecked = checked
    this.#steps = steps
    this.#chance = prng(seed)
    this.voters = Array.from({ length: size }, (_, i) => i + 1)
    for (const id of this.voters) {
      const terms = logs[id] ?? []
      this.#start(id, Disk.holding(terms, { term: Math.max(term, terms.at(-1) ?? 0), commit: Math.min(commit, terms.length) }))
    }
  }

  peer(id: PeerId): TestPeer {
    const peer = this.#peers.get(id)
    assert.ok(peer, `peer ${id} is down`)
    return peer
  }

  /** Peers that are up, by id. */
  get up(): readonly TestPeer[] {
    return [...this.#peers.values()].sort((a, b) => a.id - b.id)
  }

  get down(): readonly PeerId[] {
    return [...this.#down.keys()].sort((a, b) => a - b)
  }

  /** The leader of the highest term, if any. */
  get leader(): TestPeer | undefined {
    return this.up.filter((peer) => peer.role === 'leader').sort((a, b) => b.term - a.term)[0]
  }

  /** The timer of a peer expires. */
  fire(id: PeerId, delay: string): void {
    this.peer(id).fire(delay)
    this.check()
  }

  /** A peer's election timer fires, and the letters of it are delivered. */
  campaign(id: PeerId): void {
    this.fire(id, 'electionTimeout')
    this.settle()
  }

  /** Nobody was heard for the minimum election timeout: these peers, or all, protect no leader any more. */
  forget(...ids: readonly PeerId[]): void {
    for (const peer of this.up) {
      const named = ids.length === 0 || ids.includes(peer.id)
      if (named && peer.delays.includes('voteLease')) peer.fire('voteLease')
    }
  }

  /** Makes a peer leader, in whatever terms that takes; others forget whom they followed. */
  elect(id: PeerId): TestPeer {
    this.forget()
    this.campaign(id)
    assert.equal(this.peer(id).role, 'leader', `peer ${id} was not elected`)
    return this.peer(id)
  }

  /** Delivers what is addressed to these peers, or to anybody, until there is nothing more. */
  deliver(to: readonly PeerId[] = [], which: Which = () => true): void {
    const chosen: Which = (message) => (to.length === 0 || to.includes(message.to)) && which(message)
    for (let count = 0; ; count++) {
      assert.ok(count < LETTERS_MAX, 'the letters never end')
      const message = this.network.take(chosen)
      if (!message) break
      this.#peers.get(message.to)?.hear(message)
      this.check()
    }
  }

  /** Delivers everything. */
  settle(): void {
    this.deliver()
  }

  /** Time passes for these peers, or all; letters are delivered between ticks. */
  tick(ticks: number, ...ids: readonly PeerId[]): void {
    for (let i = 0; i < ticks; i++) {
      for (const peer of this.up) if (ids.length === 0 || ids.includes(peer.id)) peer.tick()
      this.settle()
    }
  }

  /** Commands, in one batch. Answers with their tickets. */
  propose(id: PeerId, ...words: readonly string[]): readonly number[] {
    const proposals = words.map((word) => ({
      ticket: ++this.#tickets,
      kind: 'command' as const,
      data: new TextEncoder().encode(word),
    }))
    this.peer(id).tell({ type: 'client.propose', proposals })
    this.check()
    return proposals.map((proposal) => proposal.ticket)
  }

  read(id: PeerId): number {
    const ticket = ++this.#tickets
    this.peer(id).tell({ type: 'client.read', tickets: [ticket] })
    return ticket
  }

  transfer(id: PeerId, to: PeerId | null): number {
    const ticket = ++this.#tickets
    this.peer(id).tell({ type: 'client.transfer', ticket, to })
    return ticket
  }

  /** Loses everything but what the disk has. */
  crash(id: PeerId): void {
    const { disk } = this.peer(id)
    this.#peers.delete(id)
    this.#down.set(id, disk)
    this.network.queue = this.network.queue.filter((message) => message.to !== id)
  }

  restart(id: PeerId): TestPeer {
    const disk = this.#down.get(id) ?? this.peer(id).disk
    this.#down.delete(id)
    this.#start(id, disk)
    this.check()
    return this.peer(id)
  }

  /** Cuts these peers off from everybody else, not from each other. */
  isolate(...ids: readonly PeerId[]): void {
    for (const one of ids) for (const other of this.voters) if (!ids.includes(other)) this.network.cut(one, other)
  }

  heal(): void {
    this.network.heal()
  }

  #start(id: PeerId, disk: Disk): void {
    const send = this.network.post.bind(this.network)
    const options = { id, voters: this.voters, disk, steps: this.#steps, chance: this.#chance, send }
    this.#peers.set(id, new TestPeer(options))
  }

  /** Figure 3: Election Safety, Log Matching, State Machine Safety. */
  check(): void {
    if (!this.#isChecked) return
    for (const peer of this.#peers.values()) {
      if (peer.role === 'leader') {
        const known = this.#leaders.get(peer.term) ?? peer.id
        assert.equal(known, peer.id, `Election Safety: ${known} and ${peer.id} lead term ${peer.term}`)
        this.#leaders.set(peer.term, peer.id)
      }
      for (const entry of peer.applied.slice(this.#checked.get(peer) ?? 0)) this.#checkCommitted(entry)
      this.#checked.set(peer, peer.applied.length)
    }
  }

  #checkCommitted(entry: Entry): void {
    const known = this.#committed.get(entry.index)
    if (known) assert.deepEqual(entry, known, `State Machine Safety: index ${entry.index} was applied twice, differently`)
    else this.#committed.set(entry.index, entry)
  }

  /** Log Matching: where two logs have the same term at an index, they are the same up to there. */
  checkLogs(): void {
    const peers = this.up
    for (const a of peers) for (const b of peers) if (a.id < b.id) assertMatching(a.entries, b.entries)
  }
}

function assertMatching(a: readonly Entry[], b: readonly Entry[]): void {
  let shared = Math.min(a.length, b.length)
  while (shared > 0 && a[shared - 1]?.term !== b[shared - 1]?.term) shared--
  assert.deepEqual(a.slice(0, shared), b.slice(0, shared), 'Log Matching')
}
