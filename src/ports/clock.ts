/** Time as the hosts need it. The pure floors never see it. */

/** Cancels a timer; safe to call twice. */
export type Cancel = () => void

/** A monotonic clock and its timers. Give a node your own to control time in tests. */
export interface Clock {
  /** Milliseconds that only go forward, from an unknown start. */
  now(): number
  /** Calls back once, after at least so many milliseconds. */
  after(ms: number, callback: () => void): Cancel
  /**
   * Milliseconds of the calendar, which may jump. Only compared with itself, to notice that the machine slept while {@link now} stood still. Without
   * it nobody notices.
   */
  date?(): number
  /** Calls back in the next turn of the event loop, after what was asked for before. Default: that of Node.js. */
  soon?(callback: () => void): void
}
