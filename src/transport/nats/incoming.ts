/** A NATS message as the port shows it. Reads headers and reply only when asked: most raft messages have neither. */

import type { Msg } from 'nats'
import type { Headers, Incoming } from '../../ports/transport.ts'
import { fromNats } from './headers.ts'

/** Sends an answer. */
export type Answer = (subject: string, data: Uint8Array, headers?: Headers) => boolean

export class NatsIncoming implements Incoming {
  readonly #message: Msg
  readonly #answer: Answer
  #headers: Headers | null = null

  constructor(message: Msg, answer: Answer) {
    this.#message = message
    this.#answer = answer
  }

  get subject(): string {
    return this.#message.subject
  }

  get data(): Uint8Array {
    return this.#message.data
  }

  get headers(): Headers {
    this.#headers ??= fromNats(this.#message.headers)
    return this.#headers
  }

  get asks(): boolean {
    return Boolean(this.#message.reply)
  }

  respond(data: Uint8Array, headers?: Headers): void {
    const { reply } = this.#message
    if (reply) this.#answer(reply, data, headers)
  }
}
