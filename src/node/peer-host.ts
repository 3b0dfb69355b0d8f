/** One peer on its node: holds the snapshot, steps it, and says what its steps ask for. Knows its own group and nothing of others. */

import { EMPTY } from '../base/bytes.ts'
import type { FlotillaError } from '../base/errors.ts'
import { collect, roleOf } from '../peer/collect.ts'
import type { RoleSnapshot } from '../peer/role-words.ts'
import { startPeer, stepEvent, stepMessage } from '../peer/step.ts'
import type { LogReader } from '../ports/log-reader.ts'
import type { StateMachine } from '../ports/state-machine.ts'
import type { Membership, Recovered } from '../ports/store.ts'
import type { Table } from '../ports/table.ts'
import { isMember, MEMBERS_MAX } from '../protocol/confchange.ts'
import type { StoragePersisted } from '../protocol/events.ts'
import type { Output, Ready } from '../protocol/ready.ts'
import type { RaftSettings } from '../protocol/settings.ts'
import type { Entry, LogIndex, LogPosition, PeerId } from '../protocol/types.ts'
import { Applier } from './applier.ts'
import type { Gazette } from './committed.ts'
import type { Timers } from './deadlines.ts'
import { epochOf, newBirthmark } from './founding.ts'
import { Rounds } from './leases.ts'
import { Mailbox } from './mailbox.ts'
import { isRemoved } from './members.ts'
import { raftSettingsOf } from './options.ts'
import { type Question, Reads } from './reading.ts'
import type { OnStep } from './tracing.ts'
import { Waiters } from './waiters.ts'

/** Entries applied before the core is told, though no tick came. */
const APPLIED_LAG_MAX = 1024

export interface PeerHostOptions {
  readonly group: string
  /** Digest of the founding members. */
  readonly members: string
  /** Mark of the group's first entry; empty while it is not known. */
  readonly birthmark: string
  readonly id: PeerId
  readonly recovered: Recovered
  readonly reader: LogReader
  readonly table: Table
  readonly stateMachine: StateMachine
  /** What was applied and has still to be told. */
  readonly gazette: Pick<Gazette, 'isEmpty' | 'isShort' | 'publish'>
  /** Called for each entry after its effect is visible. */
  readonly onApplied: (entry: Entry) => void
  /** What the core is to know of the node's options. Default: theirs. */
  readonly raft?: RaftSettings
  /** How long a round of heartbeats covers reads, in milliseconds; missing where no lease is to answer any. */
  readonly leaseMs?: number | undefined
  /** How often the node was started before: an answer to a question of an earlier run must not be taken for one to ours. */
  readonly boot?: number
  /** Marks the group's first entry, if this peer comes to write it. Default: drawn anew. */
  readonly newMark?: Uint8Array
  readonly onStep?: OnStep | undefined
  /** Cuts the log off if it is time to. Missing: it never is. */
  readonly compact?: (host: PeerHost) => void
}

/** Tickets of one run of a node. */
const TICKETS_PER_BOOT = 2 ** 32

/** A peer whose log was cut off has a state instead, to be made when somebody needs it. */
const stateOf = ({ truncated, conf }: Recovered) =>
  truncated.index === 0 ? {} : { snapshot: { ...truncated, conf, data: EMPTY } }

export class PeerHost {
  readonly group: string
  readonly id: PeerId
  readonly stateMachine: StateMachine
  readonly table: Table
  readonly mailbox = new Mailbox()
  readonly timers: Timers = new Map()
  readonly waiters: Waiters
  readonly gazette: PeerHostOptions['gazette']
  readonly reads = new Reads()
  /** When rounds of heartbeats began; null where no lease is to answer reads. */
  readonly rounds: Rounds | null
  /** Its state is being replaced on the disk: until that is done it is not stepped, so that what it knows and what is there never differ. */
  isPaused = false
  /** The last flush that this peer's promises depend on. */
  flushNeeded = 0
  /** Nodes of peers that are to come. */
  readonly #heard = new Map<PeerId, string>()
  #membersSeen: Membership
  readonly #members: string
  #epoch: string
  #birthmark: string
  readonly #applier: Applier
  readonly #hooks: Pick<PeerHostOptions, 'compact' | 'onStep'>
  #startSeen: LogIndex
  #snapshot: RoleSnapshot
  #collected: RoleSnapshot
  #said: Output[]

  constructor(options: PeerHostOptions) {
    const { recovered, reader, table, stateMachine, onApplied } = options
    this.group = options.group
    this.#members = options.members
    this.#birthmark = options.birthmark
    this.#epoch = epochOf(options.members, options.birthmark)
    this.id = options.id
    this.stateMachine = stateMachine
    this.table = table
    this.#membersSeen = table.membership
    this.waiters = new Waiters((options.boot ?? 0) * TICKETS_PER_BOOT)
    this.rounds = options.leaseMs === undefined ? null : new Rounds(options.leaseMs)
    this.gazette = options.gazette
    this.#hooks = options
    this.#startSeen = recovered.truncated.index
    this.#applier = new Applier({
      stateMachine,
      table,
      waiters: this.waiters,
      onApplied,
      onConf: (event) => this.mailbox.event(event),
      isOver: () => isRemoved(table.membership, this.id),
    })
    const settings = options.raft ?? raftSettingsOf({ leaseReads: false, priority: 0 })
    const [snapshot, said] = startPeer({
      id: this.id,
      ...recovered,
      ...stateOf(recovered),
      reader,
      birthmark: options.newMark ?? newBirthmark(),
      settings,
    })
    this.#snapshot = snapshot
    this.#collected = snapshot
    this.#said = [...said]
  }

  /** Which founding of the group this peer speaks of. */
  get epoch(): string {
    return this.#epoch
  }

  /** The mark of that founding; empty while it is not known. */
  get birthmark(): string {
    return this.#birthmark
  }

  /** The mark is known from now on: the group's first entry was applied, or a state that tells it. */
  adopt(mark: string): string {
    this.#birthmark = mark
    this.#epoch = epochOf(this.#members, mark)
    return mark
  }

  get snapshot(): RoleSnapshot {
    return this.#snapshot
  }

  get term(): number {
    return this.#snapshot.context.term
  }

  get leads(): boolean {
    return roleOf(this.#snapshot) === 'leader'
  }

  get follows(): boolean {
    const role = roleOf(this.#snapshot)
    return role === 'follower' || role === 'learner'
  }

  /** Name of the node we believe to lead, if any. */
  get leader(): string | null {
    const { leader } = this.#snapshot.context
    return leader === null ? null : (this.nodeOf(leader) ?? null)
  }

  /** Node names by peer id: of members, of those who left lately, and of those who will come as far as a joining peer was told. */
  get peers(): Readonly<Record<PeerId, string>> {
    return this.table.membership.peers
  }

  nodeOf(peer: PeerId): string | undefined {
    return this.peers[peer] ?? this.#heard.get(peer)
  }

  /** A member that our log does not tell of yet speaks to us from that node: this is where answers go. */
  learn(peer: PeerId, node: string): void {
    if (this.nodeOf(peer) !== undefined) return
    if (this.#heard.size >= MEMBERS_MAX) this.#heard.delete(this.#heard.keys().next().value ?? peer)
    this.#heard.set(peer, node)
  }

  /** Whether the members have changed since this was last asked. */
  get hasNewMembers(): boolean {
    const { membership } = this.table
    if (membership === this.#membersSeen) return false
    this.#membersSeen = membership
    return true
  }

  /** Whether we were removed, and the core knows it: it has said its last words. */
  get isGone(): boolean {
    return isRemoved(this.table.membership, this.id) && !isMember(this.#snapshot.context.conf, this.id)
  }

  /** A caller's question is in the mailbox now. */
  ask(ticket: number, question: Question): void {
    this.reads.ask(ticket, question)
    this.mailbox.read(ticket, question.freshRound)
  }

  /** Asks the leader again what may have been lost on the way, where it went unanswered for so many milliseconds. */
  askAgain(now: number, ms: number): void {
    for (const ticket of this.reads.overdue(now, ms)) this.mailbox.read(ticket)
  }

  /** Steps through everything that waits. Throws an InvariantError when a rule is broken: then this peer must say nothing more. */
  stepAll(): void {
    for (const mail of this.mailbox.take()) {
      const before = this.#snapshot
      const [next, said] = 'message' in mail ? stepMessage(before, mail.message) : stepEvent(before, mail.event)
      this.#snapshot = next
      this.#hooks.onStep?.(before, mail, next)
      if (said.length > 0) this.#said.push(...said)
    }
  }

  /** What the steps since the last call ask for. */
  collect(): Ready {
    const ready = collect(this.#collected, this.#snapshot, this.#said)
    this.#collected = this.#snapshot
    this.#said = []
    return ready
  }

  /** What may be said of the disk once everything collected so far is on it. */
  get mark(): StoragePersisted {
    const { term, vote, log } = this.#collected.context
    return { type: 'storage.persisted', term, vote, last: { index: log.lastIndex, term: log.lastTerm } }
  }

  /** Whether stepping or timers have something to say. */
  get hasNews(): boolean {
    return this.#snapshot !== this.#collected || this.#said.length > 0
  }

  /** Applies the next portion of what is committed. True when something is left. */
  applyCommitted(): boolean {
    const { log, commit, applied } = this.#snapshot.context
    const more = this.#applier.apply(log, commit)
    if (this.#applier.applied - applied >= APPLIED_LAG_MAX) this.reportApplied()
    return more || !this.mailbox.isEmpty // a change of configuration is to be heard of at once
  }

  /** Tells the core how far the state machine is. Nothing waits for it but memory: now and then, or when much was applied. */
  reportApplied(): void {
    const index = this.#applier.applied
    if (index > this.#snapshot.context.applied) this.mailbox.event({ type: 'storage.applied', index })
  }

  /** Cuts the log off behind what the state machine has taken, when it has grown long enough. */
  compactIfDue(): void {
    this.#hooks.compact?.(this)
  }

  /** Whether the log begins elsewhere than when this was last asked. */
  get hasNewStart(): boolean {
    const { index } = this.start
    if (index === this.#startSeen) return false
    this.#startSeen = index
    return true
  }

  /** The entry that the log begins behind. */
  get start(): LogPosition {
    return this.#snapshot.context.log.truncated
  }

  /** The clock jumped, or the process stood still: no lease is counted from before. */
  distrustClock(): void {
    this.rounds?.forget()
    if (this.leads) this.mailbox.event({ type: 'clock.jumped' })
  }

  /** These reads are confirmed: they may be answered once `index` is applied. */
  confirm(tickets: readonly number[], index: LogIndex): void {
    this.reads.confirm(tickets, index)
  }

  /** These requests were not taken, or given up: who waits hears why. */
  refuse(tickets: readonly number[], error: FlotillaError): void {
    this.reads.drop(tickets)
    for (const ticket of tickets) this.waiters.reject(ticket, error)
  }

  /** Answers confirmed reads that the state machine has caught up with. */
  answerReads(): void {
    const { applied } = this.table
    const { term } = this.#snapshot.context
    for (const ticket of this.reads.take(applied)) this.waiters.resolve(ticket, { index: applied, term, body: EMPTY })
  }
}
