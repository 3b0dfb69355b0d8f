/** What each row of machines/progress.ts does, as a table: given a progress, an event, the next progress. */

import type { Progress, ProgressEvent } from '../../src/protocol/progress.ts'

export type ProgressState = 'probe' | 'replicate'

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
  ...more,
})

const inflight = (...lasts: readonly number[]): Pick<Progress, 'inflight'> => ({
  inflight: lasts.map((last) => ({ last, bytes: 10 })),
})

const FULL = inflight(...Array.from({ length: 64 }, (_, i) => i + 3))

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
const accepted = (index: number): ProgressEvent => ({ type: 'accepted', index })
const rejected = (index: number, retry: number): ProgressEvent => ({ type: 'rejected', index, retry })

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
    row('a full window: one may try', ['replicate', progress(2, 67, FULL)], { type: 'beat' }),
    'replicate',
    progress(2, 67, { inflight: FULL.inflight.slice(1) }),
  ),
  leads(
    row('room enough: nothing', ['replicate', progress(2, 9, inflight(8))], { type: 'beat' }),
    'replicate',
    progress(2, 9, inflight(8)),
  ),
]
