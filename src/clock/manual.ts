/** Time that goes on only when told: for tests. */

import type { Clock } from '../ports/clock.ts'

export interface ManualClock extends Clock {
  /** Lets so much time pass; timers fire in order, each at its own time. */
  advance(ms: number): void
}

export function manualClock(): ManualClock {
  let now = 0
  let timers: { readonly dueAt: number; readonly callback: () => void }[] = []
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { dueAt: now + ms, callback }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const next = timers.filter((timer) => timer.dueAt <= end).sort((a, b) => a.dueAt - b.dueAt)[0]
        if (!next) break
        timers = timers.filter((timer) => timer !== next)
        now = Math.max(now, next.dueAt)
        next.callback()
      }
      now = end
    },
  }
}
