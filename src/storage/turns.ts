/** One thing at a time: a store's writes run in the order in which they were asked for. Bounded; knows nothing of disks. */

import { FlotillaError } from '../base/errors.ts'

const WAITING_MAX = 10_000

/** Runs asynchronous work one after another. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** Runs the work once everything asked for before has settled. Throws `BUSY` above the bound. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= WAITING_MAX) {
      return Promise.reject(new FlotillaError('BUSY', 'too many writes wait for the store', { max: WAITING_MAX }))
    }
    this.#waiting++
    const turn = this.#last.then(work).finally(() => this.#waiting--)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** Resolves when all work asked for so far has settled, well or badly. */
  async idle(): Promise<void> {
    await this.#last
  }
}
