/** One client of the broker: its socket, its subscriptions, its manners. Knows the other clients only through the switchboard. */

import type { Socket } from 'node:net'
import { isPattern, isSubject } from '../validity.ts'
import { type ClientOptions, type Introduction, infoLine, parseConnect, UNINTRODUCED } from './info.ts'
import { Outbox } from './outbox.ts'
import { Parser, type ParserLimits, ProtocolViolation, type Publication, type Verbs } from './parser.ts'

/** One SUB of one client. */
export interface ClientSubscription {
  readonly client: ClientConnection
  readonly sid: string
  readonly pattern: string
  readonly queue: string | undefined
  delivered: number
  /** Messages after which it ends by itself. */
  deliveredMax: number
}

/** Why a connection ended, for the broker's counters. */
export type Ending = 'left' | 'violation' | 'slow' | 'stale' | 'closed'

/** Bounds of one connection. */
export interface ConnectionLimits extends ParserLimits {
  /** Bytes waiting for a client that does not read; above it the client is cut. */
  readonly pendingBytesMax: number
  readonly subscriptionsMax: number
  readonly pingOutMax: number
}

/** What a connection needs of the broker. */
export interface Switchboard {
  readonly limits: ConnectionLimits
  /** Adds or removes interest. */
  join(subscription: ClientSubscription): void
  leave(subscription: ClientSubscription): void
  /** Carries a message to all who listen; returns to how many. */
  route(from: ClientConnection, publication: Publication): number
  /** The subscription by which a client would hear a message on this subject. */
  earOf(client: ClientConnection, subject: string): ClientSubscription | undefined
  ended(client: ClientConnection, ending: Ending): void
}

const CRLF = '\r\n'
const NOBODY_LISTENS = Buffer.from('NATS/1.0 503\r\n\r\n')

export class ClientConnection implements Verbs {
  readonly #socket: Socket
  readonly #switchboard: Switchboard
  readonly #outbox: Outbox
  readonly #parser: Parser
  readonly #subscriptions = new Map<string, ClientSubscription>()
  #options: ClientOptions = UNINTRODUCED
  #pingsOut = 0
  #ended = false

  constructor(socket: Socket, switchboard: Switchboard, introduction: Introduction) {
    this.#socket = socket
    this.#switchboard = switchboard
    this.#outbox = new Outbox(socket, switchboard.limits.pendingBytesMax, () => this.#cutSlow())
    this.#parser = new Parser(this, switchboard.limits)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#hear(chunk))
    socket.on('error', () => this.#end('left')) // reset by peer: an ordinary way to leave
    socket.on('close', () => this.#end('left'))
    this.#outbox.text(infoLine(introduction))
  }

  get options(): ClientOptions {
    return this.#options
  }

  get subscriptions(): Iterable<ClientSubscription> {
    return this.#subscriptions.values()
  }

  connect(json: string): void {
    this.#options = parseConnect(json)
    this.#ok()
  }

  ping(): void {
    this.#outbox.text('PONG\r\n')
  }

  pong(): void {
    this.#pingsOut = 0
  }

  subscribe(pattern: string, queue: string | undefined, sid: string): void {
    const known = this.#subscriptions.has(sid) // a client that reconnects may say it twice
    if (!isPattern(pattern)) this.#refuse('Invalid Subject')
    else if (!known && this.#subscriptions.size >= this.#switchboard.limits.subscriptionsMax) {
      this.#refuse('Maximum Subscriptions Exceeded')
    } else {
      if (!known) this.#join({ client: this, sid, pattern, queue, delivered: 0, deliveredMax: Number.POSITIVE_INFINITY })
      this.#ok()
    }
  }

  unsubscribe(sid: string, max: number | undefined): void {
    const subscription = this.#subscriptions.get(sid)
    if (subscription !== undefined) {
      subscription.deliveredMax = max ?? 0
      this.#retire(subscription)
    }
    this.#ok()
  }

  publish(publication: Publication): void {
    if (publication.headerBytes > 0 && !this.#options.headers) throw new ProtocolViolation('Message Headers Not Supported')
    const { subject, reply } = publication
    if (!isSubject(subject) || (reply !== null && !isSubject(reply))) {
      this.#refuse('Invalid Publish Subject')
      return
    }
    this.#ok()
    const heard = this.#switchboard.route(this, publication)
    if (heard === 0 && reply !== null && this.#options.noResponders) this.#tellNobodyListens(reply)
  }

  /** Sends a message for one of this client's subscriptions. */
  deliver(subscription: ClientSubscription, publication: Publication): void {
    if (this.#ended) return
    const { body, headerBytes, subject, reply } = publication
    const address = reply === null ? `${subject} ${subscription.sid}` : `${subject} ${subscription.sid} ${reply}`
    if (headerBytes > 0 && this.#options.headers) {
      this.#send(`HMSG ${address} ${headerBytes} ${body.length}\r\n`, body)
    } else {
      this.#send(`MSG ${address} ${body.length - headerBytes}\r\n`, headerBytes > 0 ? body.subarray(headerBytes) : body)
    }
    subscription.delivered++
    this.#retire(subscription)
  }

  /** Asks whether it is still there; cuts it when too many questions stay without an answer. */
  probe(): void {
    if (this.#pingsOut >= this.#switchboard.limits.pingOutMax) this.cut('Stale Connection', 'stale')
    else {
      this.#pingsOut++
      this.#outbox.text('PING\r\n')
    }
  }

  /** Says why, sends what is left, and closes. */
  cut(reason: string | null, ending: Ending): void {
    if (this.#ended) return
    if (reason !== null) this.#outbox.text(`-ERR '${reason}'\r\n`)
    this.#outbox.flush()
    this.#end(ending)
    this.#socket.destroySoon()
    const impatience = setTimeout(() => this.#socket.destroy(), 1000) // a client that does not read cannot keep us open
    this.#socket.once('close', () => clearTimeout(impatience))
  }

  #hear(chunk: Buffer): void {
    try {
      this.#parser.feed(chunk)
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error
      this.cut(error.message, 'violation')
    }
  }

  #send(head: string, body: Buffer): void {
    this.#outbox.text(head)
    this.#outbox.bytes(body)
    this.#outbox.text(CRLF)
  }

  /** It does not read: no use in telling it why. */
  #cutSlow(): void {
    this.#end('slow')
    this.#socket.destroy()
  }

  #join(subscription: ClientSubscription): void {
    this.#subscriptions.set(subscription.sid, subscription)
    this.#switchboard.join(subscription)
  }

  /** Ends a subscription that has had all it asked for. */
  #retire(subscription: ClientSubscription): void {
    if (subscription.delivered < subscription.deliveredMax) return
    this.#subscriptions.delete(subscription.sid)
    this.#switchboard.leave(subscription)
  }

  #tellNobodyListens(reply: string): void {
    const ear = this.#switchboard.earOf(this, reply)
    if (ear === undefined) return
    this.deliver(ear, { subject: reply, reply: null, headerBytes: NOBODY_LISTENS.length, body: NOBODY_LISTENS })
  }

  #ok(): void {
    if (this.#options.verbose) this.#outbox.text('+OK\r\n')
  }

  #refuse(reason: string): void {
    this.#outbox.text(`-ERR '${reason}'\r\n`)
  }

  #end(ending: Ending): void {
    if (this.#ended) return
    this.#ended = true
    this.#parser.stop()
    this.#switchboard.ended(this, ending)
    this.#subscriptions.clear()
  }
}
