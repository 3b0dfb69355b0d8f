/** One connection to a hub in memory. Behaves as a connection to a server would, also in what it refuses. */

import { copyBytes } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import type {
  GatherOptions,
  Headers,
  Incoming,
  RequestOptions,
  Subscription,
  Transport,
  TransportEvent,
} from '../../ports/transport.ts'
import { type After, Requests } from '../requests.ts'
import { checkHeaders, checkSize, checkSubject, checkSubscription } from '../validity.ts'
import { Watchers } from '../watchers.ts'
import type { Hub, LoopbackSubscription, Parcel } from './hub.ts'

const NO_HEADERS: Headers = {}

export class LoopbackTransport implements Transport {
  readonly name: string
  readonly #hub: Hub
  readonly #watchers = new Watchers()
  readonly #requests: Requests
  readonly #subscriptions = new Set<LoopbackSubscription>()
  readonly #inbox: string
  #state: 'connected' | 'cut' | 'closed' = 'connected'
  #dropped = 0

  constructor(hub: Hub, { name, after }: { readonly name: string; readonly after: After }) {
    this.#hub = hub
    this.name = name
    this.#requests = new Requests(after)
    this.#inbox = `_INBOX.${name}`
    checkSubject(this.#inbox)
    this.#listen(`${this.#inbox}.*`, undefined, (parcel) => {
      this.#requests.settle(parcel.subject.slice(this.#inbox.length + 1), this.#incoming(parcel))
    })
  }

  get connected(): boolean {
    return this.#state === 'connected'
  }

  get dropped(): number {
    return this.#dropped
  }

  get payloadMax(): number {
    return this.#hub.payloadMax
  }

  publish(subject: string, data: Uint8Array, headers?: Headers): boolean {
    const parcel = this.#pack(subject, data, headers)
    if (!this.connected) {
      this.#dropped++
      return false
    }
    this.#hub.route(this, parcel)
    return true
  }

  subscribe(pattern: string, handler: (message: Incoming) => void, options: { readonly queue?: string } = {}): Subscription {
    checkSubscription(pattern, options.queue)
    this.#checkOpen()
    return this.#listen(pattern, options.queue, (parcel) => handler(this.#incoming(parcel)))
  }

  async request(subject: string, data: Uint8Array, options: RequestOptions): Promise<Incoming> {
    const parcel = this.#question(subject, data, options)
    const { token, answer } = this.#requests.open(subject, options.timeoutMs)
    this.#ask(parcel, token)
    return answer
  }

  async requestMany(subject: string, data: Uint8Array, options: GatherOptions): Promise<void> {
    const parcel = this.#question(subject, data, options)
    const { token, over } = this.#requests.openMany(subject, options)
    this.#ask(parcel, token)
    return over
  }

  watch(listener: (event: TransportEvent) => void): () => void {
    return this.#watchers.add(listener)
  }

  async flush(): Promise<void> {
    this.#checkOpen()
    if (!this.connected) throw new FlotillaError('DISCONNECTED', 'no connection to flush')
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#leave()
    this.#state = 'closed'
    this.#subscriptions.clear()
    this.#hub.forget(this)
    this.#requests.refuseAll(new FlotillaError('CLOSED', 'the transport was closed before an answer came'))
    this.#watchers.tell({ type: 'closed' })
  }

  /** The hub cuts this connection. */
  cut(): void {
    if (this.#state !== 'connected') return
    this.#leave()
    this.#state = 'cut'
    this.#watchers.tell({ type: 'disconnected' })
  }

  /** The hub takes it back, with its subscriptions. */
  join(): void {
    if (this.#state !== 'cut') return
    this.#state = 'connected'
    for (const subscription of this.#subscriptions) this.#hub.add(subscription)
    this.#watchers.tell({ type: 'connected', server: 'loopback' })
  }

  #leave(): void {
    for (const subscription of this.#subscriptions) this.#hub.remove(subscription)
  }

  #listen(pattern: string, queue: string | undefined, take: (parcel: Parcel) => void): Subscription {
    const hear = (parcel: Parcel): void => {
      if (!this.connected || !this.#subscriptions.has(subscription)) return // it may be gone since the parcel was sent
      try {
        take(parcel)
      } catch (error) {
        this.#watchers.report(error) // a handler's mistake ends neither the connection nor the sender
      }
    }
    const subscription: LoopbackSubscription = { owner: this, pattern, queue, hear }
    this.#subscriptions.add(subscription)
    if (this.connected) this.#hub.add(subscription)
    return {
      unsubscribe: () => {
        this.#subscriptions.delete(subscription)
        this.#hub.remove(subscription)
      },
    }
  }

  #question(subject: string, data: Uint8Array, { headers }: RequestOptions): Parcel {
    const parcel = this.#pack(subject, data, headers)
    this.#checkOpen()
    if (!this.connected) throw new FlotillaError('DISCONNECTED', 'no connection: the request was not sent', { subject })
    return parcel
  }

  #ask(parcel: Parcel, token: string): void {
    if (this.#hub.route(this, { ...parcel, reply: `${this.#inbox}.${token}` }) === 0) this.#requests.refuseUnheard(token)
  }

  /** Checks as the wire would, and copies: who receives must not see what the sender does to its bytes later. */
  #pack(subject: string, data: Uint8Array, headers: Headers | undefined): Parcel {
    checkSubject(subject)
    if (headers !== undefined) checkHeaders(headers)
    checkSize(data, headers, this.payloadMax)
    return { subject, reply: null, data: copyBytes(data), headers: headers === undefined ? NO_HEADERS : trimmed(headers) }
  }

  #incoming(parcel: Parcel): Incoming {
    const { subject, data, headers, reply } = parcel
    const respond = (answer: Uint8Array, answerHeaders?: Headers): void => {
      if (reply !== null) this.publish(reply, answer, answerHeaders)
    }
    return { subject, data, headers, asks: reply !== null, respond }
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw new FlotillaError('CLOSED', 'the transport is closed')
  }
}

/** NATS drops blanks around a header's value. */
const trimmed = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()]))
