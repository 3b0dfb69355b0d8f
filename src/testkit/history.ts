/** What clients did, what they were told, and in which order. Knows no model, no checker and no clock: times are given. */

import { assert } from '../base/assert.ts'
import { FlotillaError } from '../base/errors.ts'
import { HISTORY_OPERATIONS_MAX } from '../base/limits.ts'

/** In place of a result that nobody was told. */
export const UNKNOWN: unique symbol = Symbol('unknown')
/** The type of {@link UNKNOWN}. */
export type Unknown = typeof UNKNOWN

/** When something happened: a time, and a number that orders what happened at one time. */
export interface Moment {
  readonly time: number
  readonly seq: number
}

/** One operation as its client saw it. */
export interface Operation<Op, Result> {
  readonly id: number
  readonly client: string
  readonly op: Op
  readonly invokedAt: Moment
  /** When it had certainly taken effect. Null: it may take effect at any later time, also after the end of the history, or never. */
  readonly returnedAt: Moment | null
  /** What it answered; of one that did not return {@link UNKNOWN}. */
  readonly result: Result | Unknown
  /**
   * Where it says it took effect, such as the index of its log entry (of a read: half a step after what it saw), or null. A checker tries orders
   * that follow the hints first; no verdict depends on them.
   */
  readonly hint: number | null
}

/** Operations that took effect or may have, in any order. What certainly failed is no part of it. */
export type History<Op, Result> = readonly Operation<Op, Result>[]

/** How many operations ended how. A run in which most reads failed has checked little. */
export interface Tally {
  readonly ok: number
  readonly failed: number
  /** Without an answer, those that are still open included. */
  readonly unknown: number
}

/** Which of two moments is first: negative, positive, or 0 for the same. */
export const compareMoments = (a: Moment, b: Moment): number => a.time - b.time || a.seq - b.seq

interface Draft<Op, Result> {
  readonly operation: Operation<Op, Result>
  readonly outcome: 'open' | 'ok' | 'failed' | 'unknown'
}

/** Writes a history down while it happens: `invoke` before anything is sent, then one of `ok`, `failed` and `unknown`. */
export class HistoryRecorder<Op, Result> {
  readonly #drafts: Draft<Op, Result>[] = []
  #seq = 0

  /**
   * An operation begins. Returns its id. A client may have several open: then they are concurrent, as are those it begins after one that stayed
   * unknown. Throws `TOO_LARGE` above {@link HISTORY_OPERATIONS_MAX} operations.
   */
  invoke(client: string, op: Op, time: number): number {
    const id = this.#drafts.length
    if (id >= HISTORY_OPERATIONS_MAX)
      throw new FlotillaError('TOO_LARGE', `a history has at most ${HISTORY_OPERATIONS_MAX} operations`, { id })
    const told = { returnedAt: null, result: UNKNOWN as Unknown, hint: null }
    this.#drafts.push({ operation: { id, client, op, invokedAt: this.#moment(time), ...told }, outcome: 'open' })
    return id
  }

  /** It was answered: it took effect between its beginning and now. */
  ok(id: number, result: Result, time: number): void {
    const { operation } = this.#open(id)
    this.#drafts[id] = { operation: { ...operation, returnedAt: this.#moment(time), result }, outcome: 'ok' }
  }

  /** It certainly did nothing and never will. */
  failed(id: number): void {
    this.#drafts[id] = { ...this.#open(id), outcome: 'failed' }
  }

  /** Nobody knows, and nobody will be told: it may take effect at any later time. The same as leaving it open. */
  unknown(id: number): void {
    this.#drafts[id] = { ...this.#open(id), outcome: 'unknown' }
  }

  /** Where an operation is said to have taken effect; see {@link Operation.hint}. At any time, of any operation. */
  hint(id: number, at: number): void {
    const draft = this.#draft(id)
    this.#drafts[id] = { ...draft, operation: { ...draft.operation, hint: at } }
  }

  /** What has happened so far, as a checker takes it. */
  history(): History<Op, Result> {
    return this.#drafts.filter(({ outcome }) => outcome !== 'failed').map(({ operation }) => operation)
  }

  /** How the operations ended so far. */
  tally(): Tally {
    const count = (wanted: string): number => this.#drafts.filter(({ outcome }) => outcome === wanted).length
    return { ok: count('ok'), failed: count('failed'), unknown: count('unknown') + count('open') }
  }

  #moment(time: number): Moment {
    return { time, seq: this.#seq++ }
  }

  #draft(id: number): Draft<Op, Result> {
    const draft = this.#drafts[id]
    assert(draft !== undefined, 'OPERATION_NEVER_BEGAN', { id })
    return draft
  }

  #open(id: number): Draft<Op, Result> {
    const draft = this.#draft(id)
    assert(draft.outcome === 'open', 'OPERATION_ENDED_TWICE', { id, outcome: draft.outcome })
    return draft
  }
}
