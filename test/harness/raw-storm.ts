/** Bad weather for a group of RawNodes, all of it from one seed: loss, repetition and delay, crashes, slow disks, changes of members, handovers, snapshots. */

import assert from 'node:assert/strict'
import { FlotillaError } from '../../src/base/errors.ts'
import { type Prng, prng } from '../../src/base/prng.ts'
import type { RawNode } from '../../src/peer/raw-node.ts'
import type { RawNodeOptions } from '../../src/peer/raw-options.ts'
import type { Outgoing } from '../../src/peer/raw-ready.ts'
import { type ConfChange, type ConfChangeStep, isJoint, LEAVE_JOINT, membersOf } from '../../src/protocol/confchange.ts'
import { type PeerId, votersOnly } from '../../src/protocol/types.ts'
import { RawHost, VETOED } from './raw-host.ts'
import { RawLedger } from './raw-ledger.ts'

interface Letter {
  readonly message: Outgoing
  readonly dueAt: number
}

/** The host of who sent a snapshot hears in the end what became of it. */
interface Report {
  readonly from: PeerId
  readonly starts: number
  readonly to: PeerId
  readonly dueAt: number
  readonly outcome: 'finished' | 'failed'
}

const PEERS_MAX = 9
const NOBODY = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

export class RawStorm {
  readonly ledger: RawLedger
  readonly hosts = new Map<PeerId, RawHost>()
  readonly #random: Prng
  readonly #settings: Omit<RawNodeOptions, 'id' | 'initial'>
  #letters: Letter[] = []
  #reports: Report[] = []
  #now = 0
  /** Peers on the smaller side of a partition; none if the network is whole. */
  #apart: ReadonlySet<PeerId> = new Set()
  /** Peers whose process stands still, until when. */
  readonly #asleep = new Map<PeerId, number>()
  /** Chances of a letter. */
  #loss = 0
  #delay = 0
  #proposals = 0
  readonly #gone = new Set<PeerId>()

  constructor(seed: number) {
    this.#random = prng(seed)
    const voters = Array.from({ length: this.#random.between(1, 6) }, (_, i) => i + 1)
    const leaseReads = this.#chance(0.5)
    this.#settings = {
      seed,
      electionTick: this.#random.between(4, 11),
      heartbeatTick: this.#random.between(1, 3),
      leaseReads,
      preVote: this.#chance(0.6),
      maxSizePerMessage: this.#chance(0.5) ? 60 : 4096,
      maxInflightMessages: this.#random.between(1, 8),
      maxCommittedBytesPerReady: this.#chance(0.5) ? 50 : 4096,
    }
    this.ledger = new RawLedger(votersOnly(voters), (message) => this.#post(message))
    for (const id of voters) this.#found(id, false)
  }

  /** So many ticks of weather. */
  rage(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.#weather()
      this.#round()
    }
  }

  /** The weather is over; then a proposal is committed, and everybody who counts has it. Within bounded time, or it throws. */
  calm(): void {
    this.#loss = this.#delay = 0
    this.#apart = new Set()
    this.#asleep.clear()
    for (const host of this.hosts.values()) if (!host.node) this.#start(host)
    const { electionTick = 10 } = this.#settings
    const deadline = this.#now + 40 * electionTick
    let mark = Number.POSITIVE_INFINITY
    while (!this.#isDone(mark)) {
      assert.ok(this.#now < deadline, `nothing moves any more: ${this.#picture()}`)
      this.#round()
      for (const host of this.hosts.values()) host.settle()
      const leader = this.#leader()
      if (leader && mark === Number.POSITIVE_INFINITY) {
        this.#attempt(() => {
          mark = leader.propose(Buffer.from('last'))?.index ?? mark
        })
      } else if (leader && leader.status().lastIndex < mark) mark = Number.POSITIVE_INFINITY // it was lost with its leader
    }
  }

  #isDone(mark: number): boolean {
    const { conf } = this.ledger
    return (
      this.ledger.acknowledged >= mark && conf.voters.every((id) => (this.hosts.get(id)?.node?.status().applied ?? 0) >= mark)
    )
  }

  #picture(): string {
    const lines = [...this.hosts.values()].map(({ node }) => {
      const { id, role, term, leader, commit, applied, firstIndex, lastIndex, confState, membership, progress } =
        node?.status() ?? {}
      return JSON.stringify({ id, role, term, leader, commit, applied, firstIndex, lastIndex, confState, membership, progress })
    })
    return ['', JSON.stringify(this.#settings), JSON.stringify(this.ledger.conf), ...lines].join('\n')
  }

  /** One tick for everybody who is awake, in any order; in between, whatever can happen does. */
  #round(): void {
    this.#now++
    for (const host of this.#shuffled([...this.hosts.values()])) {
      const wakesAt = this.#asleep.get(host.id)
      if (wakesAt !== undefined) {
        if (this.#now < wakesAt) continue
        this.#asleep.delete(host.id)
        host.node?.clockJumped()
      }
      host.node?.tick()
      if (this.#chance(0.5)) this.#turn()
    }
    this.#turn()
    this.#turn()
    for (const { node } of this.hosts.values()) if (node) assert.equal(node.status().broken, null)
  }

  #turn(): void {
    for (const host of this.#awake()) {
      if (this.#chance(0.9)) host.work()
      if (this.#chance(0.8)) host.flush()
      if (this.#chance(0.7)) host.apply(this.#random.between(1, 5))
    }
    const due = this.#letters.filter(({ dueAt }) => dueAt <= this.#now)
    this.#letters = this.#letters.filter(({ dueAt }) => dueAt > this.#now)
    for (const { message } of this.#delay > 0 ? this.#shuffled(due) : due) this.#deliver(message)
    for (const report of this.#reports.filter(({ dueAt }) => dueAt <= this.#now)) {
      const host = this.hosts.get(report.from)
      if (host?.starts === report.starts) host.node?.reportSnapshot(report.to, report.outcome)
    }
    this.#reports = this.#reports.filter(({ dueAt }) => dueAt > this.#now)
  }

  #post(message: Outgoing): void {
    const isLost = this.#chance(this.#loss) || this.#apart.has(message.from) !== this.#apart.has(message.to)
    const isLate = this.#chance(this.#delay)
    const dueAt = this.#now + (isLate ? this.#random.between(1, 40) : 0)
    if (!isLost) this.#letters.push({ message, dueAt })
    if (this.#chance(this.#loss / 2)) this.#letters.push({ message, dueAt: this.#now + this.#random.between(0, 60) })
    if (message.type !== 'InstallSnapshot') return
    const { starts = 0 } = this.hosts.get(message.from) ?? {}
    const outcome = isLost ? 'failed' : 'finished'
    this.#reports.push({ from: message.from, starts, to: message.to, dueAt: dueAt + this.#random.between(1, 5), outcome })
  }

  #deliver(message: Outgoing): void {
    const host = this.hosts.get(message.to)
    if (!host?.node) return
    if (this.#asleep.has(message.to)) this.#letters.push({ message, dueAt: this.#asleep.get(message.to) as number })
    else host.node.step(message)
  }

  /** What happens to the group from outside. */
  #weather(): void {
    const { between } = this.#random
    if (this.#chance(0.04)) this.#loss = this.#chance(0.5) ? 0 : between(1, 4) / 10
    if (this.#chance(0.04)) this.#delay = this.#chance(0.5) ? 0 : between(1, 6) / 10
    if (this.#chance(0.06))
      this.#apart = this.#chance(0.4) ? new Set() : new Set([...this.hosts.keys()].filter(() => this.#chance(0.4)))
    const host = this.#anyHost()
    const { node } = host
    if (!node) {
      if (this.#chance(0.4)) this.#start(host)
      return
    }
    if (this.#chance(0.05)) host.crash()
    else if (this.#chance(0.02)) this.#asleep.set(host.id, this.#now + between(1, 30))
    if (this.#asleep.has(host.id) || !host.node) return
    if (this.#chance(0.5)) this.#attempt(() => node.propose(Buffer.from(`p${++this.#proposals}`)))
    if (this.#chance(0.5)) this.#attempt(() => node.readIndex(this.ledger.ask()))
    if (this.#chance(0.1)) host.compact(between(0, 4))
    if (this.#chance(0.02)) node.campaign()
    if (this.#chance(0.02)) node.forgetLeader()
    if (this.#chance(0.02)) node.clockJumped()
    if (this.#chance(0.03)) node.reportUnreachable(between(1, PEERS_MAX + 1))
    if (this.#chance(0.05)) node.transferLeader(between(1, PEERS_MAX + 1))
    const leader = this.#leader()
    if (leader && this.#chance(0.2)) this.#attempt(() => this.#reconfigure(leader))
    if (leader && this.#chance(0.4)) this.#attempt(() => leader.readIndex(this.ledger.ask()))
  }

  /** Any change, mostly a sensible one. Who went never comes back under its number. */
  #reconfigure(leader: RawNode): void {
    const { confState: conf } = leader.status()
    const context = this.#chance(0.1) ? VETOED : ''
    if (isJoint(conf)) return void leader.proposeConfChange({ ...LEAVE_JOINT, context })
    const transition = (['auto', 'auto', 'jointImplicit', 'jointExplicit'] as const)[this.#random.between(0, 4)] ?? 'auto'
    const steps = Array.from({ length: this.#random.between(1, 4) }, () => this.#anyStep(membersOf(conf)))
    const change: ConfChange = { transition, steps, context }
    leader.proposeConfChange(change)
    for (const { type, peer } of steps) {
      if (type === 'RemoveNode') this.#gone.add(peer)
      else if (!this.hosts.has(peer)) this.#found(peer, true)
    }
  }

  #anyStep(members: readonly PeerId[]): ConfChangeStep {
    const stranger = Array.from({ length: PEERS_MAX }, (_, i) => i + 1).find((id) => !this.hosts.has(id))
    const legal = members.filter((id) => !this.#gone.has(id))
    const member = legal[this.#random.between(0, legal.length)] ?? members[0] ?? 1
    if (stranger !== undefined && this.#chance(0.4)) return { type: this.#chance(0.6) ? 'AddNode' : 'AddLearner', peer: stranger }
    if (this.#gone.has(member) || (members.length > 2 && this.#chance(0.4))) return { type: 'RemoveNode', peer: member }
    return { type: this.#chance(0.6) ? 'AddNode' : 'AddLearner', peer: member }
  }

  /** A refusal is an answer, too. */
  #attempt(action: () => unknown): void {
    try {
      action()
    } catch (thrown) {
      if (!(thrown instanceof FlotillaError)) throw thrown
    }
  }

  #found(id: PeerId, isNew: boolean): void {
    const host = new RawHost(isNew ? NOBODY : this.ledger.conf, { ...this.#settings, id }, this.ledger)
    this.hosts.set(id, host)
    this.#start(host)
  }

  #start(host: RawHost): void {
    host.start()
    this.ledger.started(host.id, host.disk.applied)
  }

  #leader(): RawNode | undefined {
    const leaders = this.#awake().flatMap(({ node }) => (node?.status().role === 'leader' ? [node] : []))
    return leaders[this.#random.between(0, leaders.length)]
  }

  #awake(): RawHost[] {
    return [...this.hosts.values()].filter(({ id, node }) => node !== null && !this.#asleep.has(id))
  }

  #anyHost(): RawHost {
    const hosts = [...this.hosts.values()]
    return hosts[this.#random.between(0, hosts.length)] as RawHost
  }

  #shuffled<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.#random.between(0, i + 1)
      ;[items[i], items[j]] = [items[j] as T, items[i] as T]
    }
    return items
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability
  }
}
