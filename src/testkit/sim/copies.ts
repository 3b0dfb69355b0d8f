/** What disks hold of what is said to be committed, and whether state machines are given every entry once and in order. Reads; changes nothing. */

import type { TracedState, TracedStep } from '../../ports/trace.ts'
import { majority } from '../../protocol/quorum.ts'
import type { Entry, LogIndex, PeerId, Term } from '../../protocol/types.ts'
import type { Violation } from './violation.ts'

/** A place in a group's log. */
export interface Position {
  readonly group: string
  readonly index: LogIndex
  readonly term: Term
}

/** Whether a machine's disk holds that entry, or a state in its place. Null: it has nothing of that group any more. */
export type Holds = (machine: string, position: Position) => boolean | null

/** Who moves: a peer of a group on its machine. */
export interface Mover {
  readonly machine: string
  readonly group: string
  readonly peer: PeerId
}

/** How far a log goes, and in which term its peer is. */
interface Reach {
  readonly index: LogIndex
  readonly term: Term
}

/** A peer, wherever it is. */
interface Holder {
  readonly machine: string
  /** What it has in memory: of some of it it may have said already that it is on its disk, before its steps show that. */
  reach: Reach
  /** The same when its disk lost what was on it. */
  lost: Reach | null
}

/** What a leader hears when its commit index moves by counting. What it is told by others was counted before, perhaps by another configuration. */
const COUNTING: ReadonlySet<string> = new Set(['AppendEntriesReply', 'storage.persisted'])

export class Copies {
  readonly #holds: Holds
  readonly #onViolation: (violation: Violation) => void
  /** By machine and group: the peer that began there last. */
  readonly #present = new Map<string, Holder>()
  /** See {@link placeOf}. */
  readonly #holders = new Map<string, Holder>()
  /** The last entry that a replica was given, by machine, group and peer. */
  readonly #applied = new Map<string, LogIndex>()
  /** The last entry known to be committed, by group. */
  readonly #committed = new Map<string, LogIndex>()

  constructor(holds: Holds, onViolation: (violation: Violation) => void) {
    this.#holds = holds
    this.#onViolation = onViolation
  }

  /**
   * What the peers of that machine have acknowledged it may have lost. They are excused until a leader has filled them again, and for what they had not
   * acknowledged they are not; nor is who comes in their place under a new id.
   */
  excuse(machine: string): void {
    for (const holder of this.#holders.values()) {
      if (holder.machine !== machine) continue
      const { lost, reach } = holder
      holder.lost = lost !== null && isFurther(lost, reach) ? lost : reach
    }
  }

  /** Whether a peer on that machine may be without what it has acknowledged, whoever knows of it. */
  lacks(machine: string): boolean {
    return [...this.#present.values()].some((holder) => holder.machine === machine && holder.lost !== null)
  }

  began(mover: Mover, { raft }: TracedState): void {
    const { machine, group, peer } = mover
    const lost = this.#holders.get(placeOf(group, peer))?.lost ?? null
    const holder = { machine, lost, reach: reachOf(raft) }
    this.#holders.set(placeOf(group, peer), holder)
    this.#present.set(`${machine} ${group}`, holder)
    this.#applied.set(keyOf(mover), raft.applied)
  }

  stepped(mover: Mover, { cause, before, after }: Pick<TracedStep, 'cause' | 'before' | 'after'>): void {
    const { group } = mover
    const { commit, applied } = after.raft
    const isKept = cause.type === 'storage.persisted'
    const isInstalled = cause.type === 'snapshot.installed'
    if (isKept) this.#persisted(mover, after)
    if (isInstalled) this.#applied.set(keyOf(mover), applied)
    if (before.raft.log !== after.raft.log || before.raft.term !== after.raft.term) this.#grew(mover, after)
    if (isKept || isInstalled) this.#refilled(mover, after)
    if (commit === before.raft.commit || commit <= (this.#committed.get(group) ?? 0)) return
    this.#committed.set(group, commit)
    if (after.role === 'leader' && COUNTING.has(cause.type)) this.#counted(group, after)
  }

  /** Every replica is given each entry behind the one before. */
  applied(mover: Mover, { index }: Entry): void {
    const before = this.#applied.get(keyOf(mover)) ?? 0
    this.#applied.set(keyOf(mover), index)
    if (index === before + 1) return
    this.#onViolation({
      invariant: 'APPLIED_IN_ORDER',
      message: `${mover.machine} applied entry ${index} of ${mover.group} behind ${before}`,
    })
  }

  /** What a peer is told to be on its disk is there. */
  #persisted({ machine, group }: Mover, { raft }: TracedState): void {
    const { durableIndex: index } = raft.log
    const term = raft.log.termAt(index)
    if (term === undefined || index === 0 || this.#holds(machine, { group, index, term }) !== false) return
    const message = `${machine} was told that entry ${index} of term ${term} of ${group} is on its disk, which has another or none`
    this.#onViolation({ invariant: 'PERSISTED_IS_ON_DISK', message })
  }

  #grew({ group, peer }: Mover, { raft }: TracedState): void {
    const holder = this.#holders.get(placeOf(group, peer))
    if (holder) holder.reach = reachOf(raft)
  }

  /** An entry of the term of what was lost, or of a later one, came from a leader who had what counts of that: now it is there again. */
  #refilled({ group, peer }: Mover, { raft }: TracedState): void {
    const holder = this.#holders.get(placeOf(group, peer))
    const { durableIndex: index } = raft.log
    const term = raft.log.termAt(index)
    if (holder && holder.lost !== null && term !== undefined && !isFurther(holder.lost, { index, term })) holder.lost = null
  }

  /** §5.3: what is committed is on the disks of a majority of the voters, of either half. */
  #counted(group: string, { raft }: TracedState): void {
    const { conf, commit: index, term } = raft
    if (raft.log.termAt(index) !== term) return
    for (const half of [conf.voters, conf.votersOutgoing]) {
      const holders = half.filter((peer) => this.#has(peer, { group, index, term }))
      if (half.length === 0 || holders.length >= majority(half.length)) continue
      const message = `entry ${index} of ${group} is committed in term ${term}, but only on the disks of peers [${holders}] of ${half}`
      this.#onViolation({ invariant: 'COMMITTED_IS_DURABLE', message })
    }
  }

  #has(peer: PeerId, position: Position): boolean {
    const holder = this.#holders.get(placeOf(position.group, peer))
    if (holder === undefined) return false
    const { machine, lost } = holder
    return (lost !== null && position.index <= lost.index) || (this.#holds(machine, position) ?? true)
  }
}

const reachOf = ({ term, log }: TracedState['raft']): Reach => ({ index: log.lastIndex, term })

const isFurther = (a: Reach, b: Reach): boolean => a.term > b.term || (a.term === b.term && a.index > b.index)

const placeOf = (group: string, peer: PeerId): string => `${group} ${peer}`

const keyOf = ({ machine, group, peer }: Mover): string => `${machine} ${group} ${peer}`
