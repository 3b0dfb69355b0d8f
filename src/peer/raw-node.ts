/** One peer of Raft without I/O: time is ticks, chance is a seed, nothing is awaited; its turns are the caller's. */

import { assert, InvariantError } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { prng } from '../base/prng.ts'
import { type ConfChange, decodeChange } from '../protocol/confchange.ts'
import type { LocalEvent } from '../protocol/events.ts'
import type { Message } from '../protocol/messages.ts'
import { reasonToDrop } from '../protocol/plausible.ts'
import type { Output } from '../protocol/ready.ts'
import type { ConfState, Entry, LogIndex, LogPosition, PeerId, Snapshot } from '../protocol/types.ts'
import { hasChanged } from './collect.ts'
import { bytesOf, changeOf, contextOf, indexOf } from './raw-checks.ts'
import { type RawNodeOptions, type RawSettings, rawSettingsOf } from './raw-options.ts'
import { RawReads } from './raw-reads.ts'
import { type Mark, type RawReady, rawReadyOf } from './raw-ready.ts'
import { RawRounds } from './raw-rounds.ts'
import { type RawStatus, rawStatusOf } from './raw-status.ts'
import { RawStore } from './raw-store.ts'
import { placeOf } from './refusal.ts'
import type { RoleSnapshot } from './role-words.ts'
import { type Stepped, startPeer, stepEvent, stepMessage, type TimerEvent } from './step.ts'
import { TickTimers } from './tick-timers.ts'

/** One peer, for those who bring their own network and disk. Feed it, then do what its {@link RawReady} asks for. */
export class RawNode {
  readonly #settings: RawSettings
  readonly #timers: TickTimers
  readonly #store: RawStore
  #snapshot: RoleSnapshot
  /** The state at the last Ready, and what was said since. */
  #collected: RoleSnapshot
  #said: Output[] = []
  /** Committed entries handed out so far. */
  #handedOut: LogIndex
  /** What may be said of the disk for each Ready handed out and not reported yet, oldest first. */
  readonly #marks: Mark[] = []
  readonly #reads: RawReads
  readonly #rounds = new RawRounds()
  #tickets = 0
  #readies = 0
  #dropped = 0
  #broken: InvariantError | null = null

  /** Throws `CONFIG_INVALID`, naming the option. */
  constructor(options: RawNodeOptions) {
    const settings = rawSettingsOf(options)
    const { id, initial, raft, seed } = settings
    const truncated: LogPosition = initial.snapshot ?? { index: 0, term: 0 }
    this.#settings = settings
    this.#timers = new TickTimers(settings, prng(seed + id * 7919))
    this.#reads = new RawReads(settings)
    this.#store = new RawStore(truncated.index, initial)
    const { lastIndex, runs } = this.#store
    const { hardState, applied, confState: conf, snapshot } = initial
    const log = { truncated, lastIndex, runs, reader: this.#store }
    const [first, said] = startPeer({ id, conf, hardState, applied, settings: raft, ...log, ...(snapshot && { snapshot }) })
    this.#snapshot = first
    this.#collected = first
    this.#handedOut = applied
    this.#take([first, said])
  }

  get id(): PeerId {
    return this.#settings.id
  }

  /** One tick of time passes: timers that are due with it expire. */
  tick(): void {
    this.#reads.expire(this.#timers.tick())
    for (let due = this.#timers.takeDue(); due !== null; due = this.#timers.takeDue()) this.#event(due)
  }

  /**
   * As if the election timeout were over (§5.2). Nothing happens on a leader, a learner, or while a change of configuration is still to be applied; nor
   * under lease reads, while a leader may trust in our silence.
   */
  campaign(): void {
    const { leader, sheltered, settings } = this.#snapshot.context
    if (settings.leaseReads && (leader !== null || sheltered)) return
    const due = this.#timers.force('electionTimeout')
    if (due !== null) this.#event(due)
  }

  /** Believes in no leader any more: votes are free, term, vote and timers stay. Nothing happens on leaders and learners, or under lease reads. */
  forgetLeader(): void {
    this.#event({ type: 'leader.forgotten' })
  }

  /**
   * Proposes a command. Returns where it stands in our log; null when it was passed on to the leader, where it may be lost without a word. Throws
   * `NOT_LEADER` when there is nobody to pass it on to, `BUSY` when too much is uncommitted, `TRANSFERRING` during a handover.
   */
  propose(data: Uint8Array): LogPosition | null {
    const proposal = { ticket: ++this.#tickets, kind: 'command', data: bytesOf(data) } as const
    return this.#placed(this.#event({ type: 'client.propose', proposals: [proposal] }))
  }

  /**
   * Proposes a change of configuration, at the leader. Throws `NOT_LEADER`, `CONF_IN_PROGRESS` (one at a time, and not before an entry of the leader's
   * own term is committed), `CONF_INVALID`, `TRANSFERRING`.
   */
  proposeConfChange(change: ConfChange): LogPosition {
    const placed = this.#placed(this.#event({ type: 'client.reconfigure', ticket: ++this.#tickets, change: changeOf(change) }))
    assert(placed !== null, 'CONFIGURATION_PASSED_ON')
    return placed
  }

  /**
   * A committed entry of kind `configuration` takes effect: to be called as it is applied, with the entry, or with what is in it. Null: it is to have
   * no effect. Returns the configuration from now on. An entry that a snapshot stands for by now changes nothing.
   */
  applyConfChange(change: ConfChange | Entry | null): ConfState {
    const { log, applied } = this.#snapshot.context
    const entry = change !== null && 'data' in change ? change : null
    const index = entry?.index ?? log.configurations[0] ?? applied
    if (entry && index <= applied) return this.#snapshot.context.conf
    this.#event({ type: 'conf.applied', index, change: entry ? decodeChange(entry.data) : (change as ConfChange | null) })
    this.#store.configure(index, this.#snapshot.context.conf)
    return this.#snapshot.context.conf
  }

  /** A message of another peer. Whatever is not one, or cannot be true, is dropped and counted: nothing that comes in here throws. */
  step(message: Message): boolean {
    const taken = !this.#broken && reasonToDrop(this.#snapshot.context, message) === null
    if (taken) this.#run(() => stepMessage(this.#snapshot, message))
    else this.#dropped++
    return taken
  }

  /** Asks for a handover (thesis 3.10); a follower passes the wish on. False: nothing came of it (not a voter, or nobody leads). */
  transferLeader(to: PeerId): boolean {
    const said = this.#event({ type: 'client.transfer', ticket: ++this.#tickets, to })
    return !this.#broken && !said.some((output) => output.type === 'refused')
  }

  /**
   * Asks for an index at which a read is linearizable (thesis 6.4): it comes back with the context as a read state, once it is confirmed. Throws
   * `NOT_LEADER` when nobody leads, `BUSY` when too many are waiting. It may be lost without a word, and is forgotten after four election timeouts.
   */
  readIndex(context: string): void {
    if (this.#reads.isFull) throw new FlotillaError('BUSY', 'too many reads are waiting')
    if (this.#broken) throw this.#broken
    const ticket = this.#reads.ask(contextOf(context), this.#timers.now)
    const { electionTick, raft } = this.#settings
    const rounds = this.#rounds.known(this.#timers.now, { electionTick, leaseReads: raft.leaseReads })
    const said = this.#event({ type: 'client.read', tickets: [ticket], ...rounds })
    if (!said.some((output) => output.type === 'refused')) return
    this.#reads.take(ticket)
    this.#placed(said)
  }

  /** The network could not deliver to that peer: probe before streaming again. */
  reportUnreachable(peer: PeerId): void {
    this.#event({ type: 'peer.unreachable', peer })
  }

  /** How the sending of a snapshot ended. */
  reportSnapshot(peer: PeerId, outcome: 'finished' | 'failed'): void {
    this.#event({ type: 'snapshot.reported', peer, outcome })
  }

  /** Entries up to `index` are needed no more. Only what is applied goes. Throws `COMPACTED` when it has gone before. */
  compact(index: LogIndex): void {
    const { log } = this.#snapshot.context
    if (indexOf(index) < log.firstIndex)
      throw new FlotillaError('COMPACTED', `the log begins at ${log.firstIndex} already`, { index })
    this.#event({ type: 'log.compacted', index })
    this.#store.compact(this.#snapshot.context.log.truncated.index)
  }

  /**
   * Keeps the state as of an applied entry, to be sent to who needs it. Throws `CONFIG_INVALID` for an index whose entry is not known or not applied,
   * or whose configuration is not known: before what was applied when this peer began, or before a new peer was told any.
   */
  createSnapshot(index: LogIndex, data: Uint8Array): Snapshot {
    const { log, applied } = this.#snapshot.context
    const term = log.termAt(indexOf(index))
    const conf = this.#store.confAt(index)
    if (term === undefined || index > applied || !conf?.voters.length) {
      const which = `from ${log.truncated.index} to ${applied}, as far as their configuration is known`
      throw new FlotillaError('CONFIG_INVALID', `a snapshot can be made of entries ${which}`, { index })
    }
    const snapshot = { index, term, conf, data: bytesOf(data) }
    this.#event({ type: 'snapshot.created', snapshot })
    return snapshot
  }

  /** Whether {@link ready} has anything to say. */
  hasReady(): boolean {
    const { commit, staged } = this.#snapshot.context
    const owesEntries = this.#handedOut < commit && staged === null // a snapshot that waits to be installed may stand for them
    return !this.#broken && (this.#said.length > 0 || owesEntries || hasChanged(this.#collected, this.#snapshot))
  }

  /**
   * What is to be done now: write hard state, entries and snapshot; send messages (those marked `waitsForDisk` only when that is on disk); apply
   * committed entries; answer reads. It is not handed out twice.
   */
  ready(): RawReady {
    const handedOut = this.#handedOut
    const ready = rawReadyOf({
      before: this.#collected,
      after: this.#snapshot,
      said: this.#said,
      handedOut,
      bytesMax: this.#settings.maxCommittedBytesPerReady,
      reads: this.#reads,
      mark: ++this.#readies,
    })
    this.#store.append(ready.entries)
    this.#handedOut = ready.committedEntries.at(-1)?.index ?? handedOut
    this.#collected = this.#snapshot
    this.#said = []
    this.#rounds.handOut()
    this.#marks.push(ready.mark)
    return ready
  }

  /** All of it is done: on disk, and applied. */
  advance(ready: RawReady): void {
    this.persisted(ready.mark)
    if (ready.snapshot) this.installed(ready.snapshot)
    const last = ready.committedEntries.at(-1)
    if (last) this.applied(last.index)
  }

  /**
   * For who writes while going on: a Ready is on disk, all before it too. Give its `mark`; or the term and index of its last entry, which stand for
   * the oldest Ready that ended there. Replies and our own vote count from now on.
   */
  persisted(at: Mark | LogPosition): void {
    const number =
      'number' in at ? at.number : this.#marks.find(({ last }) => last.index === at.index && last.term === at.term)?.number
    const count = this.#marks.findLastIndex((mark) => number !== undefined && mark.number <= number) + 1
    for (const { term, vote, last } of this.#marks.splice(0, count)) this.#event({ type: 'storage.persisted', term, vote, last })
  }

  /** A snapshot of a Ready is in place. */
  installed({ index }: Pick<Snapshot, 'index'>): void {
    const { staged, log } = this.#snapshot.context
    if (staged?.index !== index) return
    const keepsEntries = log.matches(index, staged.term)
    this.#event({ type: 'snapshot.installed', index })
    this.#store.restore(staged, staged.conf, keepsEntries)
    this.#handedOut = Math.max(this.#handedOut, index)
  }

  /** The state machine has come to `index`. Changes of configuration on the way that nobody applied have no effect. */
  applied(index: LogIndex): void {
    for (const at of this.#snapshot.context.log.configurations) {
      if (at <= index) this.#event({ type: 'conf.applied', index: at, change: null })
    }
    this.#event({ type: 'storage.applied', index: Math.min(index, this.#handedOut) })
  }

  /** The clock jumped, or the process stood still: leases that were counted by it are void. */
  clockJumped(): void {
    this.#rounds.forget()
    this.#event({ type: 'clock.jumped' })
  }

  /** What this peer knows, for tables and tests. */
  status(): RawStatus {
    return rawStatusOf(this.#snapshot, { dropped: this.#dropped, broken: this.#broken })
  }

  #event(event: LocalEvent | TimerEvent): readonly Output[] {
    return this.#run(() => stepEvent(this.#snapshot, event))
  }

  /** A peer that broke a rule says and does nothing more. */
  #run(step: () => Stepped): readonly Output[] {
    if (this.#broken) return []
    try {
      return this.#take(step())
    } catch (thrown) {
      if (!(thrown instanceof InvariantError)) throw thrown
      this.#broken = thrown
      this.#said = []
      return []
    }
  }

  #take([snapshot, outputs]: Stepped): readonly Output[] {
    this.#rounds.count(snapshot.context.round, this.#timers.now)
    this.#snapshot = snapshot
    for (const output of outputs) {
      if (output.type === 'arm' || output.type === 'disarm') this.#timers.set(output)
      else if (output.type !== 'accepted' && output.type !== 'refused') this.#said.push(output)
    }
    return outputs
  }

  /** Where a proposal went; throws why it did not. */
  #placed(said: readonly Output[]): LogPosition | null {
    if (this.#broken) throw this.#broken
    return placeOf(said, { leader: this.#snapshot.context.leader })
  }
}
