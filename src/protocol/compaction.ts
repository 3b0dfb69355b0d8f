/**
 * When a log is cut off and how far (§7), and whether a follower is sent the log or a snapshot. Arithmetic on facts; knows nothing of how a log is cut
 * or a snapshot made.
 *
 * ```
 *   truncated        to                applied     last
 *  ─────┼─────────────┼──────────────────┼───────────┤
 *  gone │   cut now   │   kept: a tail   │  not cut  │
 *                     └── at most half of the limits ┘
 * ```
 */

import { FlotillaError } from '../base/errors.ts'
import {
  INFLIGHT_BYTES_MAX,
  LOG_BYTES_MAX,
  LOG_BYTES_MIN,
  LOG_ENTRIES_MAX,
  LOG_KEPT_ENTRIES,
  SNAPSHOT_OVERHEAD_BYTES,
} from '../base/limits.ts'
import type { LogIndex } from './types.ts'

/** How long the log of a group may become. The first of the limits that is reached cuts it. */
export interface CompactionPolicy {
  /** Applied entries in the log. After any history `applied − truncated` is at most twice as many. */
  readonly entries: number
  /** Bytes of applied entries in the log. */
  readonly bytes: number
  /** The log may have so many times the bytes of the state, or 16 MiB if that is more. */
  readonly ratio: number
  /** Entries that a cut leaves, so that a slow follower needs no snapshot; at most half of what the limits allow. */
  readonly keep: number
}

/** What is chosen when nobody chooses. */
export const DEFAULT_COMPACTION: CompactionPolicy = {
  entries: LOG_ENTRIES_MAX,
  bytes: LOG_BYTES_MAX,
  ratio: 4,
  keep: LOG_KEPT_ENTRIES,
}

/** Beyond a limit by this factor, the log is cut even under a snapshot on its way. The rest up to 2 is for what one more batch may add. */
const HOLD_FACTOR = 1.5

/** Throws `CONFIG_INVALID` for a policy that is none. */
export function checkCompaction(policy: CompactionPolicy): void {
  const { entries, bytes, ratio, keep } = policy
  const wrong = (what: string): FlotillaError => new FlotillaError('CONFIG_INVALID', `compaction: ${what}`, { ...policy })
  if (!Number.isSafeInteger(entries) || entries < 1) throw wrong('entries is a whole number from 1')
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw wrong('bytes is a whole number from 1')
  if (!(ratio > 0)) throw wrong('ratio is a number above 0')
  if (!Number.isSafeInteger(keep) || keep < 0) throw wrong('keep is a whole number from 0')
}

/** Where a log stands. */
export interface LogFacts {
  /** The entry before the first of the log. */
  readonly truncated: LogIndex
  /** Last entry that the state machine has taken. */
  readonly applied: LogIndex
  /** Bytes of the entries of `(truncated, applied]`, as nearly as they are known. */
  readonly logBytes: number
  /** Bytes of the state. Unknown: the ratio is not asked. */
  readonly stateBytes?: number
  /** The oldest snapshot that is on its way to a follower that answers: entries behind it will be asked for. */
  readonly sending?: LogIndex
}

/**
 * How far the log is to be cut now; null: not at all. To be asked after each batch that was applied. Never beyond `applied`; half of a limit or
 * more goes at a time, so that cuts are rare, or what a snapshot on its way lets go.
 */
export function compactionOf(facts: LogFacts, policy: CompactionPolicy): LogIndex | null {
  const { truncated, applied, logBytes, sending } = facts
  const entries = applied - truncated
  const bytesMax = bytesLimit(facts, policy)
  if (entries <= policy.entries && logBytes <= bytesMax) return null
  const isHeld = sending !== undefined && sending >= truncated
  const isBearable = entries <= HOLD_FACTOR * policy.entries && logBytes <= HOLD_FACTOR * bytesMax
  const target = applied - tailOf({ entries, logBytes, bytesMax }, policy)
  const to = isHeld && isBearable ? Math.min(target, sending) : target
  return to > truncated ? to : null
}

const bytesLimit = ({ stateBytes }: LogFacts, { bytes, ratio }: CompactionPolicy): number =>
  stateBytes === undefined ? bytes : Math.min(bytes, Math.max(LOG_BYTES_MIN, ratio * stateBytes))

interface Length {
  readonly entries: number
  readonly logBytes: number
  readonly bytesMax: number
}

/** Entries that stay, counted by their mean size. Entries that grow are met again by the next question. */
function tailOf({ entries, logBytes, bytesMax }: Length, policy: CompactionPolicy): number {
  const byBytes = logBytes > 0 ? Math.floor((bytesMax / 2 / logBytes) * entries) : entries
  return Math.min(policy.keep, Math.floor(policy.entries / 2), byBytes)
}

/** What a leader knows of a follower that is behind, and of what it could send. */
export interface CatchUpFacts {
  /** The follower's next entry. */
  readonly next: LogIndex
  /** The follower holds nothing that is known to be ours: it is new, or its disk is. */
  readonly isNew: boolean
  /** The entry before the first of the leader's log. */
  readonly truncated: LogIndex
  /** Bytes of the entries from `next` on. */
  readonly logBytes: number
  /** The entry that a snapshot would end at. */
  readonly snapshotIndex: LogIndex
  /** Bytes of the state as it travels. Unknown: nothing is compared. */
  readonly stateBytes?: number
  /** Bytes of the entries behind `snapshotIndex`, which follow a snapshot. */
  readonly tailBytes?: number
}

/**
 * The log while there is one, unless the state costs less. Who is new has nothing to lose by a snapshot: the cheaper one. Who is only behind keeps its state
 * and goes on serving from it while entries arrive, so a log that is on its way in one window is never too dear.
 */
export function logOrSnapshot(facts: CatchUpFacts): 'log' | 'snapshot' {
  const { next, isNew, truncated, logBytes, snapshotIndex, stateBytes, tailBytes = 0 } = facts
  if (next <= truncated) return 'snapshot'
  if (stateBytes === undefined || snapshotIndex < next) return 'log'
  if (!isNew && logBytes <= INFLIGHT_BYTES_MAX) return 'log'
  return logBytes > stateBytes + tailBytes + SNAPSHOT_OVERHEAD_BYTES ? 'snapshot' : 'log'
}
