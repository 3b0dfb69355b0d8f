/**
 * Peers and letters as text, under any renaming of the peers: equal text, equal future. What is dead is left out: what no rule asks for before it is set
 * anew, such as the votes of a campaign that is over, or what the last step had to say.
 */

import { roleOf } from '../../peer/collect.ts'
import type { RoleSnapshot } from '../../peer/role-words.ts'
import type { AskedRead } from '../../protocol/leadership.ts'
import type { Message } from '../../protocol/messages.ts'
import type { ConfState, Entry, PeerId, Snapshot } from '../../protocol/types.ts'
import { changeIn, type DiskState, entriesOf, type PeerState, type Write } from './peer-state.ts'

/** New ids of peers, by their old ones; 0 is nobody and stays so. */
export type Renaming = readonly number[]

const nameOf = (to: Renaming, peer: PeerId | null): number => (peer === null ? 0 : (to[peer] ?? peer))

const listed = (to: Renaming, peers: Iterable<PeerId>): string =>
  [...peers]
    .map((peer) => nameOf(to, peer))
    .sort((a, b) => a - b)
    .join()

const KINDS = { noop: 'n', command: 'c', configuration: 'm' } as const

/** An entry: its term, its kind, and what of its data tells it from others. */
export function cellOf(entry: Entry, to: Renaming): string {
  const plain = `${entry.term}${KINDS[entry.kind]}`
  const change = changeIn(entry)
  if (change === null) return plain
  const steps = change.steps.map(({ type, peer }) => `${type}${nameOf(to, peer)}`)
  return `${plain}(${change.transition} ${steps.join(' ')}${change.base ? ` of ${confOf(change.base, to)}` : ''})`
}

/** A configuration. */
export const confOf = (conf: ConfState, to: Renaming): string =>
  `${listed(to, conf.voters)}/${listed(to, conf.votersOutgoing)}/${listed(to, conf.learners)}/${listed(to, conf.learnersNext)}${conf.autoLeave ? '!' : ''}`

const snapshotOf = (snapshot: Snapshot | null, to: Renaming): string =>
  snapshot === null ? '-' : `${snapshot.index}:${snapshot.term}:${confOf(snapshot.conf, to)}`

const cellsOf = (entries: readonly Entry[], to: Renaming): string => entries.map((entry) => cellOf(entry, to)).join(' ')

/** A letter. */
export function letterText(m: Message, to: Renaming): string {
  const parts: string[] = [m.type, `${nameOf(to, m.from)}`, `${nameOf(to, m.to)}`, `${m.term}`]
  for (const [key, value] of Object.entries(m).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (key === 'type' || key === 'from' || key === 'to' || key === 'term' || value === undefined) continue
    parts.push(`${key}=${fieldText(key, value, to)}`)
  }
  return parts.join('|')
}

function fieldText(key: string, value: unknown, to: Renaming): string {
  if (key === 'entries') return cellsOf(value as readonly Entry[], to)
  if (key === 'snapshot') return snapshotOf(value as Snapshot, to)
  return key === 'target' ? `${nameOf(to, value as PeerId)}` : `${String(value)}`
}

/** A peer. Its disk is part of it if it may crash: it is read only then. */
export function peerText({ id, core, timers, ages, rounds, pending, disk }: PeerState, to: Renaming, mayCrash: boolean): string {
  const writes = pending.map((write) => writeText(write, to))
  const rest = core === null || mayCrash ? [diskText(disk, to), ...writes].join(';') : writes.join(';')
  if (core === null) return `${nameOf(to, id)} down ${rest}`
  const running = [...timers.values()].map((arm) => `${arm.delay[0]}${ages.get(arm.id) ?? ''}`).sort()
  const dated = rounds.map(({ round, age }) => `${round}@${age}`)
  return `${nameOf(to, id)} ${coreText(core, to)} ${running.join()} ${dated.join()} ${rest}`
}

/** On a disk the commit index counts only where it is beyond what was applied: that much is known anyway. */
function diskText({ hard, truncated, entries, applied, conf, snapshot }: DiskState, to: Renaming): string {
  const known = Math.max(hard.commit, applied)
  return `${hard.term},${nameOf(to, hard.vote)},${known},${applied},${truncated.index}:${truncated.term}[${cellsOf(entries, to)}]${confOf(conf, to)} ${snapshotOf(snapshot, to)}`
}

function writeText({ hard, entries, last, applied, conf, mustSync, waiting }: Write, to: Renaming): string {
  const letters = waiting.map((message) => letterText(message, to)).sort()
  const first = entries[0]?.index ?? 0
  return `${hard.term},${nameOf(to, hard.vote)},${hard.commit},${applied}@${first}[${cellsOf(entries, to)}]${last.index}:${last.term}${mustSync ? '!' : ''}${confOf(conf, to)}{${letters.join(' ')}}`
}

function coreText(core: RoleSnapshot, to: Renaming): string {
  const s = core.context
  const role = roleOf(core)
  const { log } = s
  const parts = [
    role,
    s.term,
    nameOf(to, s.vote),
    nameOf(to, s.leader),
    s.commit,
    s.applied,
    `${log.truncated.index}:${log.truncated.term}[${cellsOf(entriesOf(log), to)}]${log.durableIndex}c${log.configurations.join()}`,
    confOf(s.conf, to),
    snapshotOf(s.staged, to),
    snapshotOf(s.snapshot, to),
    s.sheltered ? 's' : '',
    s.called === s.term ? 'c' : '',
    s.round,
  ]
  if (role === 'candidate' || role === 'preCandidate') parts.push(votesText(core, to))
  if (role === 'leader') parts.push(reignText(core, to))
  return parts.join(' ')
}

const votesText = ({ context }: RoleSnapshot, to: Renaming): string =>
  [...context.votes]
    .map(([peer, granted]) => `${nameOf(to, peer)}${granted ? '+' : '-'}`)
    .sort()
    .join()

/** What only a leader keeps. */
function reignText({ context: s }: RoleSnapshot, to: Renaming): string {
  const followers = [...s.followers].map(([peer, { progress, active, round, told }]) => {
    const { match, next, paused, inflight, pendingSnapshot } = progress.context
    const sent = inflight.map(({ last }) => last).join()
    return `${nameOf(to, peer)}${progress.value}${match},${next}${paused ? 'p' : ''}(${sent})${pendingSnapshot}${active ? 'a' : ''}r${round}t${told}`
  })
  const { transfer, membership, lease, reads } = s
  const asked = [
    ...reads.queued.all.map((read) => `${askedText(read, to)}i${read.index}r${read.round}`),
    ...reads.deferred.all.map((read) => askedText(read, to)),
  ]
  return [
    followers.sort().join(' '),
    `${transfer.value}${nameOf(to, transfer.context.target)}${transfer.context.told}`,
    `${membership.value}${membership.context.pendingIndex}${membership.context.autoLeave}`,
    `${lease.value}${lease.context.round},${lease.context.floor}`,
    `${asked.join(' ')}h${reads.horizons.join()}`,
    s.uncommittedBytes,
  ].join(' ')
}

const askedText = ({ asker, tickets, since }: AskedRead, to: Renaming): string =>
  `${nameOf(to, asker)}:${tickets.join()}s${since}`
