/** Turns of the event loop and pauses, by whatever clock one is given. */

import type { Clock } from '../ports/clock.ts'

/** Calls back in the next turn. */
export function soon(clock: Clock, callback: () => void): void {
  if (clock.soon) clock.soon(callback)
  else setImmediate(callback)
}

/** Lets everybody else have a turn. */
export const nextTurn = (clock: Clock): Promise<void> => new Promise((resolve) => soon(clock, resolve))

/** Waits. */
export const sleep = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve))
