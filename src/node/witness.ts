/**
 * Who could tell that a disk was rolled back: what others promised, as we heard it, and what we have ourselves, told to them. Puts the two together, and
 * sees to it that what is worth it is noted.
 */

import type { Facts, NodeStore } from '../ports/store.ts'
import type { StoragePersisted } from '../protocol/events.ts'
import type { Sender } from '../wire/envelope.ts'
import { Attesting, type AttestingOptions } from './attesting.ts'
import type { Notes } from './flush.ts'
import type { Hosting } from './hosting.ts'
import type { PeerHost } from './peer-host.ts'
import { Promises, type PromisesOptions } from './promises.ts'

export interface WitnessOptions
  extends Omit<PromisesOptions, 'isExcused' | 'settings' | 'store'>,
    Omit<AttestingOptions, 'settings' | 'clock' | 'find'> {
  readonly settings: PromisesOptions['settings'] & { readonly groups: readonly { readonly id: string }[] }
  readonly store: PromisesOptions['store'] & Pick<NodeStore, 'tombstone'>
  /** Our groups, once they are open. */
  readonly hosting: () => Pick<Hosting, 'groups' | 'quarantined'> | null
}

export class Witness implements Notes {
  readonly promises: Promises
  readonly #attesting: Attesting

  constructor(options: WitnessOptions) {
    const { settings, store, hosting } = options
    const held = new Set(settings.groups.map(({ id }) => id)) // of what the program holds no more nothing is said, whatever the store has
    this.promises = new Promises({
      ...options,
      isExcused: (group, peer) =>
        !held.has(group) || hosting()?.quarantined.has(group) === true || peer <= (store.tombstone(group)?.peer ?? 0),
    })
    this.#attesting = new Attesting({ ...options, find: (group) => hosting()?.groups.get(group)?.host })
  }

  /** A peer of ours takes part from now on, as it was found: what it has is told, too, to who was away when it was new. */
  begun(host: PeerHost): void {
    if (host.term > 0) this.#attesting.durable(host.group, host.mark)
  }

  get isEmpty(): boolean {
    return this.promises.isEmpty
  }

  take(): Facts {
    return this.promises.take()
  }

  /** That much of a group is on our disk from now on. */
  durable(group: string, mark: StoragePersisted): void {
    this.#attesting.durable(group, mark)
  }

  /** That node was started again. */
  returned(sender: Sender): void {
    this.promises.returned(sender)
    this.#attesting.returned(sender.node)
  }

  /** Nothing is told any more. */
  stop(): void {
    this.#attesting.stop()
  }
}
