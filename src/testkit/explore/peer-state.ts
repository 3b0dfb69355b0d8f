/** One peer with its disk, as a value: what a step begins with and ends in. Knows no other peer and no rule. */

import { roleOf } from '../../peer/collect.ts'
import type { RoleSnapshot } from '../../peer/role-words.ts'
import type { PeerInput } from '../../peer/step.ts'
import { type ConfChange, decodeChange } from '../../protocol/confchange.ts'
import type { Log } from '../../protocol/log.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Arm } from '../../protocol/ready.ts'
import type { RaftSettings } from '../../protocol/settings.ts'
import type { ConfState, Entry, HardState, LogIndex, LogPosition, PeerId, Role, Snapshot, TermRun } from '../../protocol/types.ts'

/** What a crash leaves. */
export interface DiskState {
  readonly hard: HardState
  readonly truncated: LogPosition
  /** From `truncated.index + 1` on. */
  readonly entries: readonly Entry[]
  readonly applied: LogIndex
  /** The configuration in force at `applied`. */
  readonly conf: ConfState
  /** The newest snapshot that can be sent. */
  readonly snapshot: Snapshot | null
}

/** A write that waits for its flush, what it ends at, and the letters that wait for it. */
export interface Write {
  readonly hard: HardState
  readonly entries: readonly Entry[]
  readonly last: LogPosition
  readonly applied: LogIndex
  readonly conf: ConfState
  readonly mustSync: boolean
  readonly waiting: readonly Message[]
}

/** When a leader's round of heartbeats began, in ticks ago. */
export interface DatedRound {
  readonly round: number
  readonly age: number
}

/** A peer, up or down. */
export interface PeerState {
  readonly id: PeerId
  /** Null: it is down. */
  readonly core: RoleSnapshot | null
  /** Timers that run, by id. */
  readonly timers: ReadonlyMap<string, Arm>
  /** Ticks since each was armed, as far as that matters. Empty where time is nothing. */
  readonly ages: ReadonlyMap<string, number>
  /** Rounds that began less than a lease ago, oldest first. */
  readonly rounds: readonly DatedRound[]
  readonly pending: readonly Write[]
  readonly disk: DiskState
}

/** A peer that is down, with that disk. */
export const downWith = (id: PeerId, disk: DiskState): PeerState => ({
  id,
  core: null,
  timers: new Map(),
  ages: new Map(),
  rounds: [],
  pending: [],
  disk,
})

/** What a restart reads. The reader sees the disk as it is now: what is written later is in the memory of who wrote it. */
export function recalled({ id, disk }: PeerState, settings: RaftSettings): PeerInput {
  const { truncated, entries, hard, conf, applied, snapshot } = disk
  return {
    id,
    conf,
    hardState: hard,
    applied,
    truncated,
    lastIndex: truncated.index + entries.length,
    runs: runsOf(entries),
    reader: { entries: (lo, hi) => entries.slice(lo - truncated.index - 1, hi - truncated.index - 1) },
    settings,
    ...(snapshot && { snapshot }),
  }
}

function runsOf(entries: readonly Entry[]): TermRun[] {
  const runs: TermRun[] = []
  for (const { index, term } of entries) if (runs.at(-1)?.term !== term) runs.push({ from: index, term })
  return runs
}

/** The disk once that write is on it. */
export function written(disk: DiskState, { hard, entries, applied, conf }: Write): DiskState {
  const first = entries[0]
  const { truncated } = disk
  const kept = first ? disk.entries.slice(0, first.index - truncated.index - 1) : disk.entries
  const state = applied > disk.applied ? { applied, conf } : {} // what was applied meanwhile is there already
  return { ...disk, hard, entries: first ? [...kept, ...entries] : kept, ...state }
}

/** Writes that wait, and one more: one is being flushed, all others become one. */
export function gathered(pending: readonly Write[], write: Write): readonly Write[] {
  const [first, second] = pending
  if (!first || !second) return [...pending, write]
  const waiting = [...second.waiting, ...write.waiting.filter((one) => !second.waiting.some((other) => isSame(one, other)))]
  const from = write.entries[0]?.index ?? Number.POSITIVE_INFINITY
  const entries = [...second.entries.filter(({ index }) => index < from), ...write.entries]
  return [first, { ...write, entries, waiting, mustSync: second.mustSync || write.mustSync }]
}

const isSame = (a: Message, b: Message): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The disk once the log up to that entry is let go of. */
export function cutOff(disk: DiskState, snapshot: Snapshot, truncated: LogPosition): DiskState {
  const entries = disk.entries.slice(Math.max(0, truncated.index - disk.truncated.index))
  return { ...disk, entries, truncated, snapshot }
}

/** The disk once a snapshot stands for everything up to its position: what follows it stays if that very entry is here. */
export function installed(disk: DiskState, snapshot: Snapshot): DiskState {
  const { index, term, conf } = snapshot
  const held = disk.entries.find((entry) => entry.index === index)
  const entries = held?.term === term ? disk.entries.filter((entry) => entry.index > index) : []
  return { ...disk, entries, truncated: { index, term }, applied: Math.max(disk.applied, index), conf, snapshot }
}

/** Everything a log holds, in memory or not. */
export function entriesOf(log: Log): readonly Entry[] {
  const found: Entry[] = []
  for (let at = log.firstIndex; at <= log.lastIndex; at = log.firstIndex + found.length)
    found.push(...log.slice(at, log.lastIndex + 1, Number.POSITIVE_INFINITY))
  return found
}

/** The change of configuration in an entry, if it is one. */
export const changeIn = (entry: Entry): ConfChange | null => (entry.kind === 'configuration' ? decodeChange(entry.data) : null)

/** A peer's role; null while it is down. */
export const roleIn = ({ core }: PeerState): Role | null => (core === null ? null : roleOf(core))
