/** What a small world consists of, and how far it is walked. Data only. */

import type { ConfChange } from '../../protocol/confchange.ts'
import type { MessageType } from '../../protocol/messages.ts'
import type { RaftSettings } from '../../protocol/settings.ts'
import type { PeerId, Term } from '../../protocol/types.ts'
import type { Plain, Stimulus, Ticks } from './stimulus.ts'

/** How often something may happen on one way through a world. */
export interface Allowances {
  /** Commands that clients propose. */
  readonly entries: number
  /** Election timeouts that expire. */
  readonly timeouts: number
  readonly crashes: number
  /** Letters that arrive once more. Infinity: any letter, at any time, again and again. */
  readonly duplicates: number
  /** Letters that are taken away. A letter that never arrives is lost too, so this is only for comparison. */
  readonly drops: number
  /** Rounds of heartbeats that a timer begins. */
  readonly beats: number
  readonly reads: number
  /** Changes of configuration that somebody asks for. */
  readonly changes: number
  /** Logs that are cut off. */
  readonly compactions: number
  readonly transfers: number
}

/** How far a world is walked. */
export interface Bounds extends Allowances {
  readonly nodes: number
  /** No peer goes beyond this term. */
  readonly terms: Term
  /** Letters under way at once. */
  readonly letters: number
}

/** Where a walk begins. */
export interface Beginning {
  /** What is on the disks, by peer, as terms of commands from index 1 on. Missing: nothing. */
  readonly logs?: Readonly<Record<PeerId, readonly Term[]>>
  /** Everybody's term. */
  readonly term?: Term
  /** What has happened before anything goes wrong. */
  readonly acts?: readonly Act[]
}

/** Something that happens to a peer (a tick: to all), and whom its words, and the answers, and what these lead to, reach. */
export interface Act {
  readonly peer: PeerId
  readonly stimulus: Stimulus
  readonly reaches: readonly PeerId[]
  /** Letters that are carried; all others are lost, or remain under way. */
  readonly carries: readonly MessageType[]
  readonly others: 'lost' | 'under way'
}

/** Peer 1 is elected by all of three, and has its first entry on every disk. Nobody else knows yet that it is committed. */
export const LED: Act = {
  peer: 1,
  stimulus: { kind: 'fire', delay: 'electionTimeout' },
  reaches: [2, 3],
  carries: ['RequestVote', 'RequestVoteReply', 'AppendEntries', 'AppendEntriesReply'],
  others: 'lost',
}

/** A small world. */
export interface Model {
  readonly name: string
  /** One sentence: what is looked at. */
  readonly about: string
  /** What is walked when nobody says otherwise: seconds. */
  readonly bounds: Bounds
  readonly settings: Partial<RaftSettings>
  /** Letters that are carried; all others are lost. */
  readonly carries: ReadonlySet<MessageType>
  /** Of these, letters that never arrive twice: each time would be another question, and there would be no end. */
  readonly once?: ReadonlySet<MessageType>
  /** Timers that may expire. */
  readonly timers: readonly string[]
  /** What else may happen to a peer, beside proposals, reads and crashes. */
  readonly also: readonly Plain[]
  readonly changes: readonly ConfChange[]
  /** Peers that vote in the beginning. Missing: all. */
  readonly voters?: readonly PeerId[]
  /** Whose election timeouts may expire. Missing: everybody's. */
  readonly impatient?: readonly PeerId[]
  /** Whom clients ask for commands and changes. Missing: everybody. */
  readonly asked?: readonly PeerId[]
  readonly beginnings: readonly Beginning[]
  readonly slowDisk: boolean
  readonly slowMachine: boolean
  readonly ticks: Ticks | null
  /** Whether peers may change their names: not where the order of ids decides anything. */
  readonly symmetric: boolean
  /** Seeded bugs that it must find. */
  readonly kills: readonly string[]
}

/** Nothing but elections is allowed, and whatever letters do. */
export const NO_ALLOWANCES: Allowances = {
  entries: 0,
  timeouts: Number.POSITIVE_INFINITY,
  crashes: 0,
  duplicates: Number.POSITIVE_INFINITY,
  drops: 0,
  beats: 0,
  reads: 0,
  changes: 0,
  compactions: 0,
  transfers: 0,
}

/** The names of allowances, in the order in which they are counted. */
export const ALLOWANCES = Object.keys(NO_ALLOWANCES) as readonly (keyof Allowances)[]
