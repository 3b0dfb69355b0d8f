/**
 * A node whose disk was lost or replaced is a stranger under a known name: what it promised before is gone, so its voice must not count. Those
 * who notice tell it. A node that a majority calls a stranger stops, instead of talking to the deaf, and so does one whose leader calls it that: a majority
 * made it the leader. Any other single voice may itself be the stranger's: also that of who led a moment ago, and has begun anew from an older disk.
 */

import { text, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { StoreIdentity } from '../ports/store.ts'
import type { Subscription, Transport } from '../ports/transport.ts'
import { majority } from '../protocol/quorum.ts'
import type { Sender } from '../wire/envelope.ts'
import type { Subjects } from '../wire/subjects.ts'
import { runOf } from './acquaintance.ts'

/** What a leader adds to its word. */
const LEADS = 'leads'

/** One run of a stranger is told this often at most. */
const TELL_MS = 1000

export interface StrangersOptions {
  readonly self: string
  /** Names of those who share a group with us, now. */
  readonly neighbours: () => ReadonlySet<string>
  /** Names of those who lead our groups, as far as we know; our own where we do. */
  readonly leaders: () => ReadonlySet<string>
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
}

export class Strangers {
  readonly #options: StrangersOptions
  /** By node: which run of it was told, and when. */
  readonly #told = new Map<string, { readonly run: string; readonly at: number }>()

  constructor(options: StrangersOptions) {
    this.#options = options
  }

  /** Tells a node that its store is not the one we know under its name. */
  tell(sender: Sender): void {
    const { node } = sender
    const { self, leaders, clock, transport, subjects } = this.#options
    const told = this.#told.get(node)
    const [run, at] = [runOf(sender), clock.now()]
    if (told?.run === run && at - told.at < TELL_MS) return // another run has not heard it
    this.#told.set(node, { run, at })
    transport.publish(subjects.node(node, 'stranger'), utf8([self, run, ...(leaders().has(self) ? [LEADS] : [])].join(' ')))
  }

  /**
   * Calls back when a majority of the cluster says so of our own run: what is said of another, a copy may have earned. `onDoubted`: some do, but no majority
   * yet, and the others should hear us; once a second at most.
   */
  listen(
    identity: Pick<StoreIdentity, 'uuid' | 'boot' | 'run'>,
    { onRefused, onDoubted }: { readonly onRefused: (error: FlotillaError) => void; readonly onDoubted?: () => void },
  ): Subscription {
    const { self, neighbours, leaders, clock, transport, subjects } = this.#options
    const { uuid: store, boot, run } = identity
    const us = runOf({ store, boot, run })
    const voices = new Set<string>()
    let doubtedAt = Number.NEGATIVE_INFINITY
    return transport.subscribe(subjects.node(self, 'stranger'), (m) => {
      const [by = '', about, office] = text(m.data.subarray(0, 200)).split(' ')
      if (about !== us || by === self || !neighbours().has(by)) return
      voices.add(by)
      const isLeader = office === LEADS && leaders().has(by)
      if (voices.size < majority(neighbours().size + 1) && !isLeader) {
        if (clock.now() - doubtedAt < TELL_MS) return
        doubtedAt = clock.now()
        onDoubted?.() // who has not spoken may not have heard us: a learner speaks to its leader only
        return
      }
      const message = `the cluster knows another store under the name '${self}': this node's disk was lost, replaced or copied. Start it with its old directory, or readmit it: flotilla members readmit ${self}`
      onRefused(new FlotillaError('STORE_MISMATCH', message, { node: self, store, by: [...voices] }))
    })
  }
}
