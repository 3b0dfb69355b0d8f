/** NATS in memory: any number of transports on one hub, with the subject rules of a server and none of its sockets. */

import { FlotillaError } from '../../base/errors.ts'
import type { Headers, Transport } from '../../ports/transport.ts'
import { type After, wallAfter } from '../requests.ts'
import { SubjectTree } from '../subject-tree.ts'
import { type Courier, inOrder } from './courier.ts'
import { LoopbackTransport } from './transport.ts'

/** How a hub is to behave. */
export interface LoopbackOptions {
  /** Carries every message. In order and in a later turn by default. */
  readonly courier?: Courier
  /** Runs the deadlines of requests. Real time by default. */
  readonly after?: After
  /** Largest message, header block included, in bytes. */
  readonly maxPayload?: number
}

/** One subscription of one transport. */
export interface LoopbackSubscription {
  readonly owner: LoopbackTransport
  readonly pattern: string
  readonly queue: string | undefined
  hear(parcel: Parcel): void
}

/** A message as the hub carries it. */
export interface Parcel {
  readonly subject: string
  readonly reply: string | null
  readonly data: Uint8Array
  readonly headers: Headers
}

/** A server in memory. */
export interface Loopback {
  /** A new connection under a name that is not in use. `after`: runs the deadlines of its requests, if not those of all. */
  connect(name: string, after?: After): Transport
  /** Cuts a connection; its subscriptions hear nothing until it is joined again. */
  disconnect(name: string): void
  reconnect(name: string): void
}

/** Makes a hub. */
export const loopback = (options: LoopbackOptions = {}): Loopback => new Hub(options)

/** What a transport may ask of its hub. */
export class Hub implements Loopback {
  readonly payloadMax: number
  readonly after: After
  readonly #courier: Courier
  readonly #tree = new SubjectTree<LoopbackSubscription>()
  readonly #transports = new Map<string, LoopbackTransport>()
  /** Rises with every choice, so that the members of a queue take turns. */
  #turn = 0

  constructor(options: LoopbackOptions) {
    this.payloadMax = options.maxPayload ?? 1024 * 1024
    this.after = options.after ?? wallAfter
    this.#courier = options.courier ?? inOrder()
  }

  connect(name: string, after: After = this.after): Transport {
    if (this.#transports.has(name)) throw new FlotillaError('CONFIG_INVALID', `a transport is already named ${name}`, { name })
    const transport = new LoopbackTransport(this, { name, after })
    this.#transports.set(name, transport)
    return transport
  }

  disconnect(name: string): void {
    this.#named(name).cut()
  }

  reconnect(name: string): void {
    this.#named(name).join()
  }

  /** Forgets a closed transport; its name is free again. */
  forget(transport: LoopbackTransport): void {
    this.#transports.delete(transport.name)
  }

  add(subscription: LoopbackSubscription): void {
    this.#tree.add(subscription)
  }

  remove(subscription: LoopbackSubscription): void {
    this.#tree.remove(subscription)
  }

  /** Sends a parcel to every listener and to one member of each queue group; returns to how many. */
  route(from: LoopbackTransport, parcel: Parcel): number {
    const { plain, groups } = this.#tree.match(parcel.subject)
    for (const subscription of plain) this.#send(from, subscription, parcel)
    for (const group of groups) this.#send(from, group[this.#turn++ % group.length] as LoopbackSubscription, parcel)
    return plain.length + groups.length
  }

  #send(from: LoopbackTransport, subscription: LoopbackSubscription, parcel: Parcel): void {
    const letter = { from: from.name, to: subscription.owner.name, subject: parcel.subject, bytes: parcel.data.length }
    this.#courier(letter, () => subscription.hear(parcel))
  }

  #named(name: string): LoopbackTransport {
    const transport = this.#transports.get(name)
    if (transport === undefined) throw new FlotillaError('CONFIG_INVALID', `no transport is named ${name}`, { name })
    return transport
  }
}
