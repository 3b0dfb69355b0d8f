/** Puts what was fetched into the spool: one transaction at a time, and what comes meanwhile together into the next. Knows no source and no manifest. */

import type { Spool, SpooledChunk } from '../../ports/spool.ts'

export class Keeping {
  readonly #spool: Spool
  readonly #group: string
  #waiting: SpooledChunk[] = []
  /** The transaction that those who wait will be in. */
  #next: Promise<void> | null = null
  /** Settles when the one before has, well or badly. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(spool: Spool, group: string) {
    this.#spool = spool
    this.#group = group
  }

  /** Resolves when these are kept. Rejects as the spool does. Whoever calls bounds what waits. */
  keep(chunks: readonly SpooledChunk[]): Promise<void> {
    this.#waiting.push(...chunks)
    this.#next ??= this.#soon()
    return this.#next
  }

  #soon(): Promise<void> {
    const put = this.#last.then(() => {
      const chunks = this.#waiting
      this.#waiting = []
      this.#next = null
      return this.#spool.put(this.#group, chunks)
    })
    this.#last = put.catch(() => {}) // told to those who wait for it
    return put
  }
}
