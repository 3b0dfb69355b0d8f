/** The words of machines/progress.ts: what each row does to {@link Progress}. */

import { progressMachine } from '../../machines/progress.ts'
import { assert } from '../base/assert.ts'
import { type SnapshotFrom, stepperOf } from '../chart/stepper.ts'
import { type Ask, guard, type Reduce, reducer } from '../chart/words.ts'
import type {
  AcceptedUpTo,
  Compacted,
  Progress,
  ProgressEvent,
  ProgressGuard,
  ProgressReducer,
  RejectedAt,
  Sent,
  Window,
} from '../protocol/progress.ts'
import { DEFAULT_SETTINGS } from '../protocol/settings.ts'
import type { LogIndex } from '../protocol/types.ts'

export type ProgressSnapshot = SnapshotFrom<typeof progressMachine>

const ask = <E extends ProgressEvent>(question: Ask<Progress, E>) => guard<Progress, E>(question)
const reduce = <E extends ProgressEvent>(change: Reduce<Progress, E>) => reducer<Progress, E>(change)

const guards = {
  /** An answer that says at least what we know. */
  confirms: ask<AcceptedUpTo>((p, e) => e.index >= p.match),
  /** A rejection of something that may indeed not match; others are late. */
  genuine: ask<RejectedAt>((p, e) => e.index > p.match),
  /** Of a probe, only the answer to the last one counts. */
  genuineProbe: ask<RejectedAt>((p, e) => e.index === p.next - 1),
  /** A snapshot that holds something the follower is not known to have. */
  lacks: ask<Compacted>((p, e) => e.index > p.match),
  /** Our log goes on where the follower's ends, whatever became of the snapshot: perhaps it had more than we knew, or got it elsewhere. */
  reconnects: ask<AcceptedUpTo>((p, e) => e.index >= p.match && e.index + 1 >= e.first),
  /** The follower has all that is on its way, so nothing is awaited any more. */
  outgrows: ask<AcceptedUpTo>((p, e) => e.index >= p.pendingSnapshot),
} satisfies Record<ProgressGuard, unknown>

const reducers = {
  pause: reduce<Sent>(() => ({ paused: true })),
  resume: reduce(() => ({ paused: false })),
  restart: reduce<AcceptedUpTo>((_, e) => ({
    match: e.index,
    next: e.index + 1,
    paused: false,
    inflight: [],
    pendingSnapshot: 0,
  })),
  backOff: reduce<RejectedAt>((p, e) => ({ next: Math.max(p.match, Math.min(e.index - 1, e.retry)) + 1, paused: false })),
  count: reduce<Sent>((p, e) => ({ next: e.last + 1, inflight: [...p.inflight, { last: e.last, bytes: e.bytes }] })),
  advance: reduce<AcceptedUpTo>((p, e) => ({
    match: e.index,
    next: Math.max(p.next, e.index + 1),
    inflight: p.inflight.filter((sent) => sent.last > e.index),
  })),
  restartProbe: reduce((p) => ({ next: p.match + 1, paused: false, inflight: [] })),
  loosen: reduce((p) => (isFull(p) ? { inflight: p.inflight.slice(1) } : {})),
  pend: reduce<Compacted>((_, e) => ({ next: e.index + 1, paused: false, inflight: [], pendingSnapshot: e.index })),
  note: reduce<AcceptedUpTo>((p, e) => ({ match: Math.max(p.match, e.index) })),
  probeAfterSnapshot: reduce((p) => ({ next: Math.max(p.match, p.pendingSnapshot) + 1, paused: true, pendingSnapshot: 0 })),
  probeAfterMatch: reduce((p) => ({ next: p.match + 1, paused: true, pendingSnapshot: 0 })),
} satisfies Record<ProgressReducer, unknown>

/** A follower that is sent what fits the window. */
const freshProgress = (next: LogIndex, { maxInflightMessages, maxInflightBytes }: Window): Progress => ({
  match: 0,
  next,
  paused: false,
  inflight: [],
  pendingSnapshot: 0,
  windowMessages: maxInflightMessages,
  windowBytes: maxInflightBytes,
})

/** The progress chart with its words. */
export const spokenProgress = progressMachine.provide({ guards, actions: reducers })

const chart = stepperOf(spokenProgress, freshProgress(1, DEFAULT_SETTINGS))

/** A follower of whom we know nothing but where to begin asking, and how much may be on its way to it. */
export const startProgress = (next: LogIndex, window: Window): ProgressSnapshot => chart.start(freshProgress(next, window))[0]

export const stepProgress = (snapshot: ProgressSnapshot, event: ProgressEvent): ProgressSnapshot => chart.step(snapshot, event)[0]

/** Whether the window has no room: too many messages or bytes are on their way. */
function isFull({ inflight, windowMessages, windowBytes }: Progress): boolean {
  if (inflight.length >= windowMessages) return true
  let bytes = 0
  for (const sent of inflight) bytes += sent.bytes
  return bytes >= windowBytes
}

/** Whether another append may leave. None does while a snapshot is on its way: what would follow it is known only when it has arrived. */
export const maySend = ({ value, context }: ProgressSnapshot): boolean =>
  value !== 'snapshot' && !context.paused && !isFull(context)

/** What must hold of what we know of a follower, whatever we hear of it. Throws InvariantError. */
export function checkProgress({ value, context }: ProgressSnapshot): void {
  const { match, next, paused, inflight, pendingSnapshot } = context
  assert(0 <= match && match < next, 'PROGRESS_BEHIND_MATCH', { match, next })
  const pendingRight = value === 'snapshot' ? next === pendingSnapshot + 1 : pendingSnapshot === 0
  assert(pendingRight, 'PROGRESS_OFF_SNAPSHOT', { value, next, pendingSnapshot })
  assert(value === 'replicate' || inflight.length === 0, 'PROGRESS_INFLIGHT_UNSTREAMED', { value, inflight: inflight.length })
  assert(value === 'probe' || !paused, 'PROGRESS_PAUSED_UNPROBED', { value })
}
