/** The words of machines/progress.ts: what each row does to {@link Progress}. */

import { progressMachine } from '../../machines/progress.ts'
import { INFLIGHT_BYTES_MAX, INFLIGHT_MESSAGES_MAX } from '../base/limits.ts'
import { type SnapshotFrom, stepperOf } from '../chart/stepper.ts'
import { type Ask, guard, type Reduce, reducer } from '../chart/words.ts'
import type {
  AcceptedUpTo,
  Inflight,
  Progress,
  ProgressEvent,
  ProgressGuard,
  ProgressReducer,
  RejectedAt,
  Sent,
} from '../protocol/progress.ts'
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
} satisfies Record<ProgressGuard, unknown>

const reducers = {
  pause: reduce<Sent>(() => ({ paused: true })),
  resume: reduce(() => ({ paused: false })),
  restart: reduce<AcceptedUpTo>((_, e) => ({ match: e.index, next: e.index + 1, paused: false, inflight: [] })),
  backOff: reduce<RejectedAt>((p, e) => ({ next: Math.max(p.match, Math.min(e.index - 1, e.retry)) + 1, paused: false })),
  count: reduce<Sent>((p, e) => ({ next: e.last + 1, inflight: [...p.inflight, { last: e.last, bytes: e.bytes }] })),
  advance: reduce<AcceptedUpTo>((p, e) => ({
    match: e.index,
    next: Math.max(p.next, e.index + 1),
    inflight: p.inflight.filter((sent) => sent.last > e.index),
  })),
  restartProbe: reduce((p) => ({ next: p.match + 1, paused: false, inflight: [] })),
  loosen: reduce((p) => (isFull(p.inflight) ? { inflight: p.inflight.slice(1) } : {})),
} satisfies Record<ProgressReducer, unknown>

const START: Progress = { match: 0, next: 1, paused: false, inflight: [] }

/** The progress chart with its words. */
export const spokenProgress = progressMachine.provide({ guards, actions: reducers })

const chart = stepperOf(spokenProgress, START)

/** A follower of whom we know nothing but where to begin asking. */
export const startProgress = (next: LogIndex): ProgressSnapshot => chart.start({ ...START, next })[0]

export const stepProgress = (snapshot: ProgressSnapshot, event: ProgressEvent): ProgressSnapshot => chart.step(snapshot, event)[0]

/** Whether the window has no room: too many messages or bytes are on their way. */
function isFull(inflight: readonly Inflight[]): boolean {
  if (inflight.length >= INFLIGHT_MESSAGES_MAX) return true
  let bytes = 0
  for (const sent of inflight) bytes += sent.bytes
  return bytes >= INFLIGHT_BYTES_MAX
}

/** Whether another append may leave. */
export const maySend = (snapshot: ProgressSnapshot): boolean => !snapshot.context.paused && !isFull(snapshot.context.inflight)
