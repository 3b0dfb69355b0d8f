/** What waits to be stepped by one peer, in order; neighbouring proposals and reads become one event. Bounded. */

import { MAILBOX_EVENTS_MAX } from '../base/limits.ts'
import type { TimerEvent } from '../peer/step.ts'
import type { LocalEvent, Proposal } from '../protocol/events.ts'
import type { Message } from '../protocol/messages.ts'

/** One thing to step: a message of another peer, or something local. */
export type Mail = { readonly message: Message } | { readonly event: LocalEvent | TimerEvent }

/** Proposals merged into one event: what a leader appends and sends in one go. */
const MERGED_MAX = 1024

export class Mailbox {
  #mail: Mail[] = []
  /** Proposals and reads that may still take neighbours: the last mail, if it is one of them. */
  #proposals: Proposal[] | null = null
  #reads: number[] | null = null

  get isEmpty(): boolean {
    return this.#mail.length === 0
  }

  /** Whether what comes from outside must wait or be refused. What comes from inside always has room. */
  get isFull(): boolean {
    return this.#mail.length >= MAILBOX_EVENTS_MAX
  }

  message(message: Message): void {
    this.#push({ message })
  }

  event(event: LocalEvent | TimerEvent): void {
    this.#push({ event })
  }

  propose(proposal: Proposal): void {
    if (this.#proposals && this.#proposals.length < MERGED_MAX) {
      this.#proposals.push(proposal)
      return
    }
    const proposals = [proposal]
    this.#push({ event: { type: 'client.propose', proposals } })
    this.#proposals = proposals
  }

  read(ticket: number): void {
    if (this.#reads) {
      this.#reads.push(ticket)
      return
    }
    const tickets = [ticket]
    this.#push({ event: { type: 'client.read', tickets } })
    this.#reads = tickets
  }

  /** Everything that waits; the mailbox is empty after. */
  take(): readonly Mail[] {
    const mail = this.#mail
    this.#mail = []
    this.#proposals = null
    this.#reads = null
    return mail
  }

  #push(mail: Mail): void {
    this.#mail.push(mail)
    this.#proposals = null
    this.#reads = null
  }
}
