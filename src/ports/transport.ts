/** Subjects and bytes: what Flotilla needs of NATS, so that a broker in memory can stand in. At most once, in order per publisher. */

/** Header names and values of a message. */
export type Headers = Readonly<Record<string, string>>

/** One message as received. `data` may be a view of a shared buffer: copy it before keeping it past the handler. */
export interface Incoming {
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: Headers
  /** Answers the sender, if it asked. Never used on raft subjects. */
  respond(data: Uint8Array, headers?: Headers): void
  /** Whether the sender waits for an answer. */
  readonly asks: boolean
}

/** Ends when told, and with the transport. */
export interface Subscription {
  unsubscribe(): void
}

export interface RequestOptions {
  readonly timeoutMs: number
  readonly headers?: Headers
}

export interface GatherOptions extends RequestOptions {
  /** Called with each answer that comes within `timeoutMs`. */
  readonly onAnswer: (answer: Incoming) => void
}

/** What happens to the connection. */
export type TransportEvent =
  | { readonly type: 'connected'; readonly server: string }
  | { readonly type: 'disconnected' }
  | { readonly type: 'error'; readonly error: Error }
  | { readonly type: 'closed' }

/** A connection. Reconnects for ever until closed; what is published while disconnected is dropped and counted. */
export interface Transport {
  readonly connected: boolean
  /** Messages dropped because there was no connection. */
  readonly dropped: number
  /** Largest payload the server takes, in bytes. */
  readonly payloadMax: number
  /** False when the message was dropped. Throws `TOO_LARGE` above `payloadMax`. */
  publish(subject: string, data: Uint8Array, headers?: Headers): boolean
  /** `queue` members share the messages of a subject, each going to one of them. `*` matches a token, a final `>` one or more. */
  subscribe(subject: string, handler: (message: Incoming) => void, options?: { readonly queue?: string }): Subscription
  /** Rejects with `UNAVAILABLE` when nobody listens, `TIMEOUT` when nobody answers in time, `DISCONNECTED` when it was not sent. */
  request(subject: string, data: Uint8Array, options: RequestOptions): Promise<Incoming>
  /** Asks everyone at once: resolves after `timeoutMs`, however many answered. Rejects as `request` does, but never with `TIMEOUT`. */
  requestMany(subject: string, data: Uint8Array, options: GatherOptions): Promise<void>
  /** Calls back on every change; returns how to stop that. */
  watch(listener: (event: TransportEvent) => void): () => void
  /** Resolves when what was published before has reached the server. */
  flush(): Promise<void>
  /** Sends what is buffered, then closes. Only closes what this transport opened itself. */
  close(): Promise<void>
}
