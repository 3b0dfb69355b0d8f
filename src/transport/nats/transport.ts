/**
 * The port over the NATS client: says at once what the client leaves unsaid, that a message was not sent. Knows nothing of Raft.
 */

import { createInbox, type Msg, type NatsConnection, PermissionViolationError, type PublishOptions, type Status } from 'nats'
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
import { Requests } from '../requests.ts'
import { checkBytes, checkSubject, checkSubscription } from '../validity.ts'
import { Watchers } from '../watchers.ts'
import { dial } from './dial.ts'
import { isEmpty, toNats } from './headers.ts'
import { NatsIncoming } from './incoming.ts'
import { inboxPrefixOf, isConnection, type Source } from './source.ts'

/** What a server takes when it has not said otherwise. */
const PAYLOAD_MAX_DEFAULT = 1024 * 1024

/** Longest wait for a server to confirm a flush: beyond the time in which a dead connection is found out. */
const FLUSH_TIMEOUT_MS = 10_000

/** Longest wait at close for what is buffered to leave. */
const CLOSE_TIMEOUT_MS = 2000

/**
 * A transport over NATS, from the client's own options or a connection that the caller keeps and closes.
 *
 * Rejects with `DISCONNECTED` when there was no first connection in the time allowed, with `CONFIG_INVALID` when the server
 * refuses the credentials or the options cannot work, with `CLOSED` for a connection that is closed already. Later refusals (a
 * permission, an expired user) come as `error` events; a subscription that the server does not permit stays dead until it is made
 * anew. Answers come under the connection's own `inboxPrefix`.
 */
export async function natsTransport(source: Source = {}): Promise<Transport> {
  return isConnection(source) ? new NatsTransport(source, false) : new NatsTransport(await dial(source), true)
}

/** A question, checked and ready to leave. */
interface Question {
  readonly subject: string
  readonly data: Uint8Array
  readonly letter: PublishOptions
}

const unsent = (subject: string): FlotillaError =>
  new FlotillaError('DISCONNECTED', 'no connection: the request was not sent', { subject })

class NatsTransport implements Transport {
  readonly #connection: NatsConnection
  readonly #owned: boolean
  readonly #watchers = new Watchers()
  readonly #requests = new Requests()
  readonly #subscriptions = new Set<Subscription>()
  readonly #inbox: string
  #inboxSubscription: Subscription | null = null
  /** The server has refused us the inbox, and no answer has come since. */
  #deaf = false
  #connected: boolean
  #closed = false
  #dropped = 0
  #payloadMax = PAYLOAD_MAX_DEFAULT

  constructor(connection: NatsConnection, owned: boolean) {
    this.#connection = connection
    this.#owned = owned
    this.#inbox = createInbox(inboxPrefixOf(connection))
    this.#connected = !connection.isClosed() && connection.info !== undefined
    void this.#follow(connection.status())
  }

  get connected(): boolean {
    return this.#connected
  }

  get dropped(): number {
    return this.#dropped
  }

  get payloadMax(): number {
    this.#payloadMax = this.#connection.info?.max_payload ?? this.#payloadMax
    return this.#payloadMax
  }

  publish(subject: string, data: Uint8Array, headers?: Headers): boolean {
    return this.#send(subject, data, this.#letterOptions(subject, data, headers))
  }

  subscribe(pattern: string, handler: (message: Incoming) => void, options: { readonly queue?: string } = {}): Subscription {
    checkSubscription(pattern, options.queue)
    this.#checkOpen()
    return this.#listen(pattern, (message) => handler(this.#incoming(message)), options)
  }

  async request(subject: string, data: Uint8Array, options: RequestOptions): Promise<Incoming> {
    const letter = this.#questionOptions(subject, data, options)
    const { token, answer } = this.#requests.open(subject, options.timeoutMs)
    this.#ask(token, { subject, data, letter })
    return answer
  }

  async requestMany(subject: string, data: Uint8Array, options: GatherOptions): Promise<void> {
    const letter = this.#questionOptions(subject, data, options)
    const { token, over } = this.#requests.openMany(subject, options)
    this.#ask(token, { subject, data, letter })
    return over
  }

  watch(listener: (event: TransportEvent) => void): () => void {
    return this.#watchers.add(listener)
  }

  async flush(): Promise<void> {
    this.#checkOpen()
    if (!this.#connected) throw new FlotillaError('DISCONNECTED', 'no connection to flush')
    await this.#flushWithin(FLUSH_TIMEOUT_MS)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    for (const subscription of [...this.#subscriptions]) subscription.unsubscribe()
    const wasConnected = this.#connected
    this.#closed = true
    this.#connected = false
    if (wasConnected) await this.#flushWithin(CLOSE_TIMEOUT_MS).catch(() => {}) // what cannot leave now never will
    if (this.#owned) await this.#connection.close()
    this.#requests.refuseAll(new FlotillaError('CLOSED', 'the transport was closed before an answer came'))
    this.#watchers.tell({ type: 'closed' })
  }

  #letterOptions(subject: string, data: Uint8Array, headers: Headers | undefined): PublishOptions {
    checkSubject(subject)
    if (headers === undefined || isEmpty(headers)) {
      checkBytes(data.length, this.payloadMax)
      return {}
    }
    const { block, headers: inner } = toNats(headers)
    checkBytes(data.length + block.length, this.payloadMax)
    return { headers: inner }
  }

  #questionOptions(subject: string, data: Uint8Array, { headers }: RequestOptions): PublishOptions {
    const letter = this.#letterOptions(subject, data, headers)
    this.#checkOpen()
    if (!this.#connected) throw unsent(subject)
    this.#inboxSubscription ??= this.#openInbox()
    return letter
  }

  #ask(token: string, { subject, data, letter }: Question): void {
    if (!this.#send(subject, data, { ...letter, reply: `${this.#inbox}.${token}` })) this.#requests.refuse(token, unsent(subject))
  }

  /** The client would take it while disconnected, and lose it without a word. */
  #send(subject: string, data: Uint8Array, options: PublishOptions): boolean {
    if (!this.#connected || this.#connection.isClosed() || this.#connection.isDraining()) {
      this.#dropped++
      return false
    }
    this.#connection.publish(subject, data, options)
    return true
  }

  #listen(pattern: string, take: (message: Msg) => void, options: { readonly queue?: string } = {}): Subscription {
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) return // refused by the server: the status says so, once
      try {
        take(message)
      } catch (thrown) {
        this.#watchers.report(thrown) // thrown further it would end the client's reader, for good
      }
    }
    const inner = this.#connection.subscribe(pattern, { ...options, callback })
    const subscription: Subscription = {
      unsubscribe: () => {
        if (this.#subscriptions.delete(subscription) && !inner.isClosed()) inner.unsubscribe()
      },
    }
    this.#subscriptions.add(subscription)
    return subscription
  }

  #openInbox(): Subscription {
    return this.#listen(`${this.#inbox}.*`, (message) => {
      this.#deaf = false
      const token = message.subject.slice(this.#inbox.length + 1)
      if (message.data.length === 0 && message.headers?.code === 503) this.#requests.refuseUnheard(token)
      else this.#requests.settle(token, this.#incoming(message))
    })
  }

  #incoming(message: Msg): Incoming {
    return new NatsIncoming(message, (subject, data, headers) => this.publish(subject, data, headers))
  }

  async #follow(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (this.#closed) return
      this.#notice(status)
    }
  }

  #notice(status: Status): void {
    switch (status.type) {
      case 'disconnect':
      case 'staleConnection':
      case 'forceReconnect':
        this.#lost()
        break
      case 'reconnect':
        this.#connected = true
        this.#watchers.tell({ type: 'connected', server: status.server })
        break
      case 'error':
        this.#refused(status.error)
        break
      case 'close':
        this.#lost()
        this.#closed = true
        this.#requests.refuseAll(new FlotillaError('CLOSED', 'the connection was closed before an answer came'))
        this.#watchers.tell({ type: 'closed' })
    }
  }

  #lost(): void {
    if (!this.#connected) return
    this.#connected = false
    this.#watchers.tell({ type: 'disconnected' })
  }

  /** The server refused something. A request it refused was not carried: who asked need not wait for the deadline. */
  #refused(error: Error): void {
    if (!(error instanceof PermissionViolationError)) this.#watchers.report(error)
    else if (error.operation === 'subscription' && error.subject === `${this.#inbox}.*`) this.#deafened(error)
    else this.#watchers.report(this.#forbidden(error))
  }

  #forbidden(violation: PermissionViolationError): FlotillaError {
    const { operation, subject } = violation
    const message = `the server permits no ${operation} on ${subject}`
    const refusal = new FlotillaError('CONFIG_INVALID', message, { operation, subject }, violation)
    if (operation === 'publish') this.#requests.refuseAll(refusal, subject)
    return refusal
  }

  /** No answer will ever be heard: nobody need wait for one. The next request tries again, in case the permissions have changed. */
  #deafened(violation: PermissionViolationError): void {
    const { operation, subject } = violation
    const message = `the server permits no subscription on ${subject}: answers cannot be heard, though what was asked may have been done`
    const refusal = new FlotillaError('CONFIG_INVALID', message, { operation, subject }, violation)
    this.#inboxSubscription?.unsubscribe()
    this.#inboxSubscription = null
    this.#requests.refuseAll(refusal)
    if (!this.#deaf) this.#watchers.report(refusal) // once: every request would say it again
    this.#deaf = true
  }

  async #flushWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new FlotillaError('TIMEOUT', `the server confirmed nothing within ${ms} ms`, { ms })), ms)
    })
    try {
      await Promise.race([this.#connection.flush(), late])
    } catch (error) {
      if (error instanceof FlotillaError) throw error
      throw new FlotillaError('DISCONNECTED', 'the connection was lost before the server confirmed', {}, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new FlotillaError('CLOSED', 'the transport is closed')
  }
}
