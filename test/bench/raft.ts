/** Raft by itself, without disk and network: steps per second for each message, rounds of five peers, and the memory of peers with nothing to do. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RawNode } from '../../src/peer/raw-node.ts'
import type { Outgoing } from '../../src/peer/raw-ready.ts'
import { type Stepped, startPeer, stepEvent, stepMessage } from '../../src/peer/step.ts'
import type { Message, MessageType } from '../../src/protocol/messages.ts'
import { type Entry, type PeerId, votersOnly } from '../../src/protocol/types.ts'
import { median } from './load.ts'
import { VALUE } from './orders.ts'

export interface RaftReport {
  /** One message, stepped by a peer in the role it is for. */
  readonly steps: readonly { readonly type: MessageType; readonly role: string; readonly perSecond: number }[]
  /** A proposal until all five have applied it, one after the other, every message delivered by hand. */
  readonly roundsPerSecond: number
  readonly idlePeers: number
  readonly idleBytesPerPeer: number
}

/** Peers of groups of their own, as many as a large node may have. */
export const IDLE_PEERS = 10_000
const BLOCK = 300

export function measureRaft(ms: number): RaftReport {
  const [steps, roundsPerSecond] = [stepRates(ms), roundRate(ms)]
  return { steps, roundsPerSecond, idlePeers: IDLE_PEERS, idleBytesPerPeer: idleBytes() }
}

type Peer = Stepped[0]

const nothingStored = { truncated: { index: 0, term: 0 }, lastIndex: 0, runs: [], reader: { entries: () => [] } }

const fresh = (): Peer =>
  startPeer({
    id: 1,
    conf: votersOnly([1, 2, 3]),
    hardState: { term: 0, vote: null, commit: 0 },
    applied: 0,
    ...nothingStored,
  })[0]

const entry: Entry = { term: 1, index: 1, kind: 'command', data: VALUE }
const of = (from: PeerId, term: number) => ({ from, to: 1, term }) as const
const accepted = { accepted: true, index: 1, hintIndex: 0, hintTerm: 0 }

/** What is on its disk counts. */
function persisted(peer: Peer): Peer {
  const { term, vote, log } = peer.context
  return stepEvent(peer, { type: 'storage.persisted', term, vote, last: { index: log.lastIndex, term: log.lastTerm } })[0]
}

/** Peers in every role, each reached by the messages that lead there. */
function roles(): Readonly<Record<'follower' | 'candidate' | 'leader', Peer>> {
  const candidate = persisted(stepMessage(fresh(), { type: 'TimeoutNow', ...of(2, 0) })[0])
  const leader = persisted(stepMessage(candidate, { type: 'RequestVoteReply', ...of(2, 1), granted: true })[0])
  const follower = stepMessage(fresh(), { type: 'Heartbeat', ...of(2, 1), commit: 0, round: 1 })[0]
  return { follower, candidate, leader }
}

/** The same step of the same snapshot, again and again: a snapshot is a value. */
function stepRates(ms: number): RaftReport['steps'] {
  const { follower, candidate, leader } = roles()
  const table: readonly (readonly [role: string, peer: Peer, message: Message])[] = [
    ['follower', follower, { type: 'AppendEntries', ...of(2, 1), prevIndex: 0, prevTerm: 0, commit: 0, entries: [entry] }],
    ['leader', leader, { type: 'AppendEntriesReply', ...of(2, 1), ...accepted }],
    ['follower', follower, { type: 'Heartbeat', ...of(2, 1), commit: 0, round: 1 }],
    ['leader', leader, { type: 'HeartbeatReply', ...of(2, 1), round: 1 }],
    ['follower', fresh(), { type: 'PreVote', ...of(2, 1), lastIndex: 0, lastTerm: 0 }],
    ['follower', fresh(), { type: 'RequestVote', ...of(2, 1), lastIndex: 0, lastTerm: 0, transfer: false }],
    ['candidate', candidate, { type: 'RequestVoteReply', ...of(2, 1), granted: true }],
    ['follower', follower, { type: 'TimeoutNow', ...of(2, 1) }],
    ['leader', leader, { type: 'ReadIndex', ...of(2, 0), tickets: [1] }],
    ['leader', leader, { type: 'Propose', ...of(2, 0), kind: 'command', data: [VALUE] }],
  ]
  return table.map(([role, peer, message]) => {
    const perSecond = rate(ms / 2, () => stepMessage(peer, message))
    return { type: message.type, role, perSecond }
  })
}

/** Calls per second: the median over blocks, without the first half, in which it is compiled. */
function rate(ms: number, call: () => unknown): number {
  const blocks: number[] = []
  for (const end = performance.now() + ms; performance.now() < end; ) {
    const begin = performance.now()
    for (let i = 0; i < BLOCK; i++) call()
    blocks.push((performance.now() - begin) / BLOCK)
  }
  return 1000 / median(blocks.slice(blocks.length >> 1))
}

/** Five peers, everything they say delivered until they are silent. */
class Five {
  readonly #nodes = [1, 2, 3, 4, 5].map((id) => new RawNode({ id, initial: { confState: votersOnly([1, 2, 3, 4, 5]) } }))

  constructor() {
    this.#nodes[0]?.campaign()
    this.settle()
    if (this.#nodes[0]?.status().role !== 'leader') throw new Error('nobody was elected')
  }

  round(): void {
    this.#nodes[0]?.propose(VALUE)
    this.settle()
    const { commit } = (this.#nodes[0] as RawNode).status()
    if (commit % 1000 === 0) for (const node of this.#nodes) node.compact(commit - 1)
  }

  settle(): void {
    for (let letters = this.#work(); letters.length > 0; letters = this.#work()) {
      for (const letter of letters) this.#nodes[letter.to - 1]?.step(letter)
    }
  }

  #work(): Outgoing[] {
    return this.#nodes.flatMap((node) => {
      const letters: Outgoing[] = []
      while (node.hasReady()) {
        const ready = node.ready()
        letters.push(...ready.messages)
        node.advance(ready)
      }
      return letters
    })
  }
}

function roundRate(ms: number): number {
  const five = new Five()
  return rate(ms, () => five.round())
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

/** Heap of followers that have nothing to do but count their time, each in a group of its own. */
export function idleBytes(): number {
  const held: RawNode[] = []
  const make = (): RawNode => {
    const node = new RawNode({ id: 1, initial: { confState: votersOnly([1, 2, 3]) } })
    node.advance(node.ready())
    return node
  }
  for (let i = 0; i < 100; i++) make() // what is made once for all is made now
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < IDLE_PEERS; i++) held.push(make())
  collectGarbage()
  return (process.memoryUsage().heapUsed - before) / held.length
}
