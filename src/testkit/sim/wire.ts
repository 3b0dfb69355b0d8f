/** A process' connection in a simulated world: carries nothing once the process is dead, and counts what it does. Knows no subject's meaning. */

import type {
  GatherOptions,
  Headers,
  Incoming,
  RequestOptions,
  Subscription,
  Transport,
  TransportEvent,
} from '../../ports/transport.ts'

/** Asked before each thing that others could see. False: the process has died, and does nothing any more. */
export type Effect = () => boolean

const NEVER: Promise<never> = new Promise(() => {})

export class Wire implements Transport {
  readonly #inner: Transport
  readonly #effect: Effect
  readonly #heard: ((subject: string, data: Uint8Array, headers: Headers | undefined) => void) | undefined

  /** `onPublish` is shown what is published, to be replayed some day. */
  constructor(
    inner: Transport,
    effect: Effect,
    onPublish?: (subject: string, data: Uint8Array, headers: Headers | undefined) => void,
  ) {
    this.#inner = inner
    this.#effect = effect
    this.#heard = onPublish
  }

  get connected(): boolean {
    return this.#inner.connected
  }

  get dropped(): number {
    return this.#inner.dropped
  }

  get payloadMax(): number {
    return this.#inner.payloadMax
  }

  publish(subject: string, data: Uint8Array, headers?: Headers): boolean {
    if (!this.#effect()) return false
    this.#heard?.(subject, data, headers)
    return this.#inner.publish(subject, data, headers)
  }

  subscribe(subject: string, handler: (message: Incoming) => void, options?: { readonly queue?: string }): Subscription {
    return this.#inner.subscribe(subject, (message) => handler(this.#guarded(message)), options)
  }

  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<Incoming> {
    return this.#effect() ? this.#inner.request(subject, data, options) : NEVER
  }

  requestMany(subject: string, data: Uint8Array, options: GatherOptions): Promise<void> {
    return this.#effect() ? this.#inner.requestMany(subject, data, options) : NEVER
  }

  watch(listener: (event: TransportEvent) => void): () => void {
    return this.#inner.watch(listener)
  }

  flush(): Promise<void> {
    return this.#inner.flush()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** An answer is something that others see, too. */
  #guarded(message: Incoming): Incoming {
    const { subject, data, headers, asks } = message
    return {
      subject,
      data,
      headers,
      asks,
      respond: (answer, answerHeaders) => {
        if (this.#effect()) message.respond(answer, answerHeaders)
      },
    }
  }
}
