/** One peer of Raft without I/O: time is ticks, chance is a seed, nothing is awaited; its turns are the caller's. */

import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { prng } from '../base/prng.ts'
import type { ConfChange } from '../protocol/confchange.ts'
import type { Message } from '../protocol/messages.ts'
import type { Output } from '../protocol/ready.ts'
import type { ConfState, Entry, LogIndex, LogPosition, PeerId, Snapshot } from '../protocol/types.ts'
import { RawApplied } from './raw-applied.ts'
import { bytesOf, changeOf, contextOf, indexOf, markOf, outcomeOf, peerOf, readyOf } from './raw-checks.ts'
import { RawCore } from './raw-core.ts'
import { type RawNodeOptions, type RawSettings, rawSettingsOf } from './raw-options.ts'
import { RawReads } from './raw-reads.ts'
import { type Mark, type RawReady, rawReadyOf } from './raw-ready.ts'
import { type RawStatus, rawStatusOf } from './raw-status.ts'
import { RawStore } from './raw-store.ts'
import { placeOf } from './refusal.ts'
import { TickTimers } from './tick-timers.ts'

/** One peer, for those who bring their own network and disk. Feed it, then do what its {@link RawReady} asks for. */
export class RawNode {
  readonly #settings: RawSettings
  readonly #timers: TickTimers
  readonly #store: RawStore
  readonly #core: RawCore
  readonly #applied: RawApplied
  readonly #reads: RawReads
  /** What may be said of the disk for each Ready handed out and not reported yet, oldest first. */
  readonly #marks: Mark[] = []
  #tickets = 0
  #readies = 0

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
    const input = { id, conf, hardState, applied, settings: raft, ...log, ...(snapshot && { snapshot }) }
    this.#core = new RawCore(input, this.#timers)
    this.#applied = new RawApplied(this.#core, this.#store)
  }

  get id(): PeerId {
    return this.#settings.id
  }

  /** One tick of time passes: timers that are due with it expire. */
  tick(): void {
    this.#reads.expire(this.#timers.tick())
    for (let due = this.#timers.takeDue(); due !== null; due = this.#timers.takeDue()) this.#core.event(due)
  }

  /**
   * As if the election timeout were over (§5.2). Nothing happens on a leader, a learner, or while a change of configuration is still to be applied; nor
   * under lease reads, while a leader may trust in our silence.
   */
  campaign(): void {
    const { leader, sheltered, settings } = this.#core.context
    if (settings.leaseReads && (leader !== null || sheltered)) return
    const due = this.#timers.force('electionTimeout')
    if (due !== null) this.#core.event(due)
  }

  /** Believes in no leader any more: votes are free, term, vote and timers stay. Nothing happens on leaders and learners, or under lease reads. */
  forgetLeader(): void {
    this.#core.event({ type: 'leader.forgotten' })
  }

  /**
   * Proposes a command. Returns where it stands in our log; null when it was passed on to the leader, where it may be lost without a word. Throws
   * `NOT_LEADER` when there is nobody to pass it on to, `BUSY` when too much is uncommitted, `TRANSFERRING` during a handover.
   */
  propose(data: Uint8Array): LogPosition | null {
    const proposal = { ticket: ++this.#tickets, kind: 'command', data: bytesOf(data) } as const
    return this.#placed(this.#core.event({ type: 'client.propose', proposals: [proposal] }))
  }

  /**
   * Proposes a change of configuration, at the leader. Throws `NOT_LEADER`, `CONF_IN_PROGRESS` (one at a time, and not before an entry of the leader's
   * own term is committed), `CONF_INVALID`, `TRANSFERRING`.
   */
  proposeConfChange(change: ConfChange): LogPosition {
    const placed = this.#placed(
      this.#core.event({ type: 'client.reconfigure', ticket: ++this.#tickets, change: changeOf(change) }),
    )
    assert(placed !== null, 'CONFIGURATION_PASSED_ON')
    return placed
  }

  /**
   * A committed entry of kind `configuration` takes effect: to be called as it is applied, with the entry, or with the change in it. Null: it is to have
   * no effect. Returns the configuration from now on. What took effect before, or a snapshot stands for by now, changes nothing. Throws
   * `CONFIG_INVALID` for anything but the next change that was handed out.
   */
  applyConfChange(change: ConfChange | Entry | null): ConfState {
    return this.#applied.change(change)
  }

  /**
   * A message of another peer. Whatever is not one, or cannot be true, is dropped and counted: nothing that comes in here throws. Its bytes are copied:
   * the receive buffer may be used again.
   */
  step(message: Message): boolean {
    return this.#core.message(message)
  }

  /** Asks for a handover (thesis 3.10); a follower passes the wish on. False: nothing came of it (not a voter, or nobody leads). Throws `CONFIG_INVALID`. */
  transferLeader(to: PeerId): boolean {
    const said = this.#core.event({ type: 'client.transfer', ticket: ++this.#tickets, to: peerOf(to) })
    return !this.#core.broken && !said.some((output) => output.type === 'refused')
  }

  /**
   * Asks for an index at which a read is linearizable (thesis 6.4): it comes back with the context as a read state, once it is confirmed. Throws
   * `NOT_LEADER` when nobody leads, `BUSY` when too many are waiting. It may be lost without a word, and is forgotten after four election timeouts.
   */
  readIndex(context: string): void {
    if (this.#reads.isFull) throw new FlotillaError('BUSY', 'too many reads are waiting')
    if (this.#core.broken) throw this.#core.broken
    const ticket = this.#reads.ask(contextOf(context), this.#timers.now)
    const { electionTick, raft } = this.#settings
    const rounds = this.#core.rounds.known(this.#timers.now, { electionTick, leaseReads: raft.leaseReads })
    const said = this.#core.event({ type: 'client.read', tickets: [ticket], ...rounds })
    if (!said.some((output) => output.type === 'refused')) return
    this.#reads.take(ticket)
    this.#placed(said)
  }

  /** The network could not deliver to that peer: probe before streaming again. Throws `CONFIG_INVALID`. */
  reportUnreachable(peer: PeerId): void {
    this.#core.event({ type: 'peer.unreachable', peer: peerOf(peer) })
  }

  /** How the sending of a snapshot ended. Throws `CONFIG_INVALID`. */
  reportSnapshot(peer: PeerId, outcome: 'finished' | 'failed'): void {
    this.#core.event({ type: 'snapshot.reported', peer: peerOf(peer), outcome: outcomeOf(outcome) })
  }

  /** Entries up to `index` are needed no more. Only what is applied goes. Throws `COMPACTED` when it has gone before. */
  compact(index: LogIndex): void {
    const { log } = this.#core.context
    if (indexOf(index) < log.firstIndex)
      throw new FlotillaError('COMPACTED', `the log begins at ${log.firstIndex} already`, { index })
    this.#core.event({ type: 'log.compacted', index })
    this.#store.compact(this.#core.context.log.truncated.index)
  }

  /**
   * Keeps the state as of an applied entry, to be sent to who needs it. Throws `CONFIG_INVALID` for an index whose entry is not known or not applied,
   * or whose configuration is not known: before what was applied when this peer began, or before a new peer was told any.
   */
  createSnapshot(index: LogIndex, data: Uint8Array): Snapshot {
    const { log, applied } = this.#core.context
    const term = log.termAt(indexOf(index))
    const conf = this.#store.confAt(index)
    if (term === undefined || index > applied || !conf?.voters.length) {
      const which = `from ${log.truncated.index} to ${applied}, as far as their configuration is known`
      throw new FlotillaError('CONFIG_INVALID', `a snapshot can be made of entries ${which}`, { index })
    }
    const snapshot = { index, term, conf, data: bytesOf(data) }
    this.#core.event({ type: 'snapshot.created', snapshot })
    return snapshot
  }

  /** Whether {@link ready} has anything to say. */
  hasReady(): boolean {
    return this.#core.hasNews || (!this.#core.broken && this.#applied.isOwed)
  }

  /**
   * What is to be done now: write hard state, entries and snapshot; send messages (those marked `waitsForDisk` only when that is on disk); then, once it
   * is written, apply committed entries; answer reads. It is not handed out twice.
   */
  ready(): RawReady {
    const ready = rawReadyOf({
      ...this.#core.collect(),
      handedOut: this.#applied.handedOut,
      bytesMax: this.#settings.maxCommittedBytesPerReady,
      reads: this.#reads,
      mark: ++this.#readies,
    })
    this.#store.append(ready.entries)
    this.#applied.handOut(ready.committedEntries)
    this.#marks.push(ready.mark)
    return ready
  }

  /** All of it is done: on disk, and applied. Throws `CONFIG_INVALID`. */
  advance(ready: RawReady): void {
    const { mark, snapshot, committedEntries } = readyOf(ready)
    this.persisted(mark)
    if (snapshot) this.installed(snapshot)
    const last = committedEntries.at(-1)
    if (last) this.applied(last.index)
  }

  /**
   * For who writes while going on: a Ready is on disk, all before it too. Give its `mark`; or the term and index of its last entry, which stand for
   * the oldest Ready that ended there. Replies and our own vote count from now on. Throws `CONFIG_INVALID`.
   */
  persisted(at: Mark | LogPosition): void {
    const on = markOf(at)
    const number =
      'number' in on ? on.number : this.#marks.find(({ last }) => last.index === on.index && last.term === on.term)?.number
    const count = this.#marks.findLastIndex((mark) => number !== undefined && mark.number <= number) + 1
    for (const { term, vote, last } of this.#marks.splice(0, count))
      this.#core.event({ type: 'storage.persisted', term, vote, last })
  }

  /** A snapshot of a Ready is in place. Throws `CONFIG_INVALID`. */
  installed(snapshot: Pick<Snapshot, 'index'>): void {
    this.#applied.installed(snapshot)
  }

  /** The snapshot of a Ready, as of this index, could not be had: the peer goes on as it was, and its leader will find out what it lacks. Throws `CONFIG_INVALID`. */
  abandonSnapshot(index: LogIndex): void {
    this.#core.event({ type: 'snapshot.abandoned', index: indexOf(index) })
  }

  /**
   * The state machine has come to `index`. Changes of configuration on the way that nobody applied have no effect. Throws `CONFIG_INVALID` for what was
   * not handed out.
   */
  applied(index: LogIndex): void {
    this.#applied.upTo(index)
  }

  /** The clock jumped, or the process stood still: leases that were counted by it are void. */
  clockJumped(): void {
    this.#core.rounds.forget()
    this.#core.event({ type: 'clock.jumped' })
  }

  /** What this peer knows, for tables and tests. */
  status(): RawStatus {
    const { snapshot, dropped, broken } = this.#core
    return rawStatusOf(snapshot, { dropped, broken })
  }

  /** Where a proposal went; throws why it did not. */
  #placed(said: readonly Output[]): LogPosition | null {
    if (this.#core.broken) throw this.#core.broken
    return placeOf(said, { leader: this.#core.context.leader })
  }
}
