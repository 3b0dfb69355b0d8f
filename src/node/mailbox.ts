/** What waits to be stepped by one peer, in order; neighbouring proposals and reads become one event. Bounded. */

import { MAILBOX_BYTES_MAX, MAILBOX_EVENTS_MAX } from '../base/limits.ts'
import type { TimerEvent } from '../peer/step.ts'
import type { LocalEvent, Proposal } from '../protocol/events.ts'
import type { Message } from '../protocol/messages.ts'
import { entryBytes } from '../protocol/types.ts'

/** One thing to step: a message of another peer, or something local. */
export type Mail = { readonly message: Message } | { readonly event: LocalEvent | TimerEvent }

/** A `client.read` that may still take neighbours. */
interface MergedReads {
  readonly type: 'client.read'
  readonly tickets: number[]
  freshRound?: number
}

/** Proposals merged into one event: what a leader appends and sends in one go. */
const MERGED_MAX = 1024

export class Mailbox {
  #mail: Mail[] = []
  /** Proposals and reads that may still take neighbours: the last mail, if it is one of them. */
  #proposals: Proposal[] | null = null
  #reads: MergedReads | null = null
  /** Payload of everything that waits. */
  #bytes = 0

  get isEmpty(): boolean {
    return this.#mail.length === 0
  }

  /** Whether what comes from outside must wait or be refused. What comes from inside always has room. */
  get isFull(): boolean {
    return this.#mail.length >= MAILBOX_EVENTS_MAX || this.#bytes >= MAILBOX_BYTES_MAX
  }

  message(message: Message): void {
    this.#push({ message })
    this.#bytes += payloadOf(message)
  }

  event(event: LocalEvent | TimerEvent): void {
    this.#push({ event })
  }

  /** Before everything that waits. */
  first(event: LocalEvent): void {
    this.#mail.unshift({ event })
  }

  propose(proposal: Proposal): void {
    this.#bytes += proposal.data.length
    if (this.#proposals && this.#proposals.length < MERGED_MAX) {
      this.#proposals.push(proposal)
      return
    }
    const proposals = [proposal]
    this.#push({ event: { type: 'client.propose', proposals } })
    this.#proposals = proposals
  }

  /** `freshRound`: a lease may answer it, if it is younger than that round. Neighbours share the youngest, which is right for all of them. */
  read(ticket: number, freshRound?: number): void {
    const last = this.#reads
    if (last && (last.freshRound === undefined) === (freshRound === undefined)) {
      last.tickets.push(ticket)
      if (freshRound !== undefined) last.freshRound = Math.max(last.freshRound ?? 0, freshRound)
      return
    }
    const merged: MergedReads = { type: 'client.read', tickets: [ticket], ...(freshRound === undefined ? {} : { freshRound }) }
    this.#push({ event: merged })
    this.#reads = merged
  }

  /** Everything that waits; the mailbox is empty after. */
  take(): readonly Mail[] {
    const mail = this.#mail
    this.#mail = []
    this.#bytes = 0
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

/** Bytes of payload that a message brings along. */
function payloadOf(message: Message): number {
  switch (message.type) {
    case 'AppendEntries': {
      let bytes = 0
      for (const entry of message.entries) bytes += entryBytes(entry)
      return bytes
    }
    case 'Propose':
      return message.data.reduce((sum, data) => sum + data.length, 0)
    case 'InstallSnapshot':
      return message.snapshot.data.length
    default:
      return 0
  }
}
