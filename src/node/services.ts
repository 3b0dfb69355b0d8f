/** What a node answers on its subjects: requests in, answers out. Decides nothing; it asks the node. */

import { copyBytes, utf8 } from '../base/bytes.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import {
  type Answer,
  decodeLogRequest,
  decodeRequest,
  encodeAnswer,
  encodeJsonRefusal,
  encodeLeaderHint,
  encodeLogPage,
  encodeRefusal,
  type Request,
} from '../wire/requests.ts'
import type { GroupVerb, Subjects } from '../wire/subjects.ts'
import { decodeTransfer, type TransferRequest } from '../wire/transfer.ts'
import type { Desk } from './desk.ts'
import { own } from './own-group.ts'
import type { Refusals } from './refusals.ts'

export interface ServicesOptions {
  readonly node: string
  /** Which run of the node this is: tells its own hello from another's. */
  readonly nonce: string
  readonly transport: Transport
  readonly subjects: Subjects
  readonly refusals: Refusals
  readonly desk: Desk
  readonly status: () => NodeStatus
}

/** Replicas of a group share these requests; the leader alone has a queue of its own, so that a request never reaches two leaders. */
const REPLICAS = { queue: 'replicas' }
const LEADER = { queue: 'leader' }

export class Services {
  readonly #options: ServicesOptions
  readonly #subscriptions: Subscription[] = []
  /** Subscriptions of the groups we lead. */
  readonly #led = new Map<string, readonly Subscription[]>()
  /** Subscriptions of the groups we hold. */
  readonly #held = new Map<string, readonly Subscription[]>()

  constructor(options: ServicesOptions) {
    this.#options = options
  }

  /** Answers what is asked of this node by name. */
  open(): void {
    const { node, subjects, desk, status } = this.#options
    this.#on(subjects.node(node, 'status'), (m) => this.#json(m, status))
    this.#on(subjects.everyNode('status'), (m) => this.#json(m, status))
    this.#on(subjects.node(node, 'propose'), (m) => this.#answer(m, (request) => desk.propose(request)))
    this.#on(subjects.node(node, 'read'), (m) => this.#answer(m, (request) => desk.read(request)))
    this.#on(subjects.node(node, 'query'), (m) => this.#answer(m, (request) => desk.read(anywhere(request))))
    this.#on(subjects.node(node, 'transfer'), (m) => this.#transfer(m, (request) => request))
  }

  /** Answers "is anybody here of this name?", except to ourselves. */
  openHello(): void {
    const { node, nonce, subjects } = this.#options
    this.#on(subjects.node(node, 'hello'), (m) => {
      if (m.headers['Flotilla-Nonce'] !== nonce) m.respond(utf8(nonce))
    })
  }

  /** Answers what any replica of the group can. */
  openGroup(group: string): void {
    const { subjects, desk, transport } = this.#options
    const on = (verb: GroupVerb, handler: (m: Incoming) => void): Subscription =>
      transport.subscribe(subjects.group(group, verb), handler, REPLICAS)
    this.#held.set(group, [
      on('query', (m) => this.#answer(m, async (request) => desk.read(anywhere(own(group, request))))),
      on('log', (m) => this.#logPage(m, group)),
      on('leader', (m) => this.#reply(m, () => encodeLeaderHint(desk.leader(group)))),
    ])
  }

  /** The group is not here any more. */
  closeGroup(group: string): void {
    this.follow(group)
    for (const subscription of this.#held.get(group) ?? []) subscription.unsubscribe()
    this.#held.delete(group)
  }

  /** Answers what only the leader may. No subscriber on these subjects means: no leader. */
  lead(group: string): void {
    if (this.#led.has(group)) return
    const { subjects, desk, transport } = this.#options
    const propose = (m: Incoming): void =>
      this.#answer(m, async (request) => desk.propose({ ...own(group, request), direct: true }))
    const read = (m: Incoming): void => this.#answer(m, async (request) => desk.read({ ...own(group, request), direct: true }))
    const transfer = (m: Incoming): void => this.#transfer(m, (request) => ({ ...own(group, request), direct: true }))
    this.#led.set(group, [
      transport.subscribe(subjects.group(group, 'propose'), propose, LEADER),
      transport.subscribe(subjects.group(group, 'read'), read, LEADER),
      transport.subscribe(subjects.group(group, 'transfer'), transfer, LEADER),
    ])
  }

  follow(group: string): void {
    for (const subscription of this.#led.get(group) ?? []) subscription.unsubscribe()
    this.#led.delete(group)
  }

  close(): void {
    for (const group of [...this.#led.keys(), ...this.#held.keys()]) this.closeGroup(group)
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe()
  }

  #on(subject: string, handler: (m: Incoming) => void, options?: { readonly queue: string }): void {
    this.#subscriptions.push(this.#options.transport.subscribe(subject, handler, options))
  }

  #answer(m: Incoming, ask: (request: Request) => Promise<Answer>): void {
    const decoded = this.#attempt(m, () => decodeRequest(m.data))
    if (!decoded) return
    ask({ ...decoded, body: copyBytes(decoded.body) }).then(
      (answer) => this.#attempt(m, () => m.respond(encodeAnswer(answer, this.#options.desk.founding(decoded.group)))),
      (error: unknown) => this.#refuse(m, error),
    )
  }

  /** Plain JSON both ways; the answer comes when the next leader is known. */
  #transfer(m: Incoming, checked: (request: TransferRequest) => TransferRequest): void {
    const hint = async () => this.#options.desk.transfer(checked(decodeTransfer(m.data)))
    hint().then(
      (found) => this.#reply(m, () => encodeLeaderHint(found)),
      (error: unknown) =>
        this.#reply(m, () => {
          throw error
        }),
    )
  }

  #logPage(m: Incoming, group: string): void {
    this.#reply(m, () => encodeLogPage(this.#options.desk.log(group, decodeLogRequest(m.data))))
  }

  #json(m: Incoming, value: () => unknown): void {
    this.#reply(m, () => utf8(JSON.stringify(value())))
  }

  /** Where answers are JSON, refusals are too. */
  #reply(m: Incoming, answer: () => Uint8Array): void {
    if (!m.asks) return
    try {
      m.respond(answer())
    } catch (error) {
      this.#respond(m, encodeJsonRefusal(this.#options.refusals.counted(error)))
    }
  }

  /** Whatever goes wrong is the asker's answer, never the node's end. */
  #attempt<T>(m: Incoming, run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.#refuse(m, error)
      return undefined
    }
  }

  #refuse(m: Incoming, thrown: unknown): void {
    const error = this.#options.refusals.counted(thrown)
    this.#respond(m, encodeRefusal(error))
  }

  /** The last word. An asker who gave no place where it can be sent does not hear it. */
  #respond(m: Incoming, data: Uint8Array): void {
    try {
      if (m.asks) m.respond(data)
    } catch (error) {
      this.#options.refusals.counted(error)
    }
  }
}

/** On the subjects that any replica answers, what says nothing of freshness takes what is there. */
const anywhere = (request: Request): Request =>
  request.consistency === undefined && request.maxStalenessMs === undefined ? { ...request, consistency: 'stale' } : request
