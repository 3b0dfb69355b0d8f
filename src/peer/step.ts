/** One peer, one event: message or local, in; a new snapshot and what to say, out. Pure. */

import type { RoleContext } from '../../machines/role.ts'
import { EMPTY } from '../base/bytes.ts'
import { APPLY_BYTES_MAX } from '../base/limits.ts'
import { NO_TRANSFER } from '../leader/handoff.ts'
import { NO_LEASE } from '../leader/lease-words.ts'
import { NO_MEMBERSHIP } from '../leader/membership-words.ts'
import type { LocalEvent, RaftEvent } from '../protocol/events.ts'
import { checkStep } from '../protocol/invariants.ts'
import { NO_READS, NOTHING_DUE } from '../protocol/leadership.ts'
import { Log, type StoredLog } from '../protocol/log.ts'
import type { Message } from '../protocol/messages.ts'
import type { Output } from '../protocol/ready.ts'
import { DEFAULT_SETTINGS, type RaftSettings } from '../protocol/settings.ts'
import { NO_VOTES } from '../protocol/state.ts'
import { triage } from '../protocol/terms.ts'
import { type ConfState, type HardState, type LogIndex, type PeerId, type Snapshot, votersOnly } from '../protocol/types.ts'
import { type RoleSnapshot, roleStepper } from './role-words.ts'

/** What a peer starts from: what its disk holds. */
export interface PeerInput extends StoredLog {
  readonly id: PeerId
  readonly conf: ConfState
  readonly hardState: HardState
  readonly applied: LogIndex
  /** What the group's host chose. Default: {@link DEFAULT_SETTINGS}. */
  readonly settings?: RaftSettings
  /** The newest snapshot that can be sent, if any. */
  readonly snapshot?: Snapshot
  /** Marks the group's first entry, if this peer comes to write it. Default: nothing. */
  readonly birthmark?: Uint8Array
}

/** An expired timer: the event that came with its `arm`. */
export interface TimerEvent {
  readonly type: string
}

/** A snapshot, and what was said on the way to it. */
export type Stepped = readonly [RoleSnapshot, readonly Output[]]

/** The context of a peer that has just read its disk. The commit index never starts behind what was applied. */
export function contextOf(input: PeerInput): RoleContext {
  const { term, vote, commit } = input.hardState
  const { settings = DEFAULT_SETTINGS } = input
  const log = Log.from({ ...input, configurations: configurationsIn(input) })
  return {
    id: input.id,
    term,
    vote,
    leader: null,
    log,
    commit: Math.min(Math.max(commit, input.applied), log.lastIndex),
    applied: input.applied,
    conf: input.conf,
    votes: NO_VOTES,
    settings,
    staged: null,
    snapshot: input.snapshot ?? null,
    sheltered: settings.leaseReads && term > 0,
    called: null,
    birthmark: input.birthmark ?? EMPTY,
    followers: new Map(),
    transfer: NO_TRANSFER,
    membership: NO_MEMBERSHIP,
    lease: NO_LEASE,
    reads: NO_READS,
    round: 0,
    uncommittedBytes: 0,
    due: NOTHING_DUE,
  }
}

/** Changes of configuration in the part of the log that is not applied yet: read once, as all of it will be to apply it. */
function configurationsIn({ applied, lastIndex, truncated, reader }: PeerInput): LogIndex[] {
  const found: LogIndex[] = []
  for (let at = Math.max(applied, truncated.index) + 1; at <= lastIndex; ) {
    const entries = reader.entries(at, lastIndex + 1, APPLY_BYTES_MAX)
    for (const { kind, index } of entries) if (kind === 'configuration') found.push(index)
    at += Math.max(1, entries.length)
  }
  return found
}

const SAMPLE = contextOf({
  id: 1,
  conf: votersOnly([1]),
  hardState: { term: 0, vote: null, commit: 0 },
  applied: 0,
  truncated: { index: 0, term: 0 },
  lastIndex: 0,
  runs: [],
  reader: { entries: () => [] },
})

/** The three ways in which a peer moves. */
export interface PeerSteps {
  /** A peer begins, or begins again: as a follower (§5.2), whatever it was before. */
  start(input: PeerInput): Stepped
  /** A message from another peer: its term first, then the chart. */
  message(snapshot: RoleSnapshot, message: Message): Stepped
  /** Something on our own node, or an expired timer. */
  event(snapshot: RoleSnapshot, event: LocalEvent | TimerEvent): Stepped
}

/** Steps over a role chart. There is one in production; tests show what happens to Raft when a rule is missing from it. */
export function stepsOver(role: ReturnType<typeof roleStepper>): PeerSteps {
  const checked = (snapshot: RoleSnapshot, event: RaftEvent | TimerEvent): Stepped => {
    const [next, outputs] = role.step(snapshot, event)
    checkStep(snapshot.context, next.context)
    return [next, outputs]
  }
  return {
    start: (input) => role.start(contextOf(input)),
    message(snapshot, message) {
      const said: Output[] = []
      let now = snapshot
      for (const event of triage(snapshot.context, message)) {
        const [next, outputs] = checked(now, event)
        said.push(...outputs)
        now = next
      }
      return [now, said]
    },
    event: checked,
  }
}

const steps = stepsOver(roleStepper(SAMPLE))

/** A peer begins, or begins again: as a follower (§5.2), whatever it was before. */
export const startPeer = (input: PeerInput): Stepped => steps.start(input)

/** A message from another peer: its term first, then the chart. */
export const stepMessage = (snapshot: RoleSnapshot, message: Message): Stepped => steps.message(snapshot, message)

/** Something on our own node, or an expired timer. */
export const stepEvent = (snapshot: RoleSnapshot, event: LocalEvent | TimerEvent): Stepped => steps.event(snapshot, event)
