/** One peer with a disk, timers in ticks and a way to send: the smallest host of the pure core. Knows no other peer. */

import assert from 'node:assert/strict'
import type { Prng } from '../../src/base/prng.ts'
import { collect, roleOf } from '../../src/peer/collect.ts'
import type { RoleSnapshot } from '../../src/peer/role-words.ts'
import type { PeerSteps, Stepped, TimerEvent } from '../../src/peer/step.ts'
import { decodeChange } from '../../src/protocol/confchange.ts'
import type { LocalEvent } from '../../src/protocol/events.ts'
import { checkState } from '../../src/protocol/invariants.ts'
import { type Message, waitsForDisk } from '../../src/protocol/messages.ts'
import type { Accepted, Arm, ReadState, Ready, Refused } from '../../src/protocol/ready.ts'
import type { RaftSettings } from '../../src/protocol/settings.ts'
import type { ConfState, Entry, HardState, LogIndex, LogPosition, PeerId, Role, Term } from '../../src/protocol/types.ts'
import type { Disk } from './disk.ts'

/** Ticks of silence before an election, at least; at most twice that. */
export const ELECTION_TICKS = 10

export interface PeerOptions {
  readonly id: PeerId
  readonly voters: readonly PeerId[]
  readonly disk: Disk
  readonly steps: PeerSteps
  readonly chance: Prng
  readonly send: (message: Message) => void
  readonly settings?: RaftSettings
  /** Instead of plain voters. */
  readonly conf?: ConfState
}

/** A write that waits for its flush, and the letters that wait for it. */
interface Pending {
  readonly ready: Ready
  readonly hard: HardState
  readonly last: LogPosition
  readonly waiting: readonly Message[]
}

interface Timer {
  readonly arm: Arm
  ticksLeft: number
}

export class TestPeer {
  readonly id: PeerId
  readonly disk: Disk
  /** Set it to hold flushes back; then {@link flush} delivers them. */
  slowDisk = false
  /** Set it to hold back what is committed: the state machine is busy. */
  slowMachine = false
  snapshot: RoleSnapshot
  readonly applied: Entry[] = []
  readonly accepted: Accepted[] = []
  readonly refused: Refused[] = []
  readonly reads: ReadState[] = []
  readonly #options: PeerOptions
  readonly #timers = new Map<string, Timer>()
  #pending: Pending[] = []
  #applying = false

  constructor(options: PeerOptions) {
    this.id = options.id
    this.disk = options.disk
    this.#options = options
    const { settings, conf } = options
    const recalled = options.disk.recall(options.id, options.voters)
    const stepped = options.steps.start({ ...recalled, ...(settings && { settings }), ...(conf && { conf }) })
    this.snapshot = stepped[0]
    this.applied.push(...options.disk.all.slice(0, options.disk.applied))
    this.#take(stepped)
  }

  get context(): RoleSnapshot['context'] {
    return this.snapshot.context
  }
  get role(): Role {
    return roleOf(this.snapshot)
  }
  get term(): Term {
    return this.context.term
  }
  get vote(): PeerId | null {
    return this.context.vote
  }
  get leader(): PeerId | null {
    return this.context.leader
  }
  get commit(): LogIndex {
    return this.context.commit
  }
  get lastIndex(): LogIndex {
    return this.context.log.lastIndex
  }
  get entries(): readonly Entry[] {
    const { log } = this.context
    const found: Entry[] = []
    while (found.length < log.lastIndex) found.push(...log.slice(found.length + 1, log.lastIndex + 1, Number.POSITIVE_INFINITY))
    return found
  }
  /** The log as the papers draw it. */
  get terms(): readonly Term[] {
    return this.entries.map((entry) => entry.term)
  }
  /** Names of the delays whose timers are running. */
  get delays(): readonly string[] {
    return [...this.#timers.values()].map((timer) => timer.arm.delay).sort()
  }
  /** Ticks until the timer of a delay is due. */
  ticksLeft(delay: string): number | undefined {
    return this.#find(delay)?.ticksLeft
  }

  hear(message: Message): void {
    this.#take(this.#options.steps.message(this.snapshot, message))
  }

  tell(event: LocalEvent | TimerEvent): void {
    this.#take(this.#options.steps.event(this.snapshot, event))
  }

  /** Lets the timer of a delay expire now. */
  fire(delay: string): void {
    const timer = this.#find(delay)
    assert.ok(timer, `peer ${this.id} (${this.role}) has no timer ${delay}, only ${this.delays.join(', ')}`)
    this.#timers.delete(timer.arm.id)
    this.tell(timer.arm.event)
  }

  /** One tick passes. Whatever is due then fires, the earlier named first, unless another timer has stopped it. */
  tick(): void {
    for (const timer of this.#timers.values()) timer.ticksLeft--
    const due = [...this.#timers.values()].filter((timer) => timer.ticksLeft <= 0)
    for (const timer of due.sort((a, b) => ORDER.indexOf(a.arm.delay) - ORDER.indexOf(b.arm.delay))) {
      if (this.#timers.get(timer.arm.id) === timer) this.fire(timer.arm.delay)
    }
  }

  /** The disk has everything written so far: what waited for it leaves, and the peer hears of it. */
  flush(): void {
    const pending = this.#pending
    this.#pending = []
    for (const { ready, hard, last, waiting } of pending) {
      this.disk.write({ hardState: ready.hardState, entries: ready.entries, applied: this.context.applied })
      for (const message of waiting) this.#options.send(message)
      if (ready.mustSync) this.tell({ type: 'storage.persisted', term: hard.term, vote: hard.vote, last })
    }
  }

  /** The staged snapshot is in place. */
  install(): void {
    const { staged } = this.context
    assert.ok(staged, `peer ${this.id} waits for no snapshot`)
    this.disk.install(staged)
    this.tell({ type: 'snapshot.installed', index: staged.index })
  }

  /** The state machine takes what is committed; a configuration is in force from its entry on. */
  apply(): void {
    const { log, commit, applied } = this.context
    for (let at = applied; at < commit; ) {
      for (const entry of log.slice(at + 1, commit + 1, 1024)) {
        this.applied.push(entry)
        at = entry.index
        if (entry.kind === 'configuration') this.tell({ type: 'conf.applied', index: at, change: decodeChange(entry.data) })
      }
    }
    if (commit > applied) this.tell({ type: 'storage.applied', index: commit })
  }

  #find(delay: string): Timer | undefined {
    return [...this.#timers.values()].find((timer) => timer.arm.delay === delay)
  }

  #take([after, said]: Stepped): void {
    const ready = collect(this.snapshot, after, said)
    this.snapshot = after
    checkState(after.context, roleOf(after))
    checkProgress(after.context)
    for (const timer of ready.timers) {
      this.#timers.delete(timer.id)
      if (timer.type === 'arm') this.#timers.set(timer.id, { arm: timer, ticksLeft: this.#draw(timer.delay) })
    }
    this.accepted.push(...ready.accepted)
    this.refused.push(...ready.refused)
    this.reads.push(...ready.reads)
    for (const message of ready.messages) if (!waitsForDisk(message)) this.#options.send(message)
    this.#write(ready)
    if (!this.slowDisk) this.flush()
    if (!this.slowMachine && !this.#applying) this.#applyAll()
  }

  #write(ready: Ready): void {
    const { term, vote, commit, log } = this.context
    const waiting = ready.messages.filter(waitsForDisk)
    if (!ready.hardState && ready.entries.length === 0 && waiting.length === 0) return
    const last = { index: log.lastIndex, term: log.lastTerm }
    this.#pending.push({ ready, hard: { term, vote, commit }, last, waiting })
  }

  #applyAll(): void {
    this.#applying = true
    let before = -1
    while (before < this.context.applied && this.context.applied < this.context.commit) {
      before = this.context.applied
      this.apply()
    }
    this.#applying = false
  }

  #draw(delay: string): number {
    if (delay === 'heartbeatInterval') return 1
    return delay === 'electionTimeout' ? this.#options.chance.between(ELECTION_TICKS, 2 * ELECTION_TICKS) : ELECTION_TICKS
  }
}

/** Of timers due at the same tick: silence is noticed before it is acted on. */
const ORDER = ['heartbeatInterval', 'voteLease', 'quorumInterval', 'electionTimeout']

/** Figure 2, "Volatile state on leaders". */
function checkProgress({ followers, log }: RoleSnapshot['context']): void {
  for (const [peer, { progress }] of followers) {
    const { match, next } = progress.context
    assert.ok(0 <= match && match < next, `peer ${peer}: match ${match}, next ${next}`)
    assert.ok(next <= log.lastIndex + 1, `peer ${peer}: next ${next} is beyond the log, which ends at ${log.lastIndex}`)
  }
}
