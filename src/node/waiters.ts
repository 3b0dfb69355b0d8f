/** Callers who wait for an outcome: each hears exactly once, from the log, from a refusal, or from the clock. Bounded. */

import { FlotillaError } from '../base/errors.ts'
import { WAITERS_MAX } from '../base/limits.ts'
import type { LogIndex, Term } from '../protocol/types.ts'

/** What a caller gets. */
export interface Outcome {
  readonly index: LogIndex
  readonly term: Term
  readonly body: Uint8Array
}

interface Waiter {
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: FlotillaError) => void
  readonly dueAt: number
  readonly writes: boolean
}

/** A proposal that is in our log, waiting to be applied. */
interface Seat {
  readonly ticket: number
  readonly term: Term
  /** Whoever proposed something for the same index in an earlier reign: which of them lives is open until it commits. */
  readonly earlier: Seat | undefined
}

export class Waiters {
  readonly #waiting = new Map<number, Waiter>()
  readonly #seats = new Map<LogIndex, Seat>()
  #lastTicket: number

  /** `after`: tickets are greater than this. */
  constructor(after = 0) {
    this.#lastTicket = after
  }

  get isFull(): boolean {
    return this.#waiting.size >= WAITERS_MAX
  }

  /** A ticket, and the promise of its outcome. */
  wait(dueAt: number, writes: boolean): { readonly ticket: number; readonly outcome: Promise<Outcome> } {
    const ticket = ++this.#lastTicket
    const outcome = new Promise<Outcome>((resolve, reject) => {
      this.#waiting.set(ticket, { resolve, reject, dueAt, writes })
    })
    return { ticket, outcome }
  }

  /** These are in the log from `index` on. */
  seat(tickets: readonly number[], index: LogIndex, term: Term): void {
    for (let i = 0; i < tickets.length; i++) {
      this.#seats.set(index + i, { ticket: tickets[i] as number, term, earlier: this.#seats.get(index + i) })
    }
  }

  /** An entry was applied: whoever proposed it hears of it; whoever proposed another one for its place hears that too. */
  applied(outcome: Outcome): void {
    for (let seat = this.#rise(outcome.index); seat; seat = seat.earlier) {
      if (seat.term === outcome.term) this.resolve(seat.ticket, outcome)
      else this.reject(seat.ticket, dropped())
    }
  }

  /** The entry was refused by the state machine, with the same words everywhere. */
  failed(index: LogIndex, term: Term, error: FlotillaError): void {
    for (let seat = this.#rise(index); seat; seat = seat.earlier) {
      this.reject(seat.ticket, seat.term === term ? error : dropped())
    }
  }

  /** Entries up to `index` came as a snapshot: what became of each nobody knows who has not seen it applied. */
  skip(index: LogIndex): void {
    for (const at of [...this.#seats.keys()].filter((one) => one <= index)) {
      for (let seat = this.#rise(at); seat; seat = seat.earlier) this.reject(seat.ticket, unknownOutcome())
    }
  }

  resolve(ticket: number, outcome: Outcome): void {
    this.#take(ticket)?.resolve(outcome)
  }

  reject(ticket: number, error: FlotillaError): void {
    this.#take(ticket)?.reject(error)
  }

  /** Whoever has waited too long hears that the outcome is not known (of a write), or that there is no answer (of a read). */
  expire(now: number): void {
    for (const [ticket, waiter] of this.#waiting) {
      if (waiter.dueAt <= now) this.reject(ticket, waiter.writes ? unknownOutcome() : noAnswer())
    }
    for (const [index, seat] of this.#seats) if (!this.#isAwaited(seat)) this.#seats.delete(index)
  }

  /** Everybody hears the same. Of a write that may be in a log somewhere, only that its outcome is unknown. */
  rejectAll(error: FlotillaError): void {
    const seated = new Set([...this.#seats.values()].flatMap((seat) => [...row(seat)].map(({ ticket }) => ticket)))
    for (const ticket of [...this.#waiting.keys()]) this.reject(ticket, seated.has(ticket) ? unknownOutcome(error) : error)
    this.#seats.clear()
  }

  #take(ticket: number): Waiter | undefined {
    const waiter = this.#waiting.get(ticket)
    this.#waiting.delete(ticket)
    return waiter
  }

  /** Whoever sat at an index sits there no more: what is committed at it decides for everybody who proposed something for it. */
  #rise(index: LogIndex): Seat | undefined {
    const last = this.#seats.get(index)
    this.#seats.delete(index)
    return last
  }

  #isAwaited(last: Seat): boolean {
    for (const { ticket } of row(last)) if (this.#waiting.has(ticket)) return true
    return false
  }
}

/** A seat and the earlier ones of its index. */
function* row(last: Seat): Generator<Seat> {
  for (let seat: Seat | undefined = last; seat; seat = seat.earlier) yield seat
}

const dropped = (): FlotillaError =>
  new FlotillaError('NOT_LEADER', 'another leader took over before the command was committed; it was dropped')

const unknownOutcome = (cause?: unknown): FlotillaError =>
  new FlotillaError('TIMEOUT_UNKNOWN', 'no outcome in time: the command may or may not be applied', {}, cause)

const noAnswer = (): FlotillaError => new FlotillaError('TIMEOUT', 'no answer in time')
