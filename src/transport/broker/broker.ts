/**
 * An embedded broker that speaks the NATS client protocol, for development and tests: no users, no TLS, no clustering, no
 * JetStream. In production run nats-server. Knows nothing of Raft.
 */

import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { FlotillaError, toFlotillaError } from '../../base/errors.ts'
import { type Logger, silent } from '../../ports/logger.ts'
import {
  ClientConnection,
  type ClientSubscription,
  type ConnectionLimits,
  type Ending,
  type Switchboard,
} from './client-connection.ts'
import type { Publication } from './parser.ts'
import { Routing, type Traffic } from './routing.ts'

/** How to start a broker. Everything has a default; the limits are those of nats-server. */
export interface BrokerOptions {
  /** Loopback unless said otherwise: there are no users, so whoever reaches the port may read and write everything. */
  readonly host?: string
  /** 4222 by default; 0 takes any free port. */
  readonly port?: number
  /** Largest message, header block included, in bytes. */
  readonly maxPayload?: number
  /** Longest protocol line, in bytes. */
  readonly maxControlLine?: number
  /** Bytes that may wait for one client before it is cut. */
  readonly maxPending?: number
  readonly maxConnections?: number
  /** Of one client. */
  readonly maxSubscriptions?: number
  readonly pingIntervalMs?: number
  /** Unanswered PINGs after which a client is cut. */
  readonly maxPingOut?: number
  readonly logger?: Logger
}

/** Counters since the start. */
export interface BrokerStats extends Readonly<Traffic> {
  readonly connections: number
  readonly subscriptions: number
  /** Clients cut, by reason. */
  readonly slow: number
  readonly stale: number
  readonly violations: number
}

/** A running broker. */
export interface Broker {
  readonly url: string
  readonly host: string
  readonly port: number
  /** Clients at this moment. */
  readonly connections: number
  stats(): BrokerStats
  /** Sends what is queued, closes every connection and the port. Safe to call twice. */
  close(): Promise<void>
}

/** Starts a broker. Rejects with `PORT_IN_USE` when somebody listens there already, so that the caller can try the next port. */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const broker = new EmbeddedBroker(options)
  await broker.listen(options.port ?? 4222)
  return broker
}

const limitsOf = (options: BrokerOptions): ConnectionLimits => ({
  payloadMax: options.maxPayload ?? 1024 * 1024,
  controlLineMax: options.maxControlLine ?? 4096,
  pendingBytesMax: options.maxPending ?? 64 * 1024 * 1024,
  subscriptionsMax: options.maxSubscriptions ?? 10_000,
  pingOutMax: options.maxPingOut ?? 2,
})

class EmbeddedBroker implements Broker, Switchboard {
  readonly host: string
  readonly limits: ConnectionLimits
  readonly #server: Server
  readonly #serverId = `FLOTILLA${randomBytes(12).toString('hex').toUpperCase()}`
  readonly #logger: Logger
  readonly #connectionsMax: number
  readonly #routing = new Routing()
  readonly #clients = new Map<ClientConnection, number>()
  readonly #endings: Record<Ending, number> = { left: 0, violation: 0, slow: 0, stale: 0, closed: 0 }
  readonly #pings: NodeJS.Timeout
  #lastClientId = 0
  #port = 0
  #closing: Promise<void> | null = null

  constructor(options: BrokerOptions) {
    this.host = options.host ?? '127.0.0.1'
    this.limits = limitsOf(options)
    this.#logger = options.logger ?? silent
    this.#connectionsMax = options.maxConnections ?? 1024
    this.#server = createServer((socket) => this.#admit(socket))
    this.#pings = setInterval(() => {
      for (const client of this.#clients.keys()) client.probe()
    }, options.pingIntervalMs ?? 30_000)
    this.#pings.unref()
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `nats://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.#port}`
  }

  get connections(): number {
    return this.#clients.size
  }

  stats(): BrokerStats {
    const { slow, stale, violation } = this.#endings
    const { size: subscriptions, traffic } = this.#routing
    return { connections: this.connections, subscriptions, slow, stale, violations: violation, ...traffic }
  }

  async listen(port: number): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen({ host: this.host, port, exclusive: true }, () => resolve())
      })
    } catch (error) {
      clearInterval(this.#pings)
      throw listenError(error, this.host, port)
    }
    this.#server.removeAllListeners('error')
    this.#server.on('error', (error) => this.#logger.warn({ error: error.message }, 'broker could not accept a connection'))
    const address = this.#server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : port
    this.#logger.info({ url: this.url }, 'development broker is listening')
  }

  close(): Promise<void> {
    this.#closing ??= new Promise<void>((resolve) => {
      clearInterval(this.#pings)
      this.#server.close(() => resolve())
      for (const client of [...this.#clients.keys()]) client.cut(null, 'closed')
    })
    return this.#closing
  }

  join(subscription: ClientSubscription): void {
    this.#routing.join(subscription)
  }

  leave(subscription: ClientSubscription): void {
    this.#routing.leave(subscription)
  }

  route(from: ClientConnection, publication: Publication): number {
    return this.#routing.route(from, publication)
  }

  earOf(client: ClientConnection, subject: string): ClientSubscription | undefined {
    return this.#routing.earOf(client, subject)
  }

  ended(client: ClientConnection, ending: Ending): void {
    const clientId = this.#clients.get(client)
    if (!this.#clients.delete(client)) return
    for (const subscription of client.subscriptions) this.#routing.leave(subscription)
    this.#endings[ending]++
    if (ending === 'slow' || ending === 'stale' || ending === 'violation')
      this.#logger.warn({ clientId, ending }, 'client was cut')
  }

  #admit(socket: Socket): void {
    const clientId = ++this.#lastClientId
    const { host, port } = this
    const clientIp = socket.remoteAddress ?? ''
    const introduction = { serverId: this.#serverId, host, port, payloadMax: this.limits.payloadMax, clientId, clientIp }
    const client = new ClientConnection(socket, this, introduction)
    const room = this.#clients.size < this.#connectionsMax
    this.#clients.set(client, clientId)
    if (!room) client.cut('Maximum Connections Exceeded', 'closed')
  }
}

function listenError(error: unknown, host: string, port: number): FlotillaError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return new FlotillaError('PORT_IN_USE', `port ${port} of ${host} is taken`, { host, port }, error)
  return toFlotillaError(error, 'CONFIG_INVALID')
}
