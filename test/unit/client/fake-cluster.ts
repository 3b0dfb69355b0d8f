/** A cluster that exists only as answers: nodes on a loopback hub that share one log and do as a test tells them. No Raft in it. */

import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError, toFlotillaError } from '../../../src/base/errors.ts'
import type { StateMachine } from '../../../src/ports/state-machine.ts'
import type { NodeStatus } from '../../../src/ports/status.ts'
import type { Incoming, Subscription, Transport } from '../../../src/ports/transport.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { type Loopback, loopback } from '../../../src/transport/loopback/hub.ts'
import * as wire from '../../../src/wire/requests.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { groupStatus, nodeStatus } from '../../web/fake-cluster.ts'
import { MemoryTable } from '../statemachines/table.ts'

/** What a node does with a request instead of answering: refuse it, do it and say nothing, or neither do nor say. */
export type Mood = FlotillaError | 'mute' | 'deaf' | null

const subjects = subjectsOf('demo')

/** Nodes of cluster `demo`, all holding group `kv`. */
export class FakeCluster {
  readonly hub: Loopback
  readonly table = new MemoryTable()
  readonly log: wire.LoggedEntry[] = []
  /** Subjects of all requests for a leader, in the order they came. */
  readonly asked: string[] = []
  readonly #machine: StateMachine
  readonly #nodes = new Map<string, Transport>()
  readonly #leading: Subscription[] = []
  readonly #hints: Subscription[] = []
  #leader: string | null = null
  /** Term of the last leader. */
  term = 0
  /** Mark of the group's founding; empty: nobody says one. */
  founding = ''
  /** What replicas say of the leader, as long as it is set. */
  gossip: wire.LeaderHint | null = null
  /** What replicas say of the leader while it is not the truth; the first to be asked says the first. */
  readonly rumours: wire.LeaderHint[] = []
  /** Subjects of what reached a node that hangs. */
  readonly unheard: string[] = []
  /** Asked before each request that a leader would take. */
  mood: (attempt: number) => Mood = () => null
  /** Whether entries are published as they commit. */
  live = true

  constructor(names: readonly string[] = ['a', 'b', 'c'], machine: StateMachine = kv(), hub: Loopback = loopback()) {
    this.hub = hub
    this.#machine = machine
    for (const name of names) this.add(name)
  }

  /** Starts a node. */
  add(name: string): void {
    const transport = this.hub.connect(name)
    this.#nodes.set(name, transport)
    const queue = { queue: 'replicas' }
    for (const verb of ['propose', 'read'] as const) transport.subscribe(subjects.node(name, verb), (m) => this.#serve(name, m))
    transport.subscribe(subjects.group('kv', 'query'), (m) => this.#answer(m, (request) => this.#query(request)), queue)
    this.#hints.push(transport.subscribe(subjects.group('kv', 'leader'), (m) => this.#hint(m), queue))
    transport.subscribe(subjects.group('kv', 'log'), (m) => this.#page(m), queue)
    transport.subscribe(subjects.everyNode('status'), (m) => m.respond(utf8(JSON.stringify(this.#status(name)))))
  }

  /** Makes a node the leader; null: nobody. */
  elect(name: string | null): void {
    for (const subscription of this.#leading.splice(0)) subscription.unsubscribe()
    this.#leader = name
    if (name === null) return
    this.term++
    const transport = this.#node(name)
    for (const verb of ['propose', 'read'] as const) {
      this.#leading.push(transport.subscribe(subjects.group('kv', verb), (m) => this.#serve(name, m), { queue: 'leader' }))
    }
  }

  /** From now on nobody can be asked who leads, as where permissions forbid it. */
  hideLeader(): void {
    for (const subscription of this.#hints.splice(0)) subscription.unsubscribe()
  }

  /** A node that led until it hung: it still takes what a leader and a replica are sent, and never says a word. */
  hang(name: string): void {
    const transport = this.hub.connect(name)
    const silent = (message: Incoming): void => void this.unheard.push(message.subject)
    for (const verb of ['propose', 'read'] as const) {
      transport.subscribe(subjects.group('kv', verb), silent, { queue: 'leader' })
      transport.subscribe(subjects.node(name, verb), silent)
    }
    transport.subscribe(subjects.group('kv', 'leader'), silent, { queue: 'replicas' })
  }

  /** Says who leads, as a new leader does. */
  announce(news: { readonly group: string; readonly node: string; readonly term: number; readonly founding?: string }): void {
    const [transport] = this.#nodes.values()
    transport?.publish(subjects.event('leadership'), utf8(JSON.stringify(news)))
  }

  /** Ends a node, as a kill would. */
  async kill(name: string): Promise<void> {
    if (this.#leader === name) this.elect(null)
    await this.#node(name).close()
    this.#nodes.delete(name)
  }

  /** Commits a command, and says so. */
  commit(data: Uint8Array): wire.Answer {
    const entry = { index: this.log.length + 1, term: 1, kind: 'command' as const, data: data.slice() }
    const { writes, result } = this.#machine.apply(entry, this.table)
    this.table.write(writes)
    this.log.push(entry)
    if (this.live) this.publish(entry)
    return { index: entry.index, term: 1, body: result }
  }

  /** Tells subscribers of an entry, as a leader does. */
  publish(entry: wire.LoggedEntry): void {
    const [transport] = this.#nodes.values()
    transport?.publish(subjects.committed('kv', ['put']), entry.data, {
      'Flotilla-Group': 'kv',
      'Flotilla-Index': String(entry.index),
      'Flotilla-Term': String(entry.term),
      'Flotilla-Kind': entry.kind,
      ...(this.founding === '' ? {} : { 'Flotilla-Founding': this.founding }),
    })
  }

  #node(name: string): Transport {
    const transport = this.#nodes.get(name)
    if (transport === undefined) throw new Error(`no node ${name}`)
    return transport
  }

  #serve(name: string, message: Incoming): void {
    this.asked.push(message.subject)
    const mood = this.mood(this.asked.length)
    if (mood === 'deaf') return
    this.#answer(message, (request) => {
      if (mood instanceof FlotillaError) throw mood
      if (name !== this.#leader) throw new FlotillaError('NOT_LEADER', `${name} does not lead`, { leader: this.#leader })
      const answer = message.subject.endsWith('propose') ? this.commit(request.body) : this.#query(request)
      return mood === 'mute' ? null : answer
    })
  }

  #query({ body }: wire.Request): wire.Answer {
    return { index: this.log.length, term: 1, body: this.#machine.query(body, this.table) }
  }

  #answer(message: Incoming, ask: (request: wire.Request) => wire.Answer | null): void {
    try {
      const request = wire.decodeRequest(message.data)
      this.#checkFounding(request.founding)
      const answer = ask(request)
      if (answer !== null) message.respond(wire.encodeAnswer(answer, this.founding))
    } catch (error) {
      message.respond(wire.encodeRefusal(toFlotillaError(error, 'INVARIANT')))
    }
  }

  #hint(message: Incoming): void {
    message.respond(
      wire.encodeLeaderHint(
        this.gossip ?? this.rumours.shift() ?? { leader: this.#leader, term: this.term, founding: this.#mark },
      ),
    )
  }

  get #mark(): string | undefined {
    return this.founding || undefined
  }

  #status(name: string): NodeStatus {
    return nodeStatus(name, [groupStatus({ founding: this.#mark })])
  }

  #checkFounding(meant = ''): void {
    if (meant === '' || this.founding === '' || meant === this.founding) return
    throw new FlotillaError('STORE_MISMATCH', 'another founding')
  }

  #page(message: Incoming): void {
    const { from, limit, founding } = wire.decodeLogRequest(message.data)
    try {
      this.#checkFounding(founding)
      const entries = this.log.slice(from - 1, from - 1 + limit)
      const page = { group: 'kv', first: 1, commit: this.log.length, founding: this.#mark, entries }
      message.respond(wire.encodeLogPage(page))
    } catch (error) {
      message.respond(wire.encodeJsonRefusal(toFlotillaError(error, 'INVARIANT')))
    }
  }
}
