/** What a RawNode gave its host to apply, and what the host says came of it: only what was handed out can have been applied. Knows no roles. */

import { FlotillaError } from '../base/errors.ts'
import { type ConfChange, decodeChange } from '../protocol/confchange.ts'
import type { ConfState, Entry, LogIndex } from '../protocol/types.ts'
import { appliedOf, indexOf, positionOf } from './raw-checks.ts'
import type { RawCore } from './raw-core.ts'
import type { RawStore } from './raw-store.ts'

export class RawApplied {
  readonly #core: RawCore
  readonly #store: RawStore
  #handedOut: LogIndex

  constructor(core: RawCore, store: RawStore) {
    this.#core = core
    this.#store = store
    this.#handedOut = core.context.applied
  }

  /** Up to where committed entries were handed out. */
  get handedOut(): LogIndex {
    return this.#handedOut
  }

  /** Whether there is something on our disk that may be applied. While a snapshot waits to be installed, it stands for that. */
  get isOwed(): boolean {
    const { commit, log, staged } = this.#core.context
    return staged === null && this.#handedOut < Math.min(commit, log.durableIndex)
  }

  handOut(entries: readonly Entry[]): void {
    this.#handedOut = entries.at(-1)?.index ?? this.#handedOut
  }

  /** The next change that was handed out takes effect, or is to have none. */
  change(given: ConfChange | Entry | null): ConfState {
    const { conf } = this.#core.context
    const what = appliedOf(given)
    const due = this.#due
    if (what === null) return due ? this.#switch(due, null) : conf
    if (!('data' in what)) {
      const change = due && decodeChange(due.data)
      if (due && change && isSame(what, change)) return this.#switch(due, change)
      throw invalid('this change is not the next one that was handed out', { next: due?.index })
    }
    if (what.index <= this.#handedOut && what.index < (due?.index ?? Number.POSITIVE_INFINITY)) return conf // it was, or a snapshot stands for it
    if (what.index !== due?.index || what.term !== due.term)
      throw invalid('this entry is not the next change that was handed out', { index: what.index, next: due?.index })
    return this.#switch(due, decodeChange(due.data))
  }

  /** The state machine has come to `index`. */
  upTo(index: LogIndex): void {
    if (indexOf(index) > this.#handedOut)
      throw invalid(`entries were handed out up to ${this.#handedOut}, no further can have been applied`, { index })
    for (const at of this.#core.context.log.configurations) {
      if (at <= index) this.#core.event({ type: 'conf.applied', index: at, change: null })
    }
    this.#core.event({ type: 'storage.applied', index })
  }

  /** A snapshot is in place. */
  installed(position: { readonly index: LogIndex }): void {
    const { index } = positionOf(position)
    const { staged, log } = this.#core.context
    if (staged?.index !== index) return
    const keepsEntries = log.matches(index, staged.term)
    this.#core.event({ type: 'snapshot.installed', index })
    this.#store.restore(staged, staged.conf, keepsEntries)
    this.#handedOut = Math.max(this.#handedOut, index)
  }

  /** The first change that was handed out and is not in force. */
  get #due(): Entry | undefined {
    const { log } = this.#core.context
    const next = log.configurations[0]
    return next !== undefined && next <= this.#handedOut ? log.slice(next, next + 1, 0)[0] : undefined
  }

  #switch({ index }: Entry, change: ConfChange | null): ConfState {
    this.#core.event({ type: 'conf.applied', index, change })
    const { conf } = this.#core.context
    this.#store.configure(index, conf)
    return conf
  }
}

const isSame = (one: ConfChange, other: ConfChange): boolean => plain(one) === plain(other)

const plain = ({ transition, steps, context }: ConfChange): string =>
  JSON.stringify([transition, steps.map(({ type, peer }) => [type, peer]), context])

const invalid = (message: string, details: object): FlotillaError => new FlotillaError('CONFIG_INVALID', message, { ...details })
