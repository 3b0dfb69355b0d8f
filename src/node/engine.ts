/**
 * The turn of a node: every peer with mail is stepped, then everything the steps ask for is done together: one transaction, one envelope per
 * destination. Knows peers and ports; knows nothing of subjects, clients or life cycles.
 */

import { type FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { Prng } from '../base/prng.ts'
import { Cadence } from '../clock/cadence.ts'
import { refusalError } from '../peer/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Installation, NodeStore } from '../ports/store.ts'
import type { LocalEvent } from '../protocol/events.ts'
import type { InstallSnapshot, Message } from '../protocol/messages.ts'
import type { Ready, Refused } from '../protocol/ready.ts'
import type { LogIndex, Snapshot, SoftState } from '../protocol/types.ts'
import { Deadlines } from './deadlines.ts'
import { Flush, type Notes } from './flush.ts'
import { heirOf } from './handing.ts'
import { momentOf } from './moments.ts'
import type { Outbox } from './outbox.ts'
import type { PeerHost } from './peer-host.ts'
import { Speech } from './speech.ts'

export interface EngineOptions {
  readonly store: NodeStore
  readonly outbox: Outbox
  readonly clock: Clock
  readonly random: Prng
  readonly electionTimeoutMs: number
  readonly heartbeatMs: number
  readonly logger: Logger
  /** A peer's role or leader changed. */
  readonly onRole: (host: PeerHost, soft: SoftState) => void
  /** States that stand for logs, on their way to others and from them. */
  readonly snapshots: {
    /** The core wants that follower to have our state. */
    offer(host: PeerHost, message: InstallSnapshot): void
    /** The core waits for a state of its leader's. */
    take(host: PeerHost, snapshot: Snapshot): void
  }
  /** A group has other members. */
  readonly onMembers: () => void
  /** A peer was removed from its group, and has said its last words. */
  readonly onRemoved: (host: PeerHost) => void
  /** A peer broke a rule and is silent from now on. */
  readonly onBroken: (host: PeerHost, error: FlotillaError) => void
  /** What is worth noting when the disk is written to. */
  readonly notes: Notes
  /** The disk failed: the whole node is. */
  readonly onFailure: (error: FlotillaError) => void
}

export class Engine {
  readonly #options: EngineOptions
  readonly #hosts = new Map<string, PeerHost>()
  readonly #dirty = new Set<PeerHost>()
  readonly #deadlines: Deadlines
  readonly #flush: Flush
  readonly #speech: Speech
  readonly #cadence: Cadence
  #stopped = false

  constructor(options: EngineOptions) {
    this.#options = options
    this.#cadence = new Cadence(options.clock, () => this.#turn())
    this.#deadlines = new Deadlines(options)
    this.#flush = new Flush({
      ...options,
      onDurable: (group, mark) => this.tell(group, mark), // thesis 10.2.1: now our own copy counts
      onInstalled: (group, { index }) => this.#installed(group, index),
      onReleased: () => options.outbox.send(),
      onFailure: (error) => options.onFailure(toFlotillaError(error, 'STORAGE_FAILED')),
      later: (ms, callback) => options.clock.after(ms, callback),
    })
    this.#speech = new Speech({
      outbox: options.outbox,
      flush: this.#flush,
      clock: options.clock,
      offer: (host, message) => options.snapshots.offer(host, message),
    })
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  get hosts(): ReadonlyMap<string, PeerHost> {
    return this.#hosts
  }

  /** A peer takes part from now on. */
  add(host: PeerHost): void {
    this.#hosts.set(host.group, host)
    this.wake(host)
  }

  /** A peer takes part no more. */
  remove(host: PeerHost): void {
    this.#hosts.delete(host.group)
    this.#dirty.delete(host)
  }

  /** A peer takes part no more, and nothing of it is to be saved. */
  forget(host: PeerHost): void {
    host.gazette.publish()
    this.remove(host)
    this.#flush.forget(host.group)
  }

  start(): void {
    this.#deadlines.start((jumped) => this.#tick(jumped))
  }

  /** The peer has mail: it is stepped in the next turn, together with whoever else has by then. */
  wake(host: PeerHost): void {
    if (this.#stopped) return
    this.#dirty.add(host)
    this.#cadence.call()
  }

  /** Runs turns and saves until nothing is left to do. */
  async settle(): Promise<void> {
    do {
      while (this.#dirty.size > 0 && !this.#stopped) {
        this.#turn()
        await Promise.resolve() // the turn's second half
      }
      await this.#flush.settle() // what is durable now may commit, and be waited for
    } while (this.#dirty.size > 0 && !this.#stopped)
    this.#options.outbox.sendNews()
  }

  /**
   * Our disk has failed: promise nothing, but tell others that they may lead. TimeoutNow says nothing of our disk; it arrives behind the entries
   * that are on their way, so the heir need not have acknowledged them. No peer is stepped any more: a step might want the disk.
   * What was applied is as true as ever, and still told.
   */
  abdicate(): void {
    this.stop()
    for (const host of this.#hosts.values()) {
      host.gazette.publish()
      const heir = heirOf(host)
      if (heir !== null) this.#speech.post(host, { type: 'TimeoutNow', from: host.id, to: heir, term: host.term })
    }
    this.#options.outbox.send()
  }

  /** No step, no flush and no word any more. */
  stop(): void {
    this.#stopped = true
    this.#deadlines.stop()
    this.#flush.stop()
    this.#speech.stop()
    this.#dirty.clear()
  }

  #turn(): void {
    if (this.#stopped) return
    const turn = [...this.#dirty]
    this.#dirty.clear()
    for (const host of turn) this.#guarded(host, () => this.#step(host))
    if (this.#stopped) return // the disk failed under one of them
    this.#options.outbox.send()
    for (const host of turn) if (host.gazette.isShort) host.gazette.publish() // in one packet with what was just sent
    queueMicrotask(() => this.#apply(turn)) // a microtask, so that what was sent has left: others save while we do
  }

  /** The second half of a turn: what is committed is applied, and who waited is answered. Subscribers hear of it one turn later, when others work. */
  #apply(turn: readonly PeerHost[]): void {
    this.#flush.kick() // disk and network are at work from here on
    for (const host of turn) {
      if (this.#stopped) return
      if (this.#hosts.get(host.group) !== host || host.isPaused) continue
      this.#guarded(host, () => {
        host.gazette.publish()
        const more = host.applyCommitted()
        host.compactIfDue()
        if (more || !host.gazette.isEmpty) this.wake(host)
        host.answerReads()
      })
    }
    this.#flush.kick()
    this.#speech.spread()
  }

  #step(host: PeerHost): void {
    this.#stepMail(host)
    const due = this.#deadlines.due(host.timers) // asked only now: what was heard first may have put a timer off
    for (const event of due) host.mailbox.event(event)
    if (due.length > 0) this.#stepMail(host)
  }

  #stepMail(host: PeerHost): void {
    if (this.#hosts.get(host.group) !== host || host.isPaused) return // it left while something of it was still due
    const before = host.rounds === null ? null : momentOf(this.#options.clock)
    host.stepAll()
    if (before) host.rounds?.note(host.snapshot.context.round, before)
    if (host.hasNews) this.#carryOut(host, host.collect())
    if (host.hasNewMembers) this.#options.onMembers()
    if (host.isGone) this.#options.onRemoved(host)
  }

  /** Does what a Ready asks for, in the order that keeps its promises. */
  #carryOut(host: PeerHost, ready: Ready): void {
    for (const timer of ready.timers) {
      if (timer.type === 'arm') this.#deadlines.arm(host.timers, timer)
      else host.timers.delete(timer.id)
    }
    const transaction = this.#flush.add(host.group, ready, host.mark)
    if (transaction > 0) host.flushNeeded = transaction
    for (const { tickets, index, term } of ready.accepted) host.waiters.seat(tickets, index, term)
    if (ready.snapshot) this.#options.snapshots.take(host, ready.snapshot)
    if (host.hasNewStart) this.#flush.cut(host.group, host.start)
    for (const { tickets, code } of ready.refused) host.refuse(tickets, refusal(code, host))
    for (const { tickets, index } of ready.reads) host.confirm(tickets, index)
    if (ready.softState) this.#changeRole(host, ready.softState)
    this.#speech.letGo(host, ready.messages)
  }

  #changeRole(host: PeerHost, soft: SoftState): void {
    if (soft.role !== 'leader') host.refuse(host.reads.takeAsked(), refusal('NOT_LEADER', host))
    this.#options.onRole(host, soft)
  }

  /** Says what no step said: it promises nothing. */
  post(host: PeerHost, message: Message): void {
    if (this.#stopped || this.#hosts.get(host.group) !== host) return
    this.#speech.post(host, message)
    this.#options.outbox.send()
  }

  /**
   * A staged state takes the place of all that the peer holds. Resolves once it is on disk and the peer goes on from it; false when the peer is gone,
   * or waits for that state no more.
   */
  async install(host: PeerHost, installation: Installation): Promise<boolean> {
    const isWanted = host.snapshot.context.staged?.index === installation.index
    if (this.#stopped || this.#hosts.get(host.group) !== host || !isWanted) return false
    host.isPaused = true
    const transaction = this.#flush.install(host.group, installation, host.mark)
    await new Promise<void>((resolve) => this.#flush.after(transaction, resolve))
    return true
  }

  #installed(group: string, index: LogIndex): void {
    const host = this.#hosts.get(group)
    if (!host) return
    host.isPaused = false
    host.waiters.skip(index)
    host.mailbox.first({ type: 'snapshot.installed', index })
    this.wake(host)
  }

  /** Something happened that the group's peer is to hear of, if it still takes part. What a follower has on disk counts nowhere but where it said so: that can wait. */
  tell(group: string, event: LocalEvent): void {
    const host = this.#hosts.get(group)
    host?.mailbox.event(event)
    if (host && !(host.follows && event.type === 'storage.persisted')) this.wake(host)
  }

  #tick(jumped: boolean): void {
    const { clock, electionTimeoutMs } = this.#options
    const now = clock.now()
    for (const host of this.#hosts.values()) {
      if (jumped) host.distrustClock()
      host.reportApplied()
      host.askAgain(now, electionTimeoutMs)
      if (!host.mailbox.isEmpty || this.#deadlines.isDue(host.timers)) this.wake(host)
      host.waiters.expire(now)
    }
  }

  /** A peer that breaks a rule is taken out before it can say anything wrong. A failing disk takes the node along. */
  #guarded(host: PeerHost, run: () => void): void {
    if (this.#stopped) return
    try {
      run()
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'INVARIANT')
      this.#options.logger.error(
        { group: host.group, code: error.code, stack: thrown instanceof Error ? thrown.stack : undefined },
        error.message,
      )
      if (error.code === 'STORAGE_FAILED' || error.code === 'STORE_CLOSED') {
        this.#options.onFailure(error)
        return
      }
      host.gazette.publish() // what was applied before is true
      this.remove(host)
      host.waiters.rejectAll(error)
      this.#options.onBroken(host, error)
    }
  }
}

const refusal = (code: Refused['code'], host: PeerHost): FlotillaError =>
  refusalError(code, { group: host.group, leader: host.leader })
