/** Points in time, and how long ago they were at most: by the clock, or by the calendar if the clock slept meanwhile. Knows nothing of Raft. */

import type { Clock } from '../ports/clock.ts'

/** One reading of both. */
export interface Moment {
  /** Of the monotonic clock, in milliseconds. */
  readonly at: number
  /** Of the calendar, in milliseconds. */
  readonly date: number
}

export const momentOf = (clock: Clock): Moment => ({ at: clock.now(), date: clock.date?.() ?? 0 })

/**
 * Milliseconds from then to now, and rather too many than too few: a monotonic clock stands still while a machine is suspended, the calendar does not.
 * A clock that ran backwards vouches for nothing: infinitely many.
 */
export function ageOf(then: Moment, now: Moment): number {
  const elapsed = now.at - then.at
  return elapsed < 0 ? Number.POSITIVE_INFINITY : Math.max(elapsed, now.date - then.date)
}
