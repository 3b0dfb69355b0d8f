/** A history as a list of calls and returns, from which operations are taken out and put back (Wing and Gong). Knows no model. */

import { assert } from '../../base/assert.ts'
import { compareMoments, type History, type Moment, type Operation } from '../history.ts'

interface Event {
  readonly moment: Moment
  readonly isCall: boolean
  readonly operation: number
}

/** Calls before returns where both are at one moment: the operations are then concurrent. */
const compareEvents = (a: Event, b: Event): number => compareMoments(a.moment, b.moment) || Number(b.isCall) - Number(a.isCall)

/**
 * The required operations (those that returned) in the order of their calls, their calls and returns as a list with a head and a tail, and the
 * optional ones (those that did not), which have a call and no place in the list: they never keep another one waiting.
 */
export class Timeline<Op, Result> {
  readonly required: readonly Operation<Op, Result>[]
  readonly optional: readonly Operation<Op, Result>[]
  /** Entry behind each entry; 0 is the head. */
  readonly next: Int32Array
  readonly #previous: Int32Array
  readonly #calls: Int32Array
  readonly #returns: Int32Array
  /** Required operation of an entry: its number at its call, `~number` at its return. */
  readonly #owners: Int32Array
  /** For each optional operation the last entry before its call. */
  readonly #positions: Int32Array
  readonly tail: number

  constructor(history: History<Op, Result>) {
    const ordered = [...history].sort((a, b) => compareMoments(a.invokedAt, b.invokedAt))
    this.required = ordered.filter(({ returnedAt }) => returnedAt !== null)
    this.optional = ordered.filter(({ returnedAt }) => returnedAt === null)
    const events = eventsOf(this.required)
    this.tail = events.length + 1
    this.next = Int32Array.from({ length: events.length + 2 }, (_, entry) => entry + 1)
    this.#previous = Int32Array.from({ length: events.length + 2 }, (_, entry) => entry - 1)
    this.#owners = new Int32Array(events.length + 2)
    this.#calls = new Int32Array(this.required.length)
    this.#returns = new Int32Array(this.required.length)
    for (const [i, { isCall, operation }] of events.entries()) {
      this.#owners[i + 1] = isCall ? operation : ~operation
      if (isCall) this.#calls[operation] = i + 1
      else this.#returns[operation] = i + 1
    }
    this.#positions = positionsOf(this.optional, events)
  }

  /** Required operation whose call this entry is, or `~operation` for its return. Not of head and tail. */
  ownerOf(entry: number): number {
    return this.#owners[entry] as number
  }

  /** Whether an optional operation began before this entry. */
  began(optional: number, entry: number): boolean {
    return (this.#positions[optional] as number) < entry
  }

  /** Takes a required operation out. */
  lift(operation: number): void {
    this.#unlink(this.#calls[operation] as number)
    this.#unlink(this.#returns[operation] as number)
  }

  /** Puts it back. In the reverse order of {@link lift}, so that each entry finds its neighbours. */
  unlift(operation: number): void {
    this.#link(this.#returns[operation] as number)
    this.#link(this.#calls[operation] as number)
  }

  #unlink(entry: number): void {
    const before = this.#previous[entry] as number
    const after = this.next[entry] as number
    this.next[before] = after
    this.#previous[after] = before
  }

  #link(entry: number): void {
    this.next[this.#previous[entry] as number] = entry
    this.#previous[this.next[entry] as number] = entry
  }
}

function eventsOf(required: readonly Operation<unknown, unknown>[]): readonly Event[] {
  const events = required.flatMap(({ id, invokedAt, returnedAt }, operation): readonly Event[] => {
    assert(returnedAt !== null && compareMoments(invokedAt, returnedAt) <= 0, 'RETURN_BEFORE_CALL', { id })
    return [
      { moment: invokedAt, isCall: true, operation },
      { moment: returnedAt, isCall: false, operation },
    ]
  })
  return events.sort(compareEvents)
}

function positionsOf(optional: readonly Operation<unknown, unknown>[], events: readonly Event[]): Int32Array {
  let passed = 0
  return Int32Array.from(optional, ({ invokedAt }) => {
    const call: Event = { moment: invokedAt, isCall: true, operation: 0 }
    while (passed < events.length && compareEvents(events[passed] as Event, call) < 0) passed++
    return passed
  })
}
