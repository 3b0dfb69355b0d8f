/** What each row of machines/progress.ts does, as a table: given a progress, an event, the next progress. */

import type { Progress, ProgressEvent } from '../../src/protocol/progress.ts'

export type ProgressState = 'probe' | 'replicate' | 'snapshot'

export interface ProgressRow {
  readonly says: string
  readonly state: ProgressState
  readonly before: Progress
  readonly event: ProgressEvent
  readonly then: ProgressState
  readonly after: Progress
}

const progress = (match: number, next: number, more: Partial<Progress> = {}): Progress => ({
  match,
  next,
  paused: false,
  inflight: [],
  pendingSnapshot: 0,
  windowMessages: 4,
  windowBytes: 1000,
  ...more,
})

/** Any legal progress: what a machine may be made with. */
export const SOME_PROGRESS: Progress = progress(0, 1)

/** A snapshot as of 11 is on its way to a follower that matches up to here. */
const pending = (match: number): Progress => progress(match, 12, { pendingSnapshot: 11 })

const inflight = (...lasts: readonly number[]): Pick<Progress, 'inflight'> => ({
  inflight: lasts.map((last) => ({ last, bytes: 10 })),
})

const FULL = inflight(3, 4, 5, 6)
const HEAVY = { inflight: [3, 4].map((last) => ({ last, bytes: 500 })) }

/** Names are short: each row is read as a sentence. */
const row = (
  says: string,
  from: readonly [ProgressState, Progress],
  event: ProgressEvent,
): Omit<ProgressRow, 'then' | 'after'> => ({
  says,
  state: from[0],
  before: from[1],
  event,
})

const leads = (start: Omit<ProgressRow, 'then' | 'after'>, then: ProgressState, after: Progress): ProgressRow => ({
  ...start,
  then,
  after,
})

const paused = { paused: true }
const sent = (last: number): ProgressEvent => ({ type: 'sent', last, bytes: 10 })
const accepted = (index: number, first = 1): ProgressEvent => ({ type: 'accepted', index, first })
const rejected = (index: number, retry: number): ProgressEvent => ({ type: 'rejected', index, retry })
const compacted = (index: number): ProgressEvent => ({ type: 'compacted', index })

const beat: ProgressEvent = { type: 'beat' }
const unreachable: ProgressEvent = { type: 'unreachable' }
const installed: ProgressEvent = { type: 'installed' }
const failed: ProgressEvent = { type: 'failed' }

/** To the snapshot, while it is on its way, and back. */
const SNAPSHOT_ROWS: readonly ProgressRow[] = [
  leads(row('cut off: a snapshot', ['probe', progress(2, 5, paused)], compacted(11)), 'snapshot', pending(2)),
  leads(row('a snapshot one ahead: it helps', ['probe', progress(10, 11)], compacted(11)), 'snapshot', pending(10)),
  leads(row('a snapshot of what it has: no use', ['probe', progress(11, 12)], compacted(11)), 'probe', progress(11, 12)),
  leads(row('cut off: the stream ends', ['replicate', progress(2, 5, inflight(4))], compacted(11)), 'snapshot', pending(2)),
  leads(row('a snapshot of what it has: no use', ['replicate', progress(11, 12)], compacted(11)), 'replicate', progress(11, 12)),
  leads(row('nothing was sent that could arrive', ['probe', progress(2, 5, paused)], installed), 'probe', progress(2, 5, paused)),
  leads(row('nothing was sent that could fail', ['probe', progress(2, 5)], failed), 'probe', progress(2, 5)),
  leads(row('an old snapshot arrived: late', ['replicate', progress(2, 5)], installed), 'replicate', progress(2, 5)),
  leads(row('an old snapshot failed: late', ['replicate', progress(2, 5)], failed), 'replicate', progress(2, 5)),

  leads(row('the follower has it: stream', ['snapshot', pending(2)], accepted(11, 12)), 'replicate', progress(11, 12)),
  leads(row('it has more than that', ['snapshot', pending(2)], accepted(15, 12)), 'replicate', progress(15, 16)),
  leads(row('less, but our log goes on there', ['snapshot', pending(2)], accepted(7, 8)), 'replicate', progress(7, 8)),
  leads(row('what we knew, and our log goes on there', ['snapshot', pending(7)], accepted(7, 8)), 'replicate', progress(7, 8)),
  leads(
    row('what we knew before, though our log goes on there: late', ['snapshot', pending(7)], accepted(6, 3)),
    'snapshot',
    pending(7),
  ),
  leads(row('less, and our log begins later: note it', ['snapshot', pending(2)], accepted(6, 8)), 'snapshot', pending(6)),
  leads(row('one less than it: note it', ['snapshot', pending(2)], accepted(10, 12)), 'snapshot', pending(10)),
  leads(row('less than we know: late', ['snapshot', pending(6)], accepted(4, 8)), 'snapshot', pending(6)),
  leads(row('it arrived, and is cut off again', ['snapshot', pending(2)], accepted(11, 20)), 'probe', progress(11, 12)),
  leads(row('more than it, and cut off again', ['snapshot', pending(2)], accepted(14, 20)), 'probe', progress(14, 15)),
  leads(
    row('carried over: probe behind it, at the next beat', ['snapshot', pending(2)], installed),
    'probe',
    progress(2, 12, paused),
  ),
  leads(row('lost: probe behind match, at the next beat', ['snapshot', pending(2)], failed), 'probe', progress(2, 3, paused)),
  leads(row('nothing is sent', ['snapshot', pending(2)], sent(14)), 'snapshot', pending(2)),
  leads(row('an append from before is rejected: late', ['snapshot', pending(2)], rejected(11, 3)), 'snapshot', pending(2)),
  leads(row('unreachable: whoever carries it will say', ['snapshot', pending(2)], unreachable), 'snapshot', pending(2)),
  leads(row('it lives: but the snapshot is on its way', ['snapshot', pending(2)], beat), 'snapshot', pending(2)),
  leads(row('one snapshot at a time', ['snapshot', pending(2)], compacted(15)), 'snapshot', pending(2)),
]

/** Every row of the chart, and every silence. */
export const PROGRESS_ROWS: readonly ProgressRow[] = [
  leads(row('a probe leaves: wait', ['probe', progress(0, 5)], sent(7)), 'probe', progress(0, 5, paused)),
  leads(row('it is accepted: stream', ['probe', progress(0, 5, paused)], accepted(7)), 'replicate', progress(7, 8)),
  leads(row('an older accept: stream from there', ['probe', progress(3, 9, paused)], accepted(4)), 'replicate', progress(4, 5)),
  leads(
    row('an accept of less than we know: late', ['probe', progress(3, 9, paused)], accepted(2)),
    'probe',
    progress(3, 9, paused),
  ),
  leads(row('rejected: one further back', ['probe', progress(0, 5, paused)], rejected(4, 4)), 'probe', progress(0, 4)),
  leads(row('rejected with a hint: as far back', ['probe', progress(0, 9, paused)], rejected(8, 3)), 'probe', progress(0, 4)),
  leads(row('rejected: never behind match', ['probe', progress(3, 9, paused)], rejected(8, 1)), 'probe', progress(3, 4)),
  leads(
    row('rejected, but another probe: late', ['probe', progress(0, 5, paused)], rejected(6, 2)),
    'probe',
    progress(0, 5, paused),
  ),
  leads(row('it lives: probe again', ['probe', progress(0, 5, paused)], { type: 'beat' }), 'probe', progress(0, 5)),
  leads(
    row('unreachable: the probe waits anyway', ['probe', progress(0, 5, paused)], { type: 'unreachable' }),
    'probe',
    progress(0, 5, paused),
  ),
  leads(row('streaming: next moves on', ['replicate', progress(2, 3)], sent(6)), 'replicate', progress(2, 7, inflight(6))),
  leads(
    row('accepted: the window moves', ['replicate', progress(2, 9, inflight(4, 6, 8))], accepted(6)),
    'replicate',
    progress(6, 9, inflight(8)),
  ),
  leads(row('accepted beyond next', ['replicate', progress(2, 3)], accepted(5)), 'replicate', progress(5, 6)),
  leads(row('accepted again: late', ['replicate', progress(6, 9)], accepted(4)), 'replicate', progress(6, 9)),
  leads(row('rejected: something was lost', ['replicate', progress(2, 9, inflight(8))], rejected(6, 2)), 'probe', progress(2, 3)),
  leads(row('rejected what matches since: late', ['replicate', progress(6, 9)], rejected(6, 2)), 'replicate', progress(6, 9)),
  leads(row('unreachable: probe', ['replicate', progress(2, 9, inflight(8))], { type: 'unreachable' }), 'probe', progress(2, 3)),
  leads(
    row('a full window: one may try', ['replicate', progress(2, 7, FULL)], { type: 'beat' }),
    'replicate',
    progress(2, 7, { inflight: FULL.inflight.slice(1) }),
  ),
  leads(
    row('a heavy window: one may try', ['replicate', progress(2, 5, HEAVY)], { type: 'beat' }),
    'replicate',
    progress(2, 5, { inflight: HEAVY.inflight.slice(1) }),
  ),
  leads(
    row('room enough: nothing', ['replicate', progress(2, 9, inflight(8))], { type: 'beat' }),
    'replicate',
    progress(2, 9, inflight(8)),
  ),
  ...SNAPSHOT_ROWS,
]
