/** What follows when a chunk that is asked for turns out to be damaged or gone: nothing of it stays, and who offers it makes it anew. Knows no network. */

import { FlotillaError } from '../../base/errors.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Spool } from '../../ports/spool.ts'
import { type Holding, hexOf } from './library.ts'

/** A state that we offer, and can make anew. */
interface Offered {
  readonly holding: Holding | null
  mend(error: FlotillaError): void
}

export interface MendingOptions {
  readonly spool: Spool
  readonly logger: Logger
  /** What is on its way out of a group. */
  readonly offered: (group: string) => readonly Offered[]
}

export class Mending {
  readonly #options: MendingOptions
  /** Chunks that are being dropped, by group and hash: many may ask for one at a time. */
  readonly #leaving = new Set<string>()

  constructor(options: MendingOptions) {
    this.#options = options
  }

  /** That chunk, by its hash in hexadecimal, cannot be given to who asks for it. Where we do not offer it, the receiver has other sources. */
  lost(group: string, hash: string): void {
    const key = `${group} ${hash}`
    if (this.#leaving.has(key)) return
    this.#leaving.add(key)
    this.#mend(group, hash)
      .catch((error: unknown) =>
        this.#options.logger.debug({ group, chunk: hash, error: String(error) }, 'could not drop a chunk'),
      )
      .finally(() => this.#leaving.delete(key))
  }

  /** Dropped first: an export takes what is there for good. */
  async #mend(group: string, hash: string): Promise<void> {
    const { spool, logger, offered } = this.#options
    if (spool.has(group, new Uint8Array(Buffer.from(hash, 'hex')))) await spool.sweep(group, (one) => hexOf(one) !== hash)
    const harmed = offered(group).filter(({ holding }) => holding?.hashes.has(hash))
    if (harmed.length === 0) return
    logger.warn({ group, chunk: hash }, 'a chunk of a state that is offered was damaged or gone; the state is made anew')
    for (const one of harmed)
      one.mend(new FlotillaError('UNAVAILABLE', 'chunks of the state are lost again and again', { group }))
  }
}
