/** Nodes that send each other snapshots in memory: desks on one hub, each with a group of its own making, and no core behind it. */

import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { manualClock } from '../../../../src/clock/manual.ts'
import { Refusals } from '../../../../src/node/refusals.ts'
import { SnapshotDesk } from '../../../../src/node/snapshots/desk.ts'
import type { SnapshotCraft, SnapshotGroup, SnapshotNews, SnapshotTiming } from '../../../../src/node/snapshots/group.ts'
import { silent } from '../../../../src/ports/logger.ts'
import type { Spool } from '../../../../src/ports/spool.ts'
import type { Membership } from '../../../../src/ports/store.ts'
import type { TableWrite } from '../../../../src/ports/table.ts'
import type { InstallSnapshot } from '../../../../src/protocol/messages.ts'
import { type LogPosition, votersOnly } from '../../../../src/protocol/types.ts'
import { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { type Courier, inOrder, type Letter } from '../../../../src/transport/loopback/courier.ts'
import { type Loopback, loopback } from '../../../../src/transport/loopback/hub.ts'
import type { Manifest } from '../../../../src/wire/manifest.ts'
import { decodePieces, decodeSnapshotRequest } from '../../../../src/wire/snapshots.ts'
import { subjectsOf } from '../../../../src/wire/subjects.ts'
import { parrot } from '../sample-node.ts'

export const NODES = ['a', 'b', 'c'] as const
export const PEERS: Membership['peers'] = { 1: 'a', 2: 'b', 3: 'c' }
export const MEMBERSHIP: Membership = { conf: votersOnly([1, 2, 3]), peers: PEERS, lastPeerId: 3 }
export const EPOCH = 'founders.mark'
export const TERM = 7

/** A group that a test can turn as it likes. */
export interface FakeGroup extends SnapshotGroup {
  applied: number
  start: LogPosition
  epoch: string
  leader: string | null
  term: number
  /** How its followers stand, if it leads: `snapshot`, or beyond. */
  readonly standings: Map<number, { progress: { value: string } }>
}

export function fakeGroup(group = 'g', applied = 0): FakeGroup {
  const membership = MEMBERSHIP
  const it: FakeGroup = {
    group,
    applied,
    start: { index: 0, term: 0 },
    epoch: EPOCH,
    leader: 'a',
    leads: true,
    term: TERM,
    standings: new Map([2, 3].map((peer) => [peer, { progress: { value: 'snapshot' } }])),
    stateMachine: parrot(),
    table: {
      get applied() {
        return it.applied
      },
      membership,
      snapshot: () => ({ applied: it.applied, membership, get: () => undefined, range: () => [], close() {} }),
    },
    nodeOf: (peer: number) => PEERS[peer],
    snapshot: {
      context: {
        log: { termAt: (index: number) => (index >= it.start.index && index <= it.applied ? 5 : undefined) },
        get followers() {
          return it.standings
        },
      },
    },
  }
  return it
}

/** A node as it is on the stage: its disk outlives it. */
export interface Actor {
  readonly name: string
  readonly spool: Spool
  readonly groups: Map<string, FakeGroup>
  readonly craft: SnapshotCraft
  desk: SnapshotDesk<FakeGroup>
  /** What the core was told. */
  readonly told: { readonly peer: number; readonly outcome: string }[]
  readonly abandoned: number[]
  readonly news: SnapshotNews[]
  readonly installed: { readonly manifest: Manifest; readonly rows: readonly TableWrite[] }[]
  readonly refusals: Refusals
}

export interface StageOptions {
  readonly craft: (name: string) => SnapshotCraft
  readonly timing?: Partial<SnapshotTiming>
  readonly bytesPerSecond?: number
  readonly spool?: (name: string) => Spool
  /** Whether a letter is lost. */
  readonly loses?: (letter: Letter) => boolean
  /** Whether leaders that are told of a failure wish for it again, as those of Raft do. */
  readonly insists?: boolean
  readonly install?: (actor: Actor, manifest: Manifest, rows: AsyncIterable<TableWrite>) => Promise<void>
}

export class Stage {
  readonly clock = manualClock()
  readonly hub: Loopback
  readonly actors = new Map<string, Actor>()
  /** Chunks and parts of manifests that were answered. */
  piecesGiven = 0
  /** How many chunks each request for some asked for. */
  readonly asks: number[] = []
  readonly pulls: { readonly by: string; readonly from: string; readonly what: string }[] = []
  readonly #options: StageOptions

  constructor(options: StageOptions) {
    this.#options = options
    const carry = inOrder()
    const courier: Courier = (letter, deliver) => {
      if (options.loses?.(letter) === true) return
      carry(letter, deliver)
    }
    this.hub = loopback({ courier, after: (ms, callback) => this.clock.after(ms, callback) })
    const overhearing = this.hub.connect('overhearing')
    overhearing.subscribe('_INBOX.>', ({ data }) => {
      this.piecesGiven += piecesIn(data)
    })
    overhearing.subscribe('flotilla.demo.snap.>', ({ subject, data }) => {
      const [, , , to = '', by = ''] = subject.split('.')
      try {
        const request = decodeSnapshotRequest(data)
        if (request.type === 'manifest') this.pulls.push({ by, from: to, what: 'manifest' })
        if (request.type !== 'chunks') return
        this.asks.push(request.hashes.length)
        for (const _ of request.hashes) this.pulls.push({ by, from: to, what: 'chunk' })
      } catch {
        this.pulls.push({ by, from: to, what: 'rubbish' })
      }
    })
  }

  actor(name: string): Actor {
    const known = this.actors.get(name)
    assert.ok(known, `nobody is called ${name}`)
    return known
  }

  /** How often somebody was asked for a chunk. */
  chunkPulls(from?: string): number {
    return this.pulls.filter((pull) => pull.what === 'chunk' && (from === undefined || pull.from === from)).length
  }

  /** Starts a node, or starts it again with what its disk has. */
  start(name: string): Actor {
    const before = this.actors.get(name)
    const fresh = {
      name,
      spool: this.#options.spool?.(name) ?? new MemorySpool(),
      groups: new Map([['g', fakeGroup()]]),
      told: [],
      abandoned: [],
      news: [],
      installed: [],
      refusals: new Refusals(),
    }
    const kept: Omit<Actor, 'desk' | 'craft'> = before ?? fresh
    const actor = { ...kept, craft: before?.craft ?? this.#options.craft(name) } as Actor
    actor.desk = this.#desk(actor)
    this.actors.set(name, actor)
    actor.desk.open([])
    return actor
  }

  /** Ends a node as a crash would: in the middle of whatever it does. */
  async stop(name: string): Promise<void> {
    const { desk } = this.actor(name)
    void desk.close()
    await this.#transports.get(name)?.close()
  }

  readonly #transports = new Map<string, ReturnType<Loopback['connect']>>()

  #desk(actor: Actor): SnapshotDesk<FakeGroup> {
    const { name, spool, groups, craft, refusals } = actor
    const transport = this.hub.connect(name)
    this.#transports.set(name, transport)
    const install = this.#options.install ?? installing
    return new SnapshotDesk<FakeGroup>({
      sender: { cluster: 'demo', node: name, store: `store-${name}`, boot: 1, run: 'run' },
      transport,
      subjects: subjectsOf('demo'),
      clock: this.clock,
      logger: silent,
      spool,
      craft,
      refusals,
      acquaintance: { judge: ({ store, node }) => (store === `store-${node}` ? 'known' : 'stranger') },
      ...(this.#options.timing && { timing: this.#options.timing }),
      ...(this.#options.bytesPerSecond !== undefined && { bytesPerSecond: this.#options.bytesPerSecond }),
      find: (group) => groups.get(group),
      post: (host, node, message) => this.#post(host, { from: name, node, message }),
      tell: (host, { peer, outcome }) => {
        actor.told.push({ peer, outcome })
        if (this.#options.insists === true && outcome === 'failed') actor.desk.offer(host, offerTo(peer))
      },
      install: (_, manifest, rows) => install(actor, manifest, rows),
      abandon: (_, index) => actor.abandoned.push(index),
      onNews: (one) => actor.news.push(one),
    })
  }

  /** What a core does with an offer: it takes what is newer than what it has, and says so of what is not. */
  #post(host: FakeGroup, { from, node, message }: { from: string; node: string; message: InstallSnapshot }): void {
    const to = this.actors.get(node)
    const mine = to?.groups.get(host.group)
    if (!to || !mine || !this.isUp(node)) return
    if (message.snapshot.index <= mine.applied) host.standings.set(message.to, { progress: { value: 'replicate' } })
    else to.desk.take(mine, message.snapshot, from)
  }

  isUp(name: string): boolean {
    return this.#transports.get(name)?.connected === true
  }

  /** Lets things happen, without any time passing. */
  async turns(count = 20): Promise<void> {
    for (let i = 0; i < count; i++) await turn()
  }

  /** Lets time pass until something is so, at most five minutes. */
  async until(isSo: () => boolean, stepMs = 50): Promise<void> {
    for (let ms = 0; ms < 300_000; ms += stepMs) {
      for (let i = 0; i < 10; i++) {
        if (isSo()) return
        await turn()
      }
      this.clock.advance(stepMs)
    }
    assert.ok(isSo(), 'it did not come about within five minutes')
  }

  /** Lets so much time pass, in small steps. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      await this.turns(4)
      this.clock.advance(Math.min(50, left))
    }
    await this.turns(4)
  }

  /** The leader `a` wants a follower to have the state as of now. */
  offer(to: number, least = 1, group = 'g'): void {
    const { desk, groups } = this.actor('a')
    desk.offer(groups.get(group) as FakeGroup, offerTo(to, least))
  }
}

function piecesIn(data: Uint8Array): number {
  try {
    return decodePieces(data).length
  } catch {
    return 0 // a refusal
  }
}

export const offerTo = (to: number, least = 1, term = TERM): InstallSnapshot => ({
  type: 'InstallSnapshot',
  from: 1,
  to,
  term,
  snapshot: { index: least, term: 5, conf: MEMBERSHIP.conf, data: new Uint8Array() },
})

/** Takes all rows, and is there. */
async function installing(actor: Actor, manifest: Manifest, rows: AsyncIterable<TableWrite>): Promise<void> {
  const taken: TableWrite[] = []
  for await (const row of rows) taken.push(row)
  actor.installed.push({ manifest, rows: taken })
  const group = actor.groups.get(manifest.group)
  if (group) group.applied = manifest.index
}
