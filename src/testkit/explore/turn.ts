/**
 * One thing happens to one peer: the real core is stepped, and its host does what Ready asks, in the order that Ready wants. Writes are flushed at once or
 * when the model says so; letters that promise something of the disk wait for that. Pure: a peer goes in as a value and comes out as one.
 */

import { EMPTY } from '../../base/bytes.ts'
import { checkProgress } from '../../leader/progress-words.ts'
import { collect, roleOf } from '../../peer/collect.ts'
import type { RoleSnapshot } from '../../peer/role-words.ts'
import type { Stepped, TimerEvent } from '../../peer/step.ts'
import type { LocalEvent } from '../../protocol/events.ts'
import { checkState } from '../../protocol/invariants.ts'
import type { Message } from '../../protocol/messages.ts'
import { reasonToDrop } from '../../protocol/plausible.ts'
import type { Arm, ReadState, Ready } from '../../protocol/ready.ts'
import { hardStateOf } from '../../protocol/state.ts'
import type { LogIndex } from '../../protocol/types.ts'
import {
  changeIn,
  cutOff,
  type DatedRound,
  downWith,
  gathered,
  installed,
  type PeerState,
  recalled,
  written,
} from './peer-state.ts'
import type { Host, Plain, Stimulus } from './stimulus.ts'

/** What came of it. */
export interface Turned {
  readonly peer: PeerState
  readonly sent: readonly Message[]
  readonly reads: readonly ReadState[]
}

/** What becomes of a peer to which that happens. Throws what the core throws. */
export function turned(host: Host, peer: PeerState, stimulus: Stimulus): Turned {
  const turn = new Turn(host, stimulus.kind === 'crash' ? downWith(peer.id, peer.disk) : peer)
  turn.take(stimulus)
  return turn
}

/** The same, but it crashes before anything of it is on the disk: what did not wait for that has left. */
export function cutShort(host: Host, peer: PeerState, stimulus: Stimulus): Turned {
  const { sent } = turned({ ...host, slowDisk: true }, peer, stimulus)
  return { peer: turned(host, peer, { kind: 'crash' }).peer, sent, reads: [] }
}

/** The first round that began less than a lease ago. */
export const freshRound = (rounds: readonly DatedRound[]): number | undefined => rounds[0]?.round

class Turn implements Turned {
  readonly sent: Message[] = []
  readonly reads: ReadState[] = []
  readonly #host: Host
  readonly #timers: Map<string, Arm>
  readonly #ages: Map<string, number>
  #peer: PeerState
  #core: RoleSnapshot
  #applying = false

  constructor(host: Host, peer: PeerState) {
    this.#host = host
    this.#peer = peer
    this.#timers = new Map(peer.timers)
    this.#ages = new Map(peer.ages)
    if (peer.core) this.#core = peer.core
    else {
      const stepped = host.steps.start(recalled(peer, host.settings))
      this.#core = stepped[0]
      this.#follow(stepped)
    }
  }

  get peer(): PeerState {
    return { ...this.#peer, core: this.#core, timers: this.#timers, ages: this.#ages }
  }

  take(stimulus: Stimulus): void {
    const { context } = this.#core
    switch (stimulus.kind) {
      case 'hear':
        if (reasonToDrop(context, stimulus.message) === null) this.#follow(this.#host.steps.message(this.#core, stimulus.message))
        break
      case 'fire':
        this.#fire(stimulus.delay)
        break
      case 'propose':
        this.#tell({ type: 'client.propose', proposals: [{ ticket: 0, kind: 'command', data: EMPTY }] })
        break
      case 'read':
        this.#read(stimulus.ticket)
        break
      case 'reconfigure':
        this.#tell({ type: 'client.reconfigure', ticket: 0, change: stimulus.change })
        break
      case 'transfer':
        this.#tell({ type: 'client.transfer', ticket: 0, to: stimulus.to })
        break
      case 'install':
        this.#install()
        break
      case 'abandon':
        if (context.staged) this.#tell({ type: 'snapshot.abandoned', index: context.staged.index })
        break
      default:
        this.#do(stimulus.kind)
    }
  }

  #do(kind: Plain): void {
    if (kind === 'flush') this.#flush()
    else if (kind === 'apply') this.#applyNext()
    else if (kind === 'compact') this.#compact()
    else if (kind === 'report') this.#report()
    else if (kind === 'tick') this.#tick()
    else if (kind === 'jump') this.#jump()
  }

  #tell(event: LocalEvent | TimerEvent): void {
    this.#follow(this.#host.steps.event(this.#core, event))
  }

  #fire(delay: string): void {
    const arm = [...this.#timers.values()].find((timer) => timer.delay === delay)
    if (!arm) return
    this.#timers.delete(arm.id)
    this.#ages.delete(arm.id)
    this.#tell(arm.event)
  }

  #read(ticket: number): void {
    const fresh = freshRound(this.#peer.rounds)
    this.#tell({ type: 'client.read', tickets: [ticket], ...(fresh !== undefined && { freshRound: fresh }) })
  }

  #follow([after, said]: Stepped): void {
    const ready = collect(this.#core, after, said)
    const rounds = after.context.round - this.#core.context.round
    this.#core = after
    this.#check()
    this.#setTimers(ready)
    if (this.#host.ticks && rounds > 0)
      this.#peer = { ...this.#peer, rounds: [...this.#peer.rounds, { round: after.context.round, age: 0 }] }
    this.reads.push(...ready.reads)
    for (const message of ready.messages) if (!this.#host.waits(message)) this.sent.push(message)
    this.#write(ready)
    if (!this.#host.slowDisk) while (this.#peer.pending.length > 0) this.#flush()
    if (!this.#host.slowMachine && !this.#applying) this.#applyAll()
  }

  #check(): void {
    checkState(this.#core.context, roleOf(this.#core))
    for (const { progress } of this.#core.context.followers.values()) checkProgress(progress)
  }

  #setTimers(ready: Ready): void {
    for (const timer of ready.timers) {
      this.#timers.delete(timer.id)
      this.#ages.delete(timer.id)
      if (timer.type === 'disarm') continue
      this.#timers.set(timer.id, timer)
      if (this.#host.ticks) this.#ages.set(timer.id, 0)
    }
  }

  /**
   * A commit index alone need not be on the disk: it goes with the next write. While one write is being flushed, the next ones are gathered into another;
   * letters with nothing to wait for leave.
   */
  #write(ready: Ready): void {
    const waiting = ready.messages.filter(this.#host.waits)
    const { pending } = this.#peer
    if (!ready.mustSync && pending.length === 0) this.sent.push(...waiting)
    else if (!ready.mustSync && waiting.length === 0) return
    else {
      const { context } = this.#core
      const { log, conf, applied } = context
      const last = { index: log.lastIndex, term: log.lastTerm }
      const write = { hard: hardStateOf(context), entries: ready.entries, last, applied, conf, mustSync: ready.mustSync, waiting }
      this.#peer = { ...this.#peer, pending: gathered(pending, write) }
    }
  }

  /** The oldest write is on the disk: what waited for it leaves, and the peer hears of it. */
  #flush(): void {
    const [write, ...pending] = this.#peer.pending
    if (!write) return
    this.#peer = { ...this.#peer, pending, disk: written(this.#peer.disk, write) }
    this.sent.push(...write.waiting)
    const { term, vote } = write.hard
    if (write.mustSync) this.#tell({ type: 'storage.persisted', term, vote, last: write.last })
  }

  #applyAll(): void {
    this.#applying = true
    while (this.#applyNext()) {}
    this.#applying = false
    const { applied, conf } = this.#core.context
    if (applied > this.#peer.disk.applied) this.#peer = { ...this.#peer, disk: { ...this.#peer.disk, applied, conf } }
  }

  /** The state machine takes the next entry that is committed and on our own disk. */
  #applyNext(): boolean {
    const { log, commit, applied, staged } = this.#core.context
    const index: LogIndex = applied + 1
    if (staged !== null || index > Math.min(commit, log.durableIndex)) return false
    const [entry] = log.slice(index, index + 1, 1)
    if (entry?.kind === 'configuration') this.#tell({ type: 'conf.applied', index, change: changeIn(entry) })
    this.#tell({ type: 'storage.applied', index })
    return true
  }

  #compact(): void {
    const { applied: index, log, conf } = this.#core.context
    const snapshot = { index, term: log.termAt(index) ?? 0, conf, data: EMPTY }
    this.#tell({ type: 'snapshot.created', snapshot })
    this.#tell({ type: 'log.compacted', index })
    const { truncated } = this.#core.context.log
    this.#peer = { ...this.#peer, disk: cutOff(this.#peer.disk, snapshot, truncated) }
  }

  #install(): void {
    const { staged } = this.#core.context
    if (!staged) return
    this.#peer = { ...this.#peer, disk: installed(this.#peer.disk, staged) }
    this.#tell({ type: 'snapshot.installed', index: staged.index })
  }

  /** The sending of a snapshot failed, for all that the leader's node can tell. */
  #report(): void {
    for (const [peer, { progress }] of this.#core.context.followers)
      if (progress.value === 'snapshot') this.#tell({ type: 'snapshot.reported', peer, outcome: 'failed' })
  }

  #tick(): void {
    const { ticks } = this.#host
    if (!ticks) return
    for (const [id, age] of this.#ages) this.#ages.set(id, Math.min(age + 1, ticks.silence))
    const rounds = this.#peer.rounds.map(({ round, age }) => ({ round, age: age + 1 })).filter(({ age }) => age < ticks.lease)
    this.#peer = { ...this.#peer, rounds }
  }

  #jump(): void {
    this.#peer = { ...this.#peer, rounds: [] }
    this.#tell({ type: 'clock.jumped' })
  }
}
