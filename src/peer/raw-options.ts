/** What a RawNode is made from, checked. Knows nothing of how it runs. */

import { FlotillaError } from '../base/errors.ts'
import { APPLY_BYTES_MAX } from '../base/limits.ts'
import { checkConf } from '../protocol/confchange.ts'
import { DEFAULT_SETTINGS, type RaftSettings } from '../protocol/settings.ts'
import {
  type ConfState,
  type Entry,
  type HardState,
  isKind,
  type LogIndex,
  type LogPosition,
  type PeerId,
  type Snapshot,
} from '../protocol/types.ts'

/** What its disk holds when a peer begins: nothing for a new group but its first configuration. */
export interface InitialState {
  /** Default: term 0, no vote, commit 0 (or the snapshot's index). */
  readonly hardState?: HardState
  /** The configuration in force after what is applied: the snapshot's, if nothing else was. */
  readonly confState: ConfState
  /** Stands for everything before the first entry. */
  readonly snapshot?: Snapshot
  /** In order, beginning right behind the snapshot, or with index 1. */
  readonly entries?: readonly Entry[]
  /**
   * How far the state machine has come: what it has taken was committed, whatever the hard state says. Default: the snapshot's index. What is committed
   * behind it comes with the first Ready.
   */
  readonly applied?: LogIndex
}

/** Options of a RawNode. Time is counted in ticks, chance comes from the seed. */
export interface RawNodeOptions extends Partial<RaftSettings> {
  /** From 1; never used twice in a group. */
  readonly id: PeerId
  /** Ticks of silence before an election, at least; twice as many at most. Default 10. */
  readonly electionTick?: number
  /** Ticks between two heartbeats of a leader. Default 1. */
  readonly heartbeatTick?: number
  /**
   * Equal seeds, equal runs. Peers of a group may share it: the id goes in, too. Who starts a peer again gives another one: it also tells late answers
   * to questions of an earlier life from those of this one. Default 1.
   */
  readonly seed?: number
  /** Bytes of committed entries in one Ready; one entry always fits. Default 1 MiB. */
  readonly maxCommittedBytesPerReady?: number
  /** Default: a peer of no group yet, that will be told its configuration by a snapshot or the log. */
  readonly initial?: InitialState
}

/** The same, complete and legal. */
export interface RawSettings {
  readonly id: PeerId
  readonly electionTick: number
  readonly heartbeatTick: number
  readonly seed: number
  readonly maxCommittedBytesPerReady: number
  readonly raft: RaftSettings
  readonly initial: Required<Omit<InitialState, 'snapshot'>> & { readonly snapshot: Snapshot | null }
}

const NOBODY: ConfState = { voters: [], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false }

/** Checks and completes. Throws `CONFIG_INVALID`, naming the option. */
export function rawSettingsOf(options: RawNodeOptions): RawSettings {
  record('options', options)
  const { id, electionTick = 10, heartbeatTick = 1, seed = 1, maxCommittedBytesPerReady = APPLY_BYTES_MAX } = options
  const raft = Object.fromEntries(
    Object.entries(DEFAULT_SETTINGS).map(([name, value]) => [name, options[name as keyof RaftSettings] ?? value]),
  ) as unknown as RaftSettings
  whole('id', id, 1)
  whole('heartbeatTick', heartbeatTick, 1)
  whole('electionTick', electionTick, heartbeatTick + 1)
  whole('seed', seed, Number.MIN_SAFE_INTEGER)
  whole('maxCommittedBytesPerReady', maxCommittedBytesPerReady, 1)
  whole('priority', raft.priority, 0)
  for (const name of ['maxSizePerMessage', 'maxInflightMessages', 'maxInflightBytes', 'maxUncommittedBytes'] as const)
    whole(name, raft[name], 1)
  for (const name of ['preVote', 'checkQuorum', 'leaseReads', 'stepDownOnRemoval', 'forwardProposals'] as const)
    if (typeof raft[name] !== 'boolean') throw invalid(`${name} is true or false`)
  if (raft.leaseReads && !raft.checkQuorum)
    throw invalid('leaseReads needs checkQuorum: without it nobody promises a leader silence')
  return { id, electionTick, heartbeatTick, seed, maxCommittedBytesPerReady, raft, initial: initialOf(options.initial) }
}

function initialOf(given: InitialState = { confState: NOBODY }): RawSettings['initial'] {
  record('initial', given)
  const { confState, snapshot = null, entries = [] } = given
  const base = snapshot?.index ?? 0
  const { hardState = { term: snapshot?.term ?? 0, vote: null, commit: base } } = given
  const applied = given.applied ?? base
  record('initial.hardState', hardState)
  if (!Array.isArray(entries)) throw invalid('initial.entries is a list')
  if (checkConf(confState) !== null) throw invalid(`initial.confState: ${checkConf(confState)}`)
  if (snapshot) checkSnapshot(snapshot)
  const last = checkEntries(entries, { index: base, term: snapshot?.term ?? 0 })
  if (hardState.vote !== null) whole('initial.hardState.vote', hardState.vote, 1)
  whole('initial.hardState.term', hardState.term, last.term)
  whole('initial.hardState.commit', hardState.commit, 0)
  whole('initial.applied', applied, base)
  if (hardState.commit > last.index) throw invalid('initial.hardState.commit is beyond the last entry')
  if (applied > last.index) throw invalid('initial.applied is beyond the last entry')
  return { confState, snapshot, entries, hardState, applied }
}

function checkSnapshot({ index, term, conf, data }: Snapshot): void {
  whole('initial.snapshot.index', index, 1)
  whole('initial.snapshot.term', term, 1)
  if (checkConf(conf) !== null) throw invalid(`initial.snapshot.conf: ${checkConf(conf)}`)
  if (!(data instanceof Uint8Array)) throw invalid('initial.snapshot.data is no Uint8Array')
}

/** One after the other, terms never falling. Returns the position of the last one. */
function checkEntries(entries: readonly Entry[], before: LogPosition): LogPosition {
  let last = before
  for (const entry of entries) {
    record(`initial.entries: entry ${last.index + 1}`, entry)
    if (entry.index !== last.index + 1 || !(entry.term >= last.term))
      throw invalid(`initial.entries: entry ${entry.index} does not follow ${last.index}`)
    whole(`initial.entries: the term of entry ${entry.index}`, entry.term, 1)
    if (!isKind(entry.kind)) throw invalid(`initial.entries: entry ${entry.index} is of an unknown kind`)
    if (!(entry.data instanceof Uint8Array)) throw invalid(`initial.entries: the data of entry ${entry.index} is no Uint8Array`)
    last = entry
  }
  return last
}

function record(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw invalid(`${name} is an object`)
}

function whole(name: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min) throw invalid(`${name} is a whole number from ${min} on, not ${String(value)}`)
}

const invalid = (message: string): FlotillaError => new FlotillaError('CONFIG_INVALID', message)
