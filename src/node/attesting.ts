/**
 * What our own peers have on the disk, told to everybody in their groups while it changes, and to who comes back. Of most of it only a leader hears
 * otherwise, and of what a leader has itself nobody: should this disk ever be rolled back, any one of them can tell. Says only what is durable.
 */

import type { Clock } from '../ports/clock.ts'
import type { StoragePersisted } from '../protocol/events.ts'
import type { LogIndex, PeerId, Term } from '../protocol/types.ts'
import type { PeerPromise } from '../wire/promises.ts'
import { birthmarkIn } from './founding.ts'
import { memberNames } from './members.ts'
import type { Outbox } from './outbox.ts'
import type { PeerHost } from './peer-host.ts'

/** How often what is new is told, in milliseconds. */
const TELL_MS = 1000

/** What is durable of a group: nothing before the first entry of its term counts, since that term's leader may still take it back. */
interface Mark {
  readonly peer: PeerId
  readonly term: Term
  readonly index: LogIndex
}

export interface AttestingOptions {
  readonly settings: { readonly id: string }
  readonly clock: Clock
  readonly outbox: Pick<Outbox, 'attest'>
  readonly find: (group: string) => Pick<PeerHost, 'id' | 'epoch' | 'table'> | undefined
}

export class Attesting {
  readonly #options: AttestingOptions
  readonly #marks = new Map<string, Mark>()
  #news = new Set<string>()
  #isDue = false
  #stopped = false

  constructor(options: AttestingOptions) {
    this.#options = options
  }

  /** That much of a group is on our disk from now on. */
  durable(group: string, { term, last }: Pick<StoragePersisted, 'term' | 'last'>): void {
    const peer = this.#options.find(group)?.id
    if (peer === undefined) return
    const index = last.term === term ? last.index : 0
    const known = this.#marks.get(group)
    if (known?.peer === peer && known.term === term && known.index === index) return
    this.#marks.set(group, { peer, term, index })
    this.#news.add(group)
    if (this.#isDue) return
    this.#isDue = true
    this.#options.clock.after(TELL_MS, () => {
      this.#isDue = false
      const news = this.#news
      this.#news = new Set()
      if (!this.#stopped) this.#tell(news)
    })
  }

  /** That node has come back, and may have missed something. */
  returned(node: string): void {
    this.#tell(this.#marks.keys(), node)
  }

  stop(): void {
    this.#stopped = true
  }

  #tell(groups: Iterable<string>, only?: string): void {
    const said = new Map<string, PeerPromise[]>()
    for (const group of groups) {
      const host = this.#options.find(group)
      const mark = this.#marks.get(group)
      if (!host || mark?.peer !== host.id) {
        this.#marks.delete(group) // that peer has left
        continue
      }
      const promise = { group, founding: birthmarkIn(host.epoch), ...mark }
      for (const node of Object.values(memberNames(host.table.membership))) {
        if (node === this.#options.settings.id || (only !== undefined && node !== only)) continue
        const promises = said.get(node) ?? []
        said.set(node, promises)
        promises.push(promise)
      }
    }
    for (const [node, promises] of said) this.#options.outbox.attest(node, promises)
  }
}
