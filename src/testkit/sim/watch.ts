/**
 * Looks at every step of every peer, and knows what no peer can: Figure 3 over the whole group. Reads states, which are values, and the entries that a step
 * added; changes nothing.
 */

import type { RoleContext } from '../../../machines/role.ts'
import { InvariantError } from '../../base/assert.ts'
import type { Trace, TracedState, TracedStep } from '../../ports/trace.ts'
import { checkState } from '../../protocol/invariants.ts'
import type { RaftState } from '../../protocol/state.ts'
import type { ConfState, Entry, LogIndex, PeerId, Term } from '../../protocol/types.ts'
import { Copies, type Holds } from './copies.ts'
import { quorumsOverlap } from './quorums.ts'
import type { Violation } from './violation.ts'

/** What is known of an entry from whoever had it first. */
interface KnownEntry {
  readonly prevTerm: Term
  readonly digest: number
}

/** What a peer was known to have promised when it was last heard of. */
interface Promised {
  readonly term: Term
  readonly vote: PeerId | null
}

/** Whether a read that came with this step may be answered at once. */
function isAnswered(before: RaftState, after: RaftState): boolean {
  const { reads } = (after as RoleContext).due
  return reads.length > 0 && reads !== (before as RoleContext).due.reads
}

/** What is known of one group. */
class GroupLedger {
  readonly leaders = new Map<Term, PeerId>()
  readonly committed = new Map<LogIndex, Term>()
  /** By `term:index`: Log Matching says that these two determine the entry, and all before it. */
  readonly entries = new Map<string, KnownEntry>()
  readonly applied = new Map<LogIndex, Entry>()
  /** By machine and peer. */
  readonly promised = new Map<string, Promised>()
  lastCommitted = 0
  /** The newest term in which something was committed, and when that was. */
  reign: { readonly term: Term; readonly at: number } = { term: 0, at: 0 }
}

/** What the watch has to know of the world. */
export interface Surroundings {
  /** What the disks of the machines have. */
  readonly holds: Holds
  now(): number
  /** Since when the process of a machine has been awake. */
  awakeSince(machine: string): number
}

/** Where an entry was committed last, for whoever looks. */
export interface WatchedGroup {
  readonly lastCommitted: LogIndex
  /** Every entry that took effect. */
  readonly applied: ReadonlyMap<LogIndex, Entry>
}

export class Watch {
  readonly #groups = new Map<string, GroupLedger>()
  readonly #around: Surroundings
  readonly #onViolation: (violation: Violation) => void
  readonly #copies: Copies

  constructor(around: Surroundings, onViolation: (violation: Violation) => void) {
    this.#around = around
    this.#onViolation = onViolation
    this.#copies = new Copies(around.holds, onViolation)
  }

  group(id: string): WatchedGroup {
    return this.#ledger(id)
  }

  /** A machine whose disk was lost or replaced cannot know what it has promised. */
  forgive(machine: string): void {
    this.#copies.excuse(machine)
    for (const { promised } of this.#groups.values())
      for (const key of promised.keys()) if (key.startsWith(`${machine} `)) promised.delete(key)
  }

  /** Whether that machine may be without what it has acknowledged before it was forgiven. */
  lacks(machine: string): boolean {
    return this.#copies.lacks(machine)
  }

  /** The eyes of this watch in one process. `isAlive`: what a dead process does, nobody sees. */
  traceOf(machine: string, isAlive: () => boolean): Trace {
    return {
      began: (group, peer, state) => isAlive() && this.#guard(() => this.#began(machine, group, { peer, state })),
      stepped: (step) => isAlive() && this.#guard(() => this.#stepped(machine, step)),
      applied: (group, peer, entry) => {
        if (!isAlive()) return
        this.#guard(() => this.#applied(group, entry))
        this.#copies.applied({ machine, group, peer }, entry)
      },
    }
  }

  #ledger(group: string): GroupLedger {
    const ledger = this.#groups.get(group) ?? new GroupLedger()
    this.#groups.set(group, ledger)
    return ledger
  }

  #guard(look: () => void): void {
    try {
      look()
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error
      this.#onViolation({ invariant: error.invariant, message: error.message })
    }
  }

  #began(machine: string, group: string, { peer, state }: { readonly peer: PeerId; readonly state: TracedState }): void {
    const { raft, role } = state
    const before = this.#ledger(group).promised.get(`${machine} ${peer}`)
    this.#copies.began({ machine, group, peer }, state)
    checkState(raft, role)
    if (before === undefined) return
    if (raft.term < before.term)
      this.#broken('HARD_STATE_FELL', `peer ${peer} of ${group} returned in term ${raft.term} after ${before.term}`)
    if (raft.term === before.term && before.vote !== null && raft.vote !== before.vote)
      this.#broken(
        'HARD_STATE_FELL',
        `peer ${peer} of ${group} returned in term ${raft.term} with vote ${raft.vote} after ${before.vote}`,
      )
  }

  #stepped(machine: string, { group, peer, cause, before, after }: TracedStep): void {
    const ledger = this.#ledger(group)
    const [a, b] = [before.raft, after.raft]
    if (cause.type === 'storage.persisted' && 'vote' in cause)
      ledger.promised.set(`${machine} ${peer}`, { term: cause.term, vote: cause.vote })
    this.#copies.stepped({ machine, group, peer }, { cause, before, after }) // also when nothing changed: what is said to be on the disk is looked for there
    if (a === b) return
    checkState(b, after.role)
    if (a.log !== b.log) this.#entries(ledger, { group, peer, added: b.log.since(a.log), log: b.log })
    if (cause.type === 'client.read' && isAnswered(a, b)) this.#answers(machine, ledger, { group, peer, raft: b })
    if (after.role === 'leader') this.#leads(ledger, { group, peer, before, after })
    if (b.commit > a.commit) this.#committed(ledger, { group, peer, from: a.commit, raft: b })
    if (a.conf !== b.conf && cause.type !== 'snapshot.installed') this.#reconfigured(group, a.conf, b.conf) // a state jumps over changes
  }

  /** Election Safety, Leader Completeness when one takes office; Leader Append-Only while it leads. */
  #leads(ledger: GroupLedger, { group, peer, before, after }: Pick<TracedStep, 'group' | 'peer' | 'before' | 'after'>): void {
    const { term, log } = after.raft
    if (before.role !== 'leader' || before.raft.term !== term) {
      const other = ledger.leaders.get(term)
      if (other !== undefined && other !== peer)
        this.#broken('ELECTION_SAFETY', `peers ${other} and ${peer} of ${group} both lead term ${term}`)
      ledger.leaders.set(term, peer)
      for (let index = log.truncated.index + 1; index <= ledger.lastCommitted; index++) {
        const committedIn = ledger.committed.get(index)
        if (committedIn !== undefined && log.termAt(index) !== committedIn)
          this.#broken(
            'LEADER_COMPLETENESS',
            `peer ${peer} of ${group} leads term ${term} without entry ${index} of term ${committedIn}`,
          )
      }
      return
    }
    const { log: old } = before.raft
    if (log.lastIndex < old.lastIndex || (log.truncated.index <= old.lastIndex && log.termAt(old.lastIndex) !== old.lastTerm))
      this.#broken('LEADER_APPEND_ONLY', `the leader of term ${term} of ${group} changed its own log at ${old.lastIndex}`)
  }

  /**
   * Thesis 6.4.1: who answers a read at once holds a lease, and while one is held nobody leads a later term. Who slept meanwhile may answer for the moment at
   * which it was asked.
   */
  #answers(
    machine: string,
    { reign }: GroupLedger,
    at: { readonly group: string; readonly peer: PeerId; readonly raft: RaftState },
  ): void {
    const { group, peer, raft } = at
    if (reign.term <= raft.term || this.#around.awakeSince(machine) >= reign.at || reign.at === this.#around.now()) return
    this.#broken(
      'LEASE_SAFETY',
      `peer ${peer} of ${group} answers a read alone in term ${raft.term}, term ${reign.term} has committed`,
    )
  }

  /** Log Matching: who has an entry of that index and term has that entry, behind the same one. */
  #entries(
    { entries }: GroupLedger,
    {
      group,
      peer,
      added,
      log,
    }: { readonly group: string; readonly peer: PeerId; readonly added: readonly Entry[]; readonly log: RaftState['log'] },
  ): void {
    for (const entry of added) {
      const key = `${entry.term}:${entry.index}`
      const prevTerm = log.termAt(entry.index - 1)
      const found = { prevTerm: prevTerm ?? -1, digest: digestOf(entry) }
      const known = entries.get(key)
      if (known === undefined) entries.set(key, found)
      else if (known.digest !== found.digest || (prevTerm !== undefined && known.prevTerm >= 0 && known.prevTerm !== prevTerm))
        this.#broken('LOG_MATCHING', `peer ${peer} of ${group} has another entry ${entry.index} of term ${entry.term}`)
    }
  }

  #committed(
    ledger: GroupLedger,
    {
      group,
      peer,
      from,
      raft,
    }: { readonly group: string; readonly peer: PeerId; readonly from: LogIndex; readonly raft: RaftState },
  ): void {
    for (let index = Math.max(from, raft.log.truncated.index) + 1; index <= raft.commit; index++) {
      const term = raft.log.termAt(index)
      const known = ledger.committed.get(index)
      if (term === undefined) continue
      if (known === undefined) ledger.committed.set(index, term)
      else if (known !== term)
        this.#broken(
          'STATE_MACHINE_SAFETY',
          `peer ${peer} of ${group} commits entry ${index} of term ${term}, others of term ${known}`,
        )
    }
    ledger.lastCommitted = Math.max(ledger.lastCommitted, raft.commit)
    const term = raft.log.termAt(raft.commit) ?? 0
    if (term > ledger.reign.term) ledger.reign = { term, at: this.#around.now() }
  }

  #applied(group: string, entry: Entry): void {
    const { applied } = this.#ledger(group)
    const known = applied.get(entry.index)
    if (known === undefined) applied.set(entry.index, entry)
    else if (known !== entry && digestOf(known) !== digestOf(entry))
      this.#broken('STATE_MACHINE_SAFETY', `entry ${entry.index} of ${group} was applied twice, differently`)
  }

  /** §6: two configurations that follow each other have no two majorities without a common voter. */
  #reconfigured(group: string, before: ConfState, after: ConfState): void {
    if (before.voters.length === 0 || quorumsOverlap(before, after)) return
    this.#broken(
      'CONFIGURATIONS_OVERLAP',
      `${group} went from voters ${before.voters} to ${after.voters}: two majorities could decide`,
    )
  }

  #broken(invariant: string, message: string): void {
    this.#onViolation({ invariant, message })
  }
}

/** Of what an entry holds: enough to tell two from each other. */
function digestOf({ term, kind, data }: Entry): number {
  let hash = 0x811c9dc5 ^ term ^ kind.length
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
