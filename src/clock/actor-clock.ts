/** A node's clock as actors want it, so that a test's time is theirs, too. */

import type { Cancel, Clock } from '../ports/clock.ts'

/** What an actor asks of time. A timer's id is whatever was given for it. */
export interface ActorClock {
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(id: unknown): void
}

export const actorClock = (clock: Clock): ActorClock => ({
  setTimeout: (callback, ms) => clock.after(ms, callback),
  clearTimeout: (id) => {
    if (typeof id === 'function') (id as Cancel)()
  },
})
