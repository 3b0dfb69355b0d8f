/** Throws away what nobody fetches any more. Knows when, not why it was kept. */

import type { Cancel, Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { SnapshotTiming } from './group.ts'
import type { Library } from './library.ts'
import type { Loans } from './loans.ts'

export interface CleaningOptions {
  readonly library: Library
  readonly loans: Pick<Loans, 'of' | 'endIdle'>
  readonly clock: Clock
  readonly logger: Logger
  /** How long all is kept; and after which silence who fetches may be gone, when there is need. */
  readonly timing: Pick<SnapshotTiming, 'keepMs' | 'silenceTimeoutMs'>
  /** Whether something of the group is on its way. */
  readonly isBusy: (group: string) => boolean
}

export class Cleaning {
  readonly #options: CleaningOptions
  readonly #due = new Map<string, Cancel>()
  #closed = false

  constructor(options: CleaningOptions) {
    this.#options = options
  }

  /** Unless something of the group is asked for again: others that lost their source may still want it. */
  later(group: string): void {
    if (this.#closed) return
    const { clock, timing, isBusy } = this.#options
    this.#due.get(group)?.()
    const cancel = clock.after(timing.keepMs, () => {
      this.#due.delete(group)
      if (isBusy(group)) this.later(group)
      else this.now(group)
    })
    this.#due.set(group, cancel)
  }

  /** What nobody fetches right now goes at once; the rest, when it is due. */
  early(): void {
    const { loans, timing, isBusy } = this.#options
    loans.endIdle(timing.silenceTimeoutMs)
    for (const group of [...this.#due.keys()]) if (!isBusy(group) && loans.of(group).length === 0) this.now(group)
  }

  /** At once. */
  now(group: string): void {
    this.#due.get(group)?.()
    this.#due.delete(group)
    this.#clean(group).catch((error: unknown) => {
      this.#options.logger.debug({ group, error: String(error) }, 'could not throw old snapshots away')
    })
  }

  close(): void {
    this.#closed = true
    for (const cancel of this.#due.values()) cancel()
    this.#due.clear()
  }

  async #clean(group: string): Promise<void> {
    const { library } = this.#options
    await library.keep(group, 'outgoing', null)
    await library.keep(group, 'incoming', null)
    await library.sweep(group)
  }
}
