/** Real time. */

import type { Clock } from '../ports/clock.ts'

/** The machine's monotonic clock and timers. A running node keeps its process alive, as any server does. */
export const wallClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
