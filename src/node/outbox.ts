/** What leaves for other nodes: collected over a turn, one envelope per destination, however many groups speak. */

import type { Logger } from '../ports/logger.ts'
import type { Transport } from '../ports/transport.ts'
import { entryBytes } from '../protocol/types.ts'
import { encodeEnvelope, type GroupMessage, type Sender } from '../wire/envelope.ts'
import { HEADER_BYTES_MAX } from '../wire/frame.ts'
import type { PeerPromise } from '../wire/promises.ts'
import type { Subjects } from '../wire/subjects.ts'

/** Room for one message, or promise, in the header of its envelope. */
const MESSAGE_BYTES = 300

/** Messages in one envelope: more would not fit the header that a receiver is ready to read. */
const MESSAGES_MAX = Math.floor(HEADER_BYTES_MAX / MESSAGE_BYTES) - 2 // who sends takes some of it

export interface OutboxOptions {
  readonly transport: Transport
  readonly subjects: Subjects
  readonly sender: Sender
  /** Whether to say that our disk is nearly full. */
  readonly isLow?: () => boolean
  readonly logger: Logger
}

interface Letter {
  readonly to: string
  readonly message: GroupMessage
}

export class Outbox {
  readonly #options: OutboxOptions
  readonly #letters = new Map<string, GroupMessage[]>()
  /** Appends without entries, the latest of each destination and group: what follows usually brings entries, and the commit index with them. */
  readonly #news = new Map<string, Letter>()

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Whether something waits for {@link sendNews}. */
  get hasNews(): boolean {
    return this.#news.size > 0
  }

  /** Leaves with the next {@link send}; an append without entries with the next {@link sendNews}, unless one with entries comes first. */
  post(to: string, message: GroupMessage): void {
    if (message.message.type === 'AppendEntries') {
      const about = `${to} ${message.group}`
      if (message.message.entries.length === 0) {
        this.#news.set(about, { to, message })
        return
      }
      this.#news.delete(about) // the same and more; to the receiver it looks as if the empty one had been lost
    }
    if (message.message.type === 'TimeoutNow') this.#hurry(to, message.group)
    this.#add(to, message)
  }

  /** Says who we are and nothing else: so that every node knows the store of every other, also of those it has nothing to say to. */
  greet(to: string): void {
    this.#publish(to, [])
  }

  /** Says what our peers have on the disk. */
  attest(to: string, promises: readonly PeerPromise[]): void {
    for (let at = 0; at < promises.length; at += MESSAGES_MAX) this.#publish(to, [], promises.slice(at, at + MESSAGES_MAX))
  }

  /** Sends everything, also what waited for company in vain. */
  sendNews(): void {
    for (const { to, message } of this.#news.values()) this.#add(to, message)
    this.#news.clear()
    this.send()
  }

  /** Whoever is called to take over must hear first what it takes over: in a later term it would not listen any more. */
  #hurry(to: string, group: string): void {
    const about = `${to} ${group}`
    const news = this.#news.get(about)
    this.#news.delete(about)
    if (news) this.#add(to, news.message)
  }

  #add(to: string, message: GroupMessage): void {
    const letters = this.#letters.get(to)
    if (letters) letters.push(message)
    else this.#letters.set(to, [message])
  }

  /** Sends everything posted. Without a connection it is dropped and counted: Raft says it again. */
  send(): void {
    for (const [to, messages] of this.#letters) {
      for (const batch of this.#batches(messages)) this.#publish(to, batch)
    }
    this.#letters.clear()
  }

  /** Cuts a long letter so that each envelope fits the server's largest payload, and its header the reader's patience. */
  #batches(messages: readonly GroupMessage[]): GroupMessage[][] {
    const room = this.#options.transport.payloadMax * 0.9
    const batches: GroupMessage[][] = []
    let batch: GroupMessage[] = []
    let bytes = 0
    for (const message of messages) {
      const size = bytesOf(message)
      if (batch.length > 0 && (bytes + size > room || batch.length === MESSAGES_MAX)) {
        batches.push(batch)
        batch = []
        bytes = 0
      }
      batch.push(message)
      bytes += size
    }
    batches.push(batch)
    return batches
  }

  #publish(to: string, messages: readonly GroupMessage[], promises?: readonly PeerPromise[]): void {
    const { transport, subjects, isLow, logger } = this.#options
    const sender = isLow?.() ? { ...this.#options.sender, low: true } : this.#options.sender
    try {
      transport.publish(subjects.raft(to, sender.node), encodeEnvelope({ sender, messages, promises }))
    } catch (error) {
      logger.warn({ to, error: String(error) }, 'messages could not be sent')
    }
  }
}

function bytesOf({ message }: GroupMessage): number {
  if (message.type !== 'AppendEntries') return MESSAGE_BYTES
  let bytes = MESSAGE_BYTES
  for (const entry of message.entries) bytes += entryBytes(entry)
  return bytes
}
