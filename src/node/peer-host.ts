/** One peer on its node: holds the snapshot, steps it, and says what its steps ask for. Knows its own group and nothing of others. */

import type { FlotillaError } from '../base/errors.ts'
import { collect, roleOf } from '../peer/collect.ts'
import type { RoleSnapshot } from '../peer/role-words.ts'
import { startPeer, stepEvent, stepMessage } from '../peer/step.ts'
import type { LogReader } from '../ports/log-reader.ts'
import type { StateMachine } from '../ports/state-machine.ts'
import type { Recovered } from '../ports/store.ts'
import type { Table } from '../ports/table.ts'
import type { StoragePersisted } from '../protocol/events.ts'
import type { Output, Ready } from '../protocol/ready.ts'
import type { Entry, LogIndex, PeerId } from '../protocol/types.ts'
import { Applier } from './applier.ts'
import type { Gazette } from './committed.ts'
import type { Timers } from './deadlines.ts'
import { epochOf, markOf, newBirthmark } from './founding.ts'
import { Mailbox } from './mailbox.ts'
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
  readonly gazette: Pick<Gazette, 'isEmpty' | 'publish'>
  /** Called for each entry after its effect is visible. */
  readonly onApplied: (entry: Entry) => void
}

export class PeerHost {
  readonly group: string
  readonly id: PeerId
  readonly stateMachine: StateMachine
  readonly table: Table
  readonly peers: Readonly<Record<number, string>>
  readonly mailbox = new Mailbox()
  readonly timers: Timers = new Map()
  readonly waiters = new Waiters()
  readonly gazette: PeerHostOptions['gazette']
  /** The last flush that this peer's promises depend on. */
  flushNeeded = 0
  readonly #members: string
  #epoch: string
  readonly #applier: Applier
  /** Confirmed reads whose index is not applied yet. */
  #reads: { readonly ticket: number; readonly index: LogIndex }[] = []
  /** Reads in the core, waiting to be confirmed. */
  readonly #asked = new Set<number>()
  #snapshot: RoleSnapshot
  #collected: RoleSnapshot
  #said: Output[]

  constructor(options: PeerHostOptions) {
    const { recovered, reader, table, stateMachine, onApplied } = options
    this.group = options.group
    this.#members = options.members
    this.#epoch = epochOf(options.members, options.birthmark)
    this.id = options.id
    this.stateMachine = stateMachine
    this.table = table
    this.peers = recovered.peers
    this.gazette = options.gazette
    this.#applier = new Applier({ stateMachine, table, waiters: this.waiters, onApplied })
    const [snapshot, said] = startPeer({ id: this.id, ...recovered, reader, birthmark: newBirthmark() })
    this.#snapshot = snapshot
    this.#collected = snapshot
    this.#said = [...said]
  }

  /** Which founding of the group this peer speaks of. */
  get epoch(): string {
    return this.#epoch
  }

  /** The group's first entry is applied: from now on its mark is known. */
  born(first: Entry): string {
    const mark = markOf(first.data)
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

  /** Name of the node we believe to lead, if any. */
  get leader(): string | null {
    const { leader } = this.#snapshot.context
    return leader === null ? null : (this.nodeOf(leader) ?? null)
  }

  /** Who should lead when we cannot go on: of the followers heard of lately, the one that is furthest. Null when we do not lead. */
  get heir(): PeerId | null {
    if (!this.leads) return null
    const followers = [...this.#snapshot.context.followers].map(([peer, { progress, active }]) => ({
      peer,
      active,
      match: progress.context.match,
    }))
    followers.sort((a, b) => Number(b.active) - Number(a.active) || b.match - a.match)
    return followers[0]?.peer ?? null
  }

  nodeOf(peer: PeerId): string | undefined {
    return this.peers[peer]
  }

  /** A caller's question is in the mailbox now. */
  ask(ticket: number): void {
    this.#asked.add(ticket)
    this.mailbox.read(ticket)
  }

  /** Steps through everything that waits. Throws an InvariantError when a rule is broken: then this peer must say nothing more. */
  stepAll(): void {
    for (const mail of this.mailbox.take()) {
      const [next, said] = 'message' in mail ? stepMessage(this.#snapshot, mail.message) : stepEvent(this.#snapshot, mail.event)
      this.#snapshot = next
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
    return more
  }

  /**
   * Tells the core how far the state machine is. Nothing waits for it but memory, so it is told now and then: with the next mail after a tick, or
   * when much was applied.
   */
  reportApplied(): void {
    const index = this.#applier.applied
    if (index > this.#snapshot.context.applied) this.mailbox.event({ type: 'storage.applied', index })
  }

  /** These reads are confirmed: they may be answered once `index` is applied. */
  confirm(tickets: readonly number[], index: LogIndex): void {
    for (const ticket of tickets) {
      this.#asked.delete(ticket)
      this.#reads.push({ ticket, index })
    }
  }

  /** These requests were not taken, or given up: who waits hears why. */
  refuse(tickets: readonly number[], error: FlotillaError): void {
    for (const ticket of tickets) {
      this.#asked.delete(ticket)
      this.waiters.reject(ticket, error)
    }
  }

  /** Answers confirmed reads that the state machine has caught up with. */
  answerReads(): void {
    if (this.#reads.length === 0) return
    const { applied } = this.table
    const { term } = this.#snapshot.context
    const body = new Uint8Array(0)
    this.#reads = this.#reads.filter(({ ticket, index }) => {
      if (index > applied) return true
      this.waiters.resolve(ticket, { index: applied, term, body })
      return false
    })
  }

  /** Reads that the core dropped because we lead no more. */
  takeAsked(): readonly number[] {
    const asked = [...this.#asked]
    this.#asked.clear()
    return asked
  }
}
