/** What the pieces between two flushes cost, in microseconds: chart steps, the codec, applying. One process, no disk and no network. */

import { type Stepped, startPeer, stepEvent, stepMessage, type TimerEvent } from '../../src/peer/step.ts'
import type { LocalEvent } from '../../src/protocol/events.ts'
import type { AppendEntries, Message } from '../../src/protocol/messages.ts'
import { type Entry, votersOnly } from '../../src/protocol/types.ts'
import { encodePut } from '../../src/statemachines/kv/command.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { memoryStore } from '../../src/storage/memory/store.ts'
import { decodeEnvelope, encodeEnvelope } from '../../src/wire/envelope.ts'
import { median } from './load.ts'
import { GROUP, keyOf, VALUE } from './orders.ts'

/** One measured piece. */
export interface Cost {
  readonly name: string
  readonly us: number
}

/** Calls between two readings of the clock, unless a piece is timed by itself. */
const BLOCK = 500

const conf = votersOnly([1, 2, 3])
const entryAt = (index: number): Entry => ({ term: 1, index, kind: 'command', data: encodePut('default', keyOf(index), VALUE) })

/** Costs of all pieces; each is measured for about `ms`. */
export async function measureCore(ms: number): Promise<readonly Cost[]> {
  return [...followerCosts(ms), ...leaderCosts(ms), ...codecCosts(ms), ...(await applyCosts(ms))]
}

/** The median cost of one call, over blocks of calls. The first half is for warming up. */
function timed(name: string, ms: number, call: (n: number) => void): Cost {
  const blocks: number[] = []
  let n = 0
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const begin = performance.now()
    for (let i = 0; i < BLOCK; i++) call(n++)
    blocks.push((performance.now() - begin) / BLOCK)
  }
  return { name, us: 1000 * median(blocks.slice(blocks.length >> 1)) }
}

/** A peer under a stopwatch: time is added up by the name of what it did. */
class TimedPeer {
  readonly #watch = new Map<string, number[]>()
  #now: Stepped

  constructor(id: number) {
    const stored = { truncated: { index: 0, term: 0 }, lastIndex: 0, runs: [], reader: { entries: () => [] } }
    this.#now = startPeer({ id, conf, hardState: { term: 0, vote: null, commit: 0 }, applied: 0, ...stored })
  }

  get state() {
    return this.#now[0].context
  }

  hear(message: Message, name?: string): void {
    this.#time(name, () => stepMessage(this.#now[0], message))
  }

  meet(event: LocalEvent | TimerEvent, name?: string): void {
    this.#time(name, () => stepEvent(this.#now[0], event))
  }

  /** All that was collected is on disk, and applied. */
  catchUp(name?: string): void {
    const { term, vote, log } = this.state
    this.meet({ type: 'storage.persisted', term, vote, last: { index: log.lastIndex, term: log.lastTerm } }, name)
  }

  cost(name: string): Cost {
    const times = this.#watch.get(name) ?? []
    return { name, us: 1000 * median(times.slice(times.length >> 1)) }
  }

  #time(name: string | undefined, step: () => Stepped): void {
    const begin = performance.now()
    this.#now = step()
    if (name === undefined) return
    const took = performance.now() - begin
    const times = this.#watch.get(name)
    if (times) times.push(took)
    else this.#watch.set(name, [took])
  }
}

function followerCosts(ms: number): Cost[] {
  const name = 'follower: AppendEntries of 1 entry'
  const peer = new TimedPeer(2)
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const prevIndex = peer.state.log.lastIndex
    const { commit, entries } = { commit: prevIndex, entries: [entryAt(prevIndex + 1)] }
    peer.hear(
      { type: 'AppendEntries', from: 1, to: 2, term: 1, prevIndex, prevTerm: Math.min(1, prevIndex), commit, entries },
      name,
    )
    peer.catchUp()
    peer.meet({ type: 'storage.applied', index: prevIndex })
  }
  return [peer.cost(name)]
}

function leaderCosts(ms: number): Cost[] {
  const names = ['leader: propose 1', 'leader: persisted', 'leader: reply that commits', 'leader: reply that follows'] as const
  const peer = elected()
  const accept = (from: number, name?: string): void => {
    const reply = { accepted: true, index: peer.state.log.lastIndex, hintIndex: 0, hintTerm: 0 }
    peer.hear({ type: 'AppendEntriesReply', from, to: 1, term: 1, ...reply }, name)
  }
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const { data } = entryAt(peer.state.log.lastIndex + 1)
    peer.meet({ type: 'client.propose', proposals: [{ ticket: 1, kind: 'command', data }] }, names[0])
    peer.catchUp(names[1])
    accept(2, names[2])
    accept(3, names[3])
    peer.meet({ type: 'storage.applied', index: peer.state.commit })
  }
  return names.map((name) => peer.cost(name))
}

/** A leader of term 1 whose first entry is everywhere. */
function elected(): TimedPeer {
  const peer = new TimedPeer(1)
  peer.hear({ type: 'TimeoutNow', from: 2, to: 1, term: 0 })
  peer.catchUp()
  peer.hear({ type: 'RequestVoteReply', from: 2, to: 1, term: 1, granted: true })
  peer.catchUp()
  for (const from of [2, 3])
    peer.hear({ type: 'AppendEntriesReply', from, to: 1, term: 1, accepted: true, index: 1, hintIndex: 0, hintTerm: 0 })
  if (peer.state.commit !== 1) throw new Error('the peer was not elected')
  return peer
}

function codecCosts(ms: number): Cost[] {
  const sender = {
    cluster: 'bench',
    node: 'a',
    store: '01234567-89ab-cdef-0123-456789abcdef',
    boot: 1,
    run: '01234567-89ab-cdef-0123-456789abcdef',
  }
  return [1, 64].flatMap((count) => {
    const entries = Array.from({ length: count }, (_, i) => entryAt(i + 1))
    const message: AppendEntries = {
      type: 'AppendEntries',
      from: 1,
      to: 2,
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      commit: 0,
      entries,
    }
    const envelope = { sender, messages: [{ group: GROUP, epoch: '0123456789abcdef', message }] }
    const bytes = encodeEnvelope(envelope)
    const of = `envelope of ${count} ${count === 1 ? 'entry' : 'entries'}`
    return [
      timed(`encode an ${of}`, ms, () => encodeEnvelope(envelope)),
      timed(`decode an ${of}`, ms, () => decodeEnvelope(bytes)),
    ]
  })
}

async function applyCosts(ms: number): Promise<Cost[]> {
  const store = memoryStore({ cluster: 'bench', node: 'a' })
  await store.open(GROUP, { conf, peers: { 1: 'a', 2: 'b', 3: 'c' }, kind: 'kv' })
  const table = store.table(GROUP)
  const machine = kv()
  const entries = Array.from({ length: 10_000 }, (_, i) => entryAt(i + 1))
  const cost = timed('kv: apply a put', ms, (n) => {
    const entry = entries[n % entries.length] as Entry
    table.apply(n + 1, machine.apply(entry, table).writes)
  })
  await store.close()
  return [cost]
}
