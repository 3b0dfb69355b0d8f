/**
 * Groups whose data on this node is damaged: what they were, why, and that they stay so until they are destroyed, also after a restart. Knows nothing of
 * what a peer does: such a one does nothing.
 */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { NodeStore } from '../ports/store.ts'
import type { PeerId } from '../protocol/types.ts'
import { type PeerLife, startPeerLife } from './lifecycle.ts'
import { keepOwnPeer, recallOwnPeer } from './own-peer.ts'

/** A group in quarantine. */
export interface Quarantined {
  readonly group: string
  /** Kind of its state machine. */
  readonly kind: string
  readonly life: PeerLife
  readonly error: FlotillaError
}

export interface QuarantineOptions {
  readonly store: Pick<NodeStore, 'remember' | 'recall' | 'destroy'>
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
    this.#note(factOf(group), error.message.slice(0, REASON_LENGTH_MAX))
  }

  /**
   * Whether a peer of ours that is a member now may begin: it is another than the one that was damaged, since an id is never given twice. In a store from
   * before it was kept which one that is, the first that is seen is taken for it.
   */
  mayBegin(group: string, peer: PeerId): boolean {
    if (!this.#groups.has(group)) return true
    const damaged = recallOwnPeer(this.#options.store, group)
    if (damaged === 0) this.#keep(keepOwnPeer(this.#options.store, group, peer))
    return damaged > 0 && peer > damaged
  }

  /**
   * Destroys what is damaged: another peer takes its place. Nothing that was told of damage is left once it resolves, also where a crash came behind the
   * destruction: it would count against who begins here next, and that one's data would be destroyed for it.
   */
  async clear(group: string): Promise<void> {
    const quarantined = this.#groups.get(group)
    const { store } = this.#options
    if (quarantined) await store.destroy(group, { peer: recallOwnPeer(store, group) }) // first: what is damaged must never look sound
    if (store.recall(factOf(group))) await store.remember(factOf(group), '')
    quarantined?.life.tell({ type: 'destroyed' })
    this.#groups.delete(group)
  }

  #note(fact: string, text: string): void {
    const { store } = this.#options
    if (store.recall(fact) !== text) this.#keep(store.remember(fact, text))
  }

  #keep(kept: Promise<void>): void {
    kept.catch((thrown: unknown) => {
      const failure = toFlotillaError(thrown, 'STORAGE_FAILED')
      if (failure.code !== 'STORE_CLOSED') this.#options.onFailure(failure)
    })
  }
}
