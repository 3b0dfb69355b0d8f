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

/** What a leader hears when its commit index moves by counting. What it is told by others was counted before, perhaps by another configuration. */
const COUNTING: ReadonlySet<string> = new Set(['AppendEntriesReply', 'storage.persisted'])

export class Copies {
  readonly #holds: Holds
  readonly #onViolation: (violation: Violation) => void
  /** Machines by group and peer. */
  readonly #machines = new Map<string, string>()
  /** Machines that lost what they had acknowledged. */
  readonly #excused = new Set<string>()
  /** The last entry that a replica was given, by machine, group and peer. */
  readonly #applied = new Map<string, LogIndex>()
  /** The last entry known to be committed, by group. */
  readonly #committed = new Map<string, LogIndex>()

  constructor(holds: Holds, onViolation: (violation: Violation) => void) {
    this.#holds = holds
    this.#onViolation = onViolation
  }

  /** What that machine acknowledged it may have lost. */
  excuse(machine: string): void {
    this.#excused.add(machine)
  }

  began(mover: Mover, { raft }: TracedState): void {
    const { machine, group, peer } = mover
    this.#machines.set(`${group} ${peer}`, machine)
    this.#applied.set(keyOf(mover), raft.applied)
  }

  stepped(mover: Mover, { cause, before, after }: Pick<TracedStep, 'cause' | 'before' | 'after'>): void {
    const { group } = mover
    if (cause.type === 'storage.persisted') this.#persisted(mover, after)
    const { commit, applied } = after.raft
    if (cause.type === 'snapshot.installed') this.#applied.set(keyOf(mover), applied)
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
    const machine = this.#machines.get(`${position.group} ${peer}`)
    if (machine === undefined) return false
    return this.#excused.has(machine) || (this.#holds(machine, position) ?? true)
  }
}

const keyOf = ({ machine, group, peer }: Mover): string => `${machine} ${group} ${peer}`
