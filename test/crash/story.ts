/** A made-up life of a store, from a seed: what is done to it, and what it must hold after each step. Knows no real store. */

import { type Prng, prng } from '../../src/base/prng.ts'
import type { GroupBootstrap, WriteScope } from '../../src/ports/store.ts'
import type { HardState, LogIndex, LogPosition } from '../../src/protocol/types.ts'
import { commandText } from './effects.ts'
import { imageText } from './image.ts'
import { ModelStore } from './model.ts'

/** An entry, as text. */
export interface PlainEntry {
  readonly term: number
  readonly kind: 'noop' | 'command' | 'configuration'
  readonly data: string
}

/** What one group wants written. Entries stand one behind the other from `from` on. */
export interface PlainWrite {
  readonly group: string
  readonly hardState?: HardState
  readonly from?: LogIndex
  readonly entries?: readonly PlainEntry[]
  readonly truncate?: LogPosition
}

/** Rows by `family/key`. */
export type PlainRows = Readonly<Record<string, string>>

/** The state of one group is exported, received by another, and installed there. */
export interface Ship {
  readonly do: 'ship'
  readonly from: string
  readonly to: string
  readonly hardState: HardState
  readonly at: LogPosition
}

/** One thing done to a store. Each is durable as a whole, or not at all. */
export type Step =
  | Ship
  | { readonly do: 'make'; readonly group: string; readonly replaces?: number }
  | {
      readonly do: 'write'
      readonly scope: WriteScope
      readonly apply: Readonly<Record<string, LogIndex>>
      readonly batch: readonly PlainWrite[]
    }
  | {
      readonly do: 'install'
      readonly group: string
      readonly hardState: HardState
      readonly at: LogPosition
      readonly rows: PlainRows
    }
  | { readonly do: 'stage'; readonly group: string; readonly rows: PlainRows; readonly unstage: boolean }
  | {
      readonly do: 'spool'
      readonly group: string
      readonly chunks: readonly string[]
      readonly manifest: string
      readonly sweep: boolean
    }
  | { readonly do: 'destroy'; readonly group: string; readonly peer: number }
  | { readonly do: 'remember'; readonly key: string; readonly value: string }

/** What the spool holds of each group: not part of the state, and lost in a power cut. */
export type SpoolImage = Readonly<Record<string, { readonly manifest: string | null; readonly chunks: readonly string[] }>>

/** Steps, and what is there after so many of them: `saved[0]` is an empty store. */
export interface Story {
  readonly steps: readonly Step[]
  /** What a restart finds. */
  readonly saved: readonly string[]
  /** What is seen without one. */
  readonly live: readonly string[]
  /** Last applied entry of each group, saved or not. */
  readonly applied: readonly Readonly<Record<string, LogIndex>>[]
  readonly spooled: readonly SpoolImage[]
}

/** Groups of the story; the second is destroyed and made again. */
export const GROUPS = ['kv', 'aux'] as const

/** Facts that are remembered. */
export const FACTS = ['peer0', 'peer1', 'peer2', 'peer3'] as const

/** What groups of the story start from. */
export const bootstrap = (replaces?: number): GroupBootstrap => ({
  conf: { voters: [1, 2, 3], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false },
  peers: { 1: 'a', 2: 'b', 3: 'c' },
  kind: 'crash',
  ...(replaces !== undefined && { replaces }),
})

/** Tells a story of so many steps. The same seed tells the same one. */
export function tell(seed: number, length: number): Story {
  const teller = new Teller(seed)
  const model = teller.model
  const steps: Step[] = []
  const saved = [imageText(model.image('saved'))]
  const live = [...saved]
  const applied = [model.applied()]
  const spooled = [model.spooled()]
  while (steps.length < length) {
    const last = steps.length === length - 1
    const step: Step = last ? { do: 'write', scope: 'all', apply: {}, batch: [] } : teller.next()
    model.perform(step)
    steps.push(step)
    saved.push(imageText(model.image('saved')))
    live.push(imageText(model.image('live')))
    applied.push(model.applied())
    spooled.push(model.spooled())
  }
  return { steps, saved, live, applied, spooled }
}

class Teller {
  readonly model = new ModelStore()
  readonly #prng: Prng

  constructor(seed: number) {
    this.#prng = prng(seed)
  }

  next(): Step {
    const unmade = GROUPS.find((group) => !this.model.groups.has(group))
    if (unmade) return { do: 'make', group: unmade }
    const aux = this.model.groups.get('aux')
    if (typeof aux === 'number') return { do: 'make', group: 'aux', replaces: aux }
    const draw = this.#prng.next()
    if (draw < 0.05)
      return {
        do: 'remember',
        key: FACTS[this.#prng.between(0, FACTS.length)] as string,
        value: `${this.#prng.between(0, 1000)}`,
      }
    if (draw < 0.09) return { do: 'destroy', group: 'aux', peer: this.#prng.between(1, 4) }
    if (draw < 0.13) return { do: 'stage', group: this.#group(), rows: this.#rows(), unstage: this.#chance(0.5) }
    if (draw < 0.2) return this.#install()
    if (draw < 0.24) return this.#spool()
    if (draw < 0.28 && this.model.present('kv').live.applied > 0) return { do: 'ship', from: 'kv', ...this.#ahead('aux') }
    return this.#write()
  }

  #chance(probability: number): boolean {
    return this.#prng.next() < probability
  }

  #group(): string {
    return GROUPS[this.#prng.between(0, GROUPS.length)] as string
  }

  /** Mostly a line, now and then more than fits a page. */
  #filling(): number {
    return this.#chance(0.15) ? this.#prng.between(3000, 14_000) : this.#prng.between(0, 200)
  }

  #rows(): PlainRows {
    const rows: Record<string, string> = { 'counts/all': String(this.#prng.between(0, 1000)) }
    const size = this.#chance(0.2) ? 200 : 20
    for (let i = this.#prng.between(0, size); i > 0; i--)
      rows[`marks/s${this.#prng.between(0, 300)}`] = '.'.repeat(this.#filling())
    return rows
  }

  #spool(): Step {
    const chunks = Array.from(
      { length: this.#prng.between(1, 5) },
      (_, i) => `${i}${this.#prng.next()} ${'.'.repeat(this.#filling())}`,
    )
    return { do: 'spool', group: this.#group(), chunks, manifest: `${this.#prng.next()}`, sweep: this.#chance(0.3) }
  }

  #install(): Step {
    const { to, ...where } = this.#ahead(this.#group())
    return { do: 'install', group: to, rows: this.#rows(), ...where }
  }

  /** Where a snapshot of somebody ahead would take a group. */
  #ahead(to: string): Pick<Ship, 'to' | 'at' | 'hardState'> {
    const { hardState } = this.model.present(to)
    const at = { index: hardState.commit + this.#prng.between(1, 30), term: hardState.term }
    return { to, at, hardState: { ...hardState, commit: at.index } }
  }

  #write(): Step {
    const groups = GROUPS.filter(() => this.#chance(0.7))
    const apply: Record<string, LogIndex> = {}
    for (const group of groups) {
      const { hardState, live } = this.model.present(group)
      if (this.#chance(0.8)) apply[group] = this.#prng.between(live.applied, hardState.commit + 1)
    }
    const batch = groups.map((group) => this.#groupWrite(group))
    return { do: 'write', scope: this.#chance(0.7) ? 'all' : 'batch', apply, batch }
  }

  #groupWrite(group: string): PlainWrite {
    const { hardState, entries, truncated, saved } = this.model.present(group)
    const last = truncated.index + entries.length
    let { term, vote } = hardState
    if (this.#chance(0.2)) [term, vote] = [term + 1, this.#chance(0.5) ? this.#prng.between(1, 4) : null]
    const conflict = last > hardState.commit && this.#chance(0.3)
    if (conflict && term === hardState.term) term++
    const from = conflict ? this.#prng.between(hardState.commit + 1, last + 1) : last + 1
    const added = Array.from({ length: this.#prng.between(conflict ? 1 : 0, 6) }, () => this.#entry(term))
    const end = added.length > 0 ? from + added.length - 1 : last
    const commit = this.#chance(0.7) ? this.#prng.between(hardState.commit, end + 1) : hardState.commit
    const cut = this.#chance(0.15) ? this.#prng.between(truncated.index, saved.applied + 1) : truncated.index
    const cutTerm = entries[cut - truncated.index - 1]?.term
    return {
      group,
      ...(this.#chance(0.9) || term > hardState.term || commit > hardState.commit ? { hardState: { term, vote, commit } } : {}),
      ...(added.length > 0 && { from, entries: added }),
      ...(cutTerm !== undefined && { truncate: { index: cut, term: cutTerm } }),
    }
  }

  #entry(term: number): PlainEntry {
    const draw = this.#prng.next()
    if (draw < 0.05) return { term, kind: 'noop', data: '' }
    if (draw < 0.12) return { term, kind: 'configuration', data: `n${this.#prng.between(0, 100)}` }
    return {
      term,
      kind: 'command',
      data: commandText(`k${this.#prng.between(0, 12)}`, this.#prng.between(0, 5), this.#filling()),
    }
  }
}
