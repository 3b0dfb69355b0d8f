/**
 * Groups whose data on this node is damaged: what they were, why, and that they stay so until they are destroyed, also after a restart. Knows nothing of
 * what a peer does: such a one does nothing.
 */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { NodeStore } from '../ports/store.ts'
import { type PeerLife, startPeerLife } from './lifecycle.ts'

/** A group in quarantine. */
export interface Quarantined {
  readonly group: string
  /** Kind of its state machine. */
  readonly kind: string
  readonly life: PeerLife
  readonly error: FlotillaError
}

export interface QuarantineOptions {
  readonly store: Pick<NodeStore, 'remember' | 'recall'>
  /** The disk failed. */
  readonly onFailure: (error: FlotillaError) => void
}

/** The fact that tells of damage met before; empty once it is gone. */
const factOf = (group: string): string => `damaged:${group}`

/** Bytes of a reason that are kept. */
const REASON_LENGTH_MAX = 500

/** What is thrown for a group that is in quarantine from before. */
const recalled = (group: string, reason: string): FlotillaError => new FlotillaError('STORE_DAMAGED', reason, { group })

/** The damage that an error tells of, if it does. */
export const damageIn = (thrown: unknown): FlotillaError | null =>
  thrown instanceof FlotillaError && thrown.code === 'STORE_DAMAGED' ? thrown : null

export class Quarantine {
  readonly #options: QuarantineOptions
  readonly #groups = new Map<string, Quarantined>()

  constructor(options: QuarantineOptions) {
    this.#options = options
  }

  get groups(): ReadonlyMap<string, Quarantined> {
    return this.#groups
  }

  /** Opens a group, unless damage of it was met before, or is met by that: then it is in quarantine, and null is returned. */
  async opening<T>(group: string, kind: string, open: () => Promise<T>): Promise<T | null> {
    try {
      const reason = this.#options.store.recall(factOf(group))
      if (reason) throw recalled(group, reason)
      return await open()
    } catch (thrown) {
      const error = damageIn(thrown)
      if (!error) throw thrown
      this.add({ group, kind, error, life: startPeerLife() })
      return null
    }
  }

  /** The group takes part no more. Its life has to be told by who knows what it was. */
  add({ group, kind, error, life }: Quarantined): void {
    life.tell({ type: 'damaged', error })
    this.#groups.set(group, { group, kind, error, life })
    this.#remember(group, error.message.slice(0, REASON_LENGTH_MAX)).catch((thrown: unknown) => {
      const failure = toFlotillaError(thrown, 'STORAGE_FAILED')
      if (failure.code !== 'STORE_CLOSED') this.#options.onFailure(failure)
    })
  }

  /** What was damaged is destroyed: nothing keeps the group from beginning anew. */
  async release(group: string): Promise<void> {
    this.#groups.get(group)?.life.tell({ type: 'destroyed' })
    this.#groups.delete(group)
    await this.#remember(group, '')
  }

  async #remember(group: string, reason: string): Promise<void> {
    if ((this.#options.store.recall(factOf(group)) ?? '') !== reason) await this.#options.store.remember(factOf(group), reason)
  }
}
