/**
 * The bare pipeline: what a quorum of durable copies costs without consensus. A fixed leader sends entries to two followers, everybody batches
 * per turn and flushes to LMDB, followers acknowledge. No terms, no elections, no repair, no state machine: the bound that Raft is held to.
 */

import { copyBytes } from '../../src/base/bytes.ts'
import type { NodeStore } from '../../src/ports/store.ts'
import type { Incoming, Transport } from '../../src/ports/transport.ts'
import type { Message } from '../../src/protocol/messages.ts'
import { type Entry, votersOnly } from '../../src/protocol/types.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/wire/envelope.ts'
import { subjectsOf } from '../../src/wire/subjects.ts'

const GROUP = 'bare'
const TERM = 1

export interface BareOptions {
  readonly store: NodeStore
  readonly transport: Transport
  readonly self: string
  /** All members, this one included. */
  readonly nodes: readonly string[]
}

/** One member. It leads while somebody appends here, and follows otherwise. */
export class BarePipeline {
  readonly #options: BareOptions
  readonly #subjects = subjectsOf('bare')
  readonly #others: readonly string[]
  #lastIndex = 0
  #committed = 0
  /** Who appends at the leader, from `#committed + 1` on. */
  readonly #waiting: (() => void)[] = []
  /** What the next turn sends, at the leader. */
  #unsent: Entry[] = []
  #unsaved: Entry[] = []
  /** Last entry on each member's disk, as far as known here. */
  readonly #durable = new Map<string, number>()
  #scheduled = false
  #saving = false
  /** Whom to acknowledge to. */
  #leader: string | null = null

  constructor(options: BareOptions) {
    this.#options = options
    this.#others = options.nodes.filter((node) => node !== options.self)
    options.transport.subscribe(this.#subjects.raftTo(options.self), (incoming) => this.#receive(incoming))
  }

  async open(): Promise<void> {
    const { store, nodes } = this.#options
    const peers = Object.fromEntries(nodes.map((node, i) => [i + 1, node]))
    await store.open(GROUP, { conf: votersOnly(Object.keys(peers).map(Number)), peers, kind: 'bare' })
  }

  /** Resolves once two of the three have the bytes on disk. Copies them, as whoever takes bytes from callers must. */
  append(data: Uint8Array): Promise<void> {
    this.#leader = null
    const entry: Entry = { term: TERM, index: ++this.#lastIndex, kind: 'command', data: copyBytes(data) }
    this.#unsent.push(entry)
    this.#unsaved.push(entry)
    this.#wake()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  #wake(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#scheduled = false
    const entries = this.#unsent
    this.#unsent = []
    const [first] = entries
    if (first) {
      const append = {
        type: 'AppendEntries',
        prevIndex: first.index - 1,
        prevTerm: TERM,
        commit: this.#committed,
        entries,
      } as const
      for (const to of this.#others)
        this.#send(to, { ...append, from: this.#peer(this.#options.self), to: this.#peer(to), term: TERM })
    }
    if (!this.#saving && this.#unsaved.length > 0) void this.#save()
  }

  async #save(): Promise<void> {
    this.#saving = true
    const entries = this.#unsaved
    this.#unsaved = []
    await this.#options.store.write([{ group: GROUP, entries }])
    this.#saving = false
    const last = entries.at(-1)?.index ?? 0
    if (this.#leader === null) this.#count(this.#options.self, last)
    else this.#acknowledge(this.#leader, last)
    if (this.#unsaved.length > 0) void this.#save()
  }

  #acknowledge(to: string, index: number): void {
    const from = this.#peer(this.#options.self)
    const letter = { type: 'AppendEntriesReply', from, to: this.#peer(to), term: TERM } as const
    this.#send(to, { ...letter, accepted: true, index, hintIndex: 0, hintTerm: 0 })
  }

  /** Two durable copies of three are enough. */
  #count(node: string, index: number): void {
    this.#durable.set(node, index)
    const committed = [...this.#durable.values()].sort((a, b) => b - a)[1] ?? 0
    if (committed <= this.#committed) return
    for (const resolve of this.#waiting.splice(0, committed - this.#committed)) resolve()
    this.#committed = committed
  }

  #receive(incoming: Incoming): void {
    const { sender, messages } = decodeEnvelope(incoming.data)
    for (const { message } of messages) {
      if (message.type === 'AppendEntriesReply') this.#count(sender.node, message.index)
      else if (message.type === 'AppendEntries') this.#take(sender.node, message.entries)
    }
  }

  #take(leader: string, entries: readonly Entry[]): void {
    this.#leader = leader
    for (const entry of entries) this.#unsaved.push(entry)
    this.#lastIndex = entries.at(-1)?.index ?? this.#lastIndex
    this.#committed = this.#lastIndex // should it lead later, it goes on from here
    for (const node of this.#options.nodes) this.#durable.set(node, this.#lastIndex)
    this.#wake()
  }

  #send(to: string, message: Message): void {
    const { transport, store, self } = this.#options
    const sender = { cluster: 'bare', node: self, store: store.identity.uuid, boot: store.identity.boot, run: store.identity.run }
    transport.publish(this.#subjects.raft(to, self), encodeEnvelope({ sender, messages: [{ group: GROUP, epoch: '', message }] }))
  }

  #peer(node: string): number {
    return this.#options.nodes.indexOf(node) + 1
  }
}
