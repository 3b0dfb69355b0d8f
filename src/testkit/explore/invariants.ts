/**
 * What must hold of a group in every state (Figure 3, docs/invariants.md), as far as no single peer can see it. What a peer can see by itself the core
 * asserts in each step.
 */

import { committedInTerm } from '../../leader/commit.ts'
import { leaseCovers } from '../../leader/lease-words.ts'
import { majority } from '../../protocol/quorum.ts'
import type { ConfState, Entry, LogIndex } from '../../protocol/types.ts'
import type { Atlas, Facts, Outcome, Past, Peer } from './atlas.ts'
import { cellOf } from './encoding.ts'
import type { Committed, PastState } from './past.ts'
import { sameNames } from './symmetry.ts'
import { freshRound } from './turn.ts'

/** A rule, and how it is broken. */
export interface Violation {
  readonly invariant: string
  readonly details: string
}

/** What happened: to whom, and what came of it. */
export interface Happened {
  readonly peers: readonly Peer[]
  readonly past: Past
  /** Who changed, by place. */
  readonly at: number
  readonly outcome: Pick<Outcome, 'reads' | 'broken'>
}

/** The past from now on, or what is broken. */
export type Judgement = Past | Violation

/** Whether something is broken. */
export const isViolation = (found: object): found is Violation => 'invariant' in found

/** Judges the state after something happened to one peer. */
export function judge(atlas: Atlas, happened: Happened): Judgement {
  const { peers, at, outcome } = happened
  if (outcome.broken) return outcome.broken
  const past = withReads(withCommits(withLeader(happened.past, peers[at] as Peer), happened), happened)
  if (isViolation(past)) return past
  const found = brokenLogs(peers, at) ?? brokenLeader(peers, past) ?? brokenLease(peers)
  return found ?? (past === happened.past ? happened.past : atlas.past(past))
}

type Next = PastState | Violation

/** Election Safety (§5.2): at most one leader in a term, for ever. */
function withLeader(past: PastState, { state, facts }: Peer): Next {
  const { role, term } = facts
  if (role !== 'leader') return past
  const known = past.leaders[term] ?? 0
  if (known === state.id) return past
  if (known !== 0) return { invariant: 'Election Safety', details: `${known} and ${state.id} both led term ${term}` }
  const leaders = Array.from({ length: Math.max(past.leaders.length, term + 1) }, (_, i) => past.leaders[i] ?? 0)
  leaders[term] = state.id
  return { ...past, leaders }
}

/** State Machine Safety (§5.4.3): what is committed at an index is so for everybody; and it is on the disks of a quorum. */
function withCommits(past: Next, { peers, at }: Happened): Next {
  if (isViolation(past)) return past
  const { facts, state } = peers[at] as Peer
  for (let index = facts.truncated + 1; index <= Math.min(facts.commit, past.committed.length); index++) {
    const [mine, known] = [facts.cells[index - facts.truncated - 1], textOf(past.committed[index - 1] as Committed)]
    if (mine !== known)
      return { invariant: 'State Machine Safety', details: `at ${index} ${known} was committed, and ${mine} by ${state.id}` }
  }
  if (facts.commit <= past.committed.length) return past
  const committed = past.committed.slice()
  for (let index = committed.length + 1; index <= facts.commit; index++) {
    const entry = facts.entries[index - facts.truncated - 1]
    const cell = facts.cells[index - facts.truncated - 1]
    if (!entry || cell === undefined || !isOnQuorum(peers, state.core?.context.conf ?? state.disk.conf, { index, cell }))
      return {
        invariant: 'Committed On Quorum',
        details: `${state.id} takes ${cell ?? 'nothing'} at ${index} for committed, which no quorum has on its disks`,
      }
    committed.push({ entry, term: facts.term })
  }
  return { ...past, committed }
}

const texts = new WeakMap<Entry, string>()

/** An entry as it is written in logs. */
function textOf({ entry }: Committed): string {
  const known = texts.get(entry)
  if (known !== undefined) return known
  const text = cellOf(entry, sameNames(0))
  texts.set(entry, text)
  return text
}

function isOnQuorum(
  peers: readonly Peer[],
  conf: ConfState,
  entry: { readonly index: LogIndex; readonly cell: string },
): boolean {
  const has = (id: number): boolean => {
    const facts = peers[id - 1]?.facts
    return facts !== undefined && onDisk(facts, entry.index, entry.cell)
  }
  return [conf.voters, conf.votersOutgoing].every((half) => half.length === 0 || half.filter(has).length >= majority(half.length))
}

const onDisk = ({ diskTruncated, diskCells }: Facts, index: LogIndex, cell: string): boolean =>
  index <= diskTruncated || diskCells[index - diskTruncated - 1] === cell

/** Thesis 6.4: a read sees at least what was committed when it was asked. */
function withReads(past: Next, { outcome }: Happened): Next {
  if (isViolation(past) || outcome.reads.length === 0) return past
  const floors = past.floors.slice()
  for (const { tickets, index } of outcome.reads)
    for (const ticket of tickets) {
      const floor = floors[ticket - 1] ?? -1
      if (index < floor)
        return {
          invariant: 'Stale Read',
          details: `read ${ticket} saw ${index} entries, and ${floor} were committed when it was asked`,
        }
      floors[ticket - 1] = -1
    }
  return { ...past, floors }
}

/** Log Matching (§5.3): logs that agree on the term at an index agree on everything up to it. */
function brokenLogs(peers: readonly Peer[], at: number): Violation | null {
  const one = peers[at] as Peer
  for (const other of peers) {
    if (other === one) continue
    const index = firstMismatch(one.facts, other.facts)
    if (index !== null)
      return {
        invariant: 'Log Matching',
        details: `${one.state.id} and ${other.state.id} differ at ${index}, and agree on a term behind it`,
      }
  }
  return null
}

function firstMismatch(a: Facts, b: Facts): LogIndex | null {
  let agreed = false
  for (let index = Math.min(a.lastIndex, b.lastIndex); index > Math.max(a.truncated, b.truncated); index--) {
    const [one, other] = [a.cells[index - a.truncated - 1] as string, b.cells[index - b.truncated - 1] as string]
    if (one === other) agreed = true
    else if (agreed || termOf(one) === termOf(other)) return index
  }
  return null
}

const termOf = (cell: string): number => Number.parseInt(cell, 10)

/** Leader Completeness (§5.4): who leads has everything that was committed in earlier terms. */
function brokenLeader(peers: readonly Peer[], { committed }: PastState): Violation | null {
  for (const { state, facts } of peers) {
    if (facts.role !== 'leader') continue
    for (let index = facts.truncated + 1; index <= committed.length; index++) {
      const known = committed[index - 1]
      if (known && known.term < facts.term && facts.cells[index - facts.truncated - 1] !== textOf(known))
        return {
          invariant: 'Leader Completeness',
          details: `${state.id} leads term ${facts.term} without ${textOf(known)} at ${index}`,
        }
    }
  }
  return null
}

/** Thesis 6.4.1: at most one peer may answer reads without asking. */
function brokenLease(peers: readonly Peer[]): Violation | null {
  const holders = peers.filter(({ state }) => state.rounds.length > 0 && holdsLease(state.core, freshRound(state.rounds)))
  if (holders.length < 2) return null
  return { invariant: 'One Lease', details: `${holders.map(({ state }) => state.id).join(' and ')} both hold one` }
}

function holdsLease(core: Peer['state']['core'], fresh: number | undefined): boolean {
  return (
    core !== null && 'leader' in Object(core.value) && leaseCovers(core.context.lease, fresh) && committedInTerm(core.context)
  )
}
