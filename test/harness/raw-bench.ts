/** One RawNode alone, all others played by the test: says what it answers. Knows the disk and the network only as things that work at once. */

import assert from 'node:assert/strict'
import { RawNode } from '../../src/peer/raw-node.ts'
import type { RawNodeOptions } from '../../src/peer/raw-options.ts'
import type { Outgoing, RawReady } from '../../src/peer/raw-ready.ts'
import type { RawStatus } from '../../src/peer/raw-status.ts'
import type { Message, MessageType } from '../../src/protocol/messages.ts'
import { type ConfState, type Entry, type PeerId, type Snapshot, type Term, votersOnly } from '../../src/protocol/types.ts'
import { accepted, requestVoteReply } from './letters.ts'
import { entry, keep } from './raw-cluster.ts'

/** Options of the peer, and what its disk holds. Unless asked for, there is neither pre-vote nor check-quorum. */
export interface RawBenchOptions extends Partial<Omit<RawNodeOptions, 'initial'>> {
  /** Default: three. */
  readonly voters?: readonly PeerId[]
  readonly conf?: Partial<ConfState>
  /** Terms of entries, from index 1 on, or behind the snapshot. */
  readonly log?: readonly Term[]
  /** Instead of `log`, for who needs more than terms. */
  readonly entries?: readonly Entry[]
  /** Default: that of the last entry. */
  readonly term?: Term
  readonly vote?: PeerId
  readonly commit?: number
  readonly applied?: number
  readonly snapshot?: Snapshot
}

/** Neither pre-vote nor check-quorum: Raft as in the paper. */
export const PLAIN = { preVote: false, checkQuorum: false } as const

type LetterOf<T extends MessageType> = Extract<Message, { type: T }>

export class RawBench {
  readonly node: RawNode
  /** Everything that was applied, in order. */
  readonly applied: Entry[] = []
  /** What its disk holds, by index. */
  readonly disk: Map<number, Entry>
  /** What left since the last look. */
  #sent: Message[] = []

  constructor(options: RawBenchOptions = {}) {
    const { voters = [1, 2, 3], conf, log = [], entries, term, vote = null, commit = 0, applied, snapshot, ...rest } = options
    const base = snapshot?.index ?? 0
    const own = entries ?? log.map((of, i) => entry(base + i + 1, of))
    const hardState = { term: term ?? own.at(-1)?.term ?? snapshot?.term ?? 0, vote, commit: Math.max(commit, base) }
    const confState = { ...votersOnly(voters), ...conf }
    const disk = { hardState, confState, entries: own, ...(applied !== undefined && { applied }), ...(snapshot && { snapshot }) }
    this.disk = new Map(own.map((one) => [one.index, one]))
    this.node = new RawNode({ id: 1, ...PLAIN, ...rest, initial: disk })
  }

  get status(): RawStatus {
    return this.node.status()
  }

  /** Role and term: what most scenarios end with. */
  get standing(): [role: string, term: Term] {
    const { role, term } = this.status
    return [role, term]
  }

  /** The log on its disk, as terms. */
  get terms(): readonly Term[] {
    return [...this.disk.values()].map(({ term }) => term)
  }

  /** Does what the Readies ask for. Returns them. */
  work(): RawReady[] {
    const done: RawReady[] = []
    while (this.node.hasReady()) {
      const ready = this.node.ready()
      keep(this.disk, ready)
      for (const one of ready.committedEntries) if (one.kind === 'configuration') this.node.applyConfChange(one)
      this.applied.push(...ready.committedEntries)
      this.#sent.push(...ready.messages.map(withoutMark))
      this.node.advance(ready)
      done.push(ready)
    }
    assert.equal(this.status.broken, null)
    return done
  }

  /** What left since the last look. */
  get sent(): readonly Message[] {
    this.work()
    const sent = this.#sent
    this.#sent = []
    return sent
  }

  /** Of what left since the last look, letters of this type, to this peer if one is named. */
  sentOf<T extends MessageType>(type: T, to?: PeerId): LetterOf<T>[] {
    return this.sent.filter((m): m is LetterOf<T> => m.type === type && (to === undefined || m.to === to))
  }

  /** Hears letters; answers with what left because of them. */
  hear(...letters: readonly Message[]): readonly Message[] {
    void this.sent
    for (const letter of letters) {
      this.node.step(letter)
      this.work()
    }
    return this.sent
  }

  tick(times = 1): this {
    for (let i = 0; i < times; i++) {
      this.node.tick()
      this.work()
    }
    return this
  }

  /** Its election timer fires, and its own disk works. */
  campaign(): this {
    this.node.campaign()
    this.work()
    return this
  }

  propose(...payloads: readonly (string | number)[]): this {
    for (const payload of payloads) {
      this.node.propose(typeof payload === 'number' ? Buffer.alloc(payload) : Buffer.from(payload))
      this.work()
    }
    return this
  }
}

const withoutMark = ({ waitsForDisk: _, ...message }: Outgoing): Message => message

/** A peer that has just won, by the votes of the others; its first letters are still to be looked at. */
export function leading(options: RawBenchOptions = {}): RawBench {
  const bench = new RawBench({ ...options, preVote: false })
  const { voters } = bench.status.confState
  if (options.leaseReads) bench.tick(10) // until then it keeps a promise that it may have given before it was started
  bench.campaign()
  void bench.sent
  const { term } = bench.status
  for (const from of voters.filter((peer) => peer !== bench.node.id)) {
    if (bench.status.role !== 'leader') bench.node.step(requestVoteReply({ term, from, granted: true }))
  }
  assert.equal(bench.status.role, 'leader')
  return bench
}

/** The same, with these followers as far as its log goes: they stream. */
export function streaming(followers: readonly PeerId[], options: RawBenchOptions = {}): RawBench {
  const bench = leading(options)
  const { term, lastIndex } = bench.status
  bench.hear(...followers.map((from) => accepted({ term, from, index: lastIndex })))
  return bench
}
