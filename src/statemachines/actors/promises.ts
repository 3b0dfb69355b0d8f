/** Promises a machine leaves behind in a step that waits for none. Knows nothing of machines. */

import { promiseHooks } from 'node:v8'

/**
 * Computes, and then marks every promise made meanwhile as handled: returned, kept or dropped, and also when computing throws. A step
 * looks at none of them; left alone, one that rejects would end the process, on every node and again after every restart.
 */
export function silencingPromises<T>(compute: () => T): T {
  const made: Promise<unknown>[] = []
  const stop = promiseHooks.onInit((promise) => void made.push(promise))
  try {
    return compute()
  } finally {
    stop()
    for (const promise of made) silence(promise)
  }
}

/** By the built-in `then`: the promise's own may be the user's code, as may be what it asks the constructor for. */
function silence(promise: Promise<unknown>): void {
  try {
    void Promise.prototype.then.call(promise, undefined, () => {})
  } catch {
    // a subclass that cannot be made: nothing more can be done for it
  }
}
