/** Peer 1 as a leader whose followers are played by the test. */

import assert from 'node:assert/strict'
import { type ConfChangeStep, encodeChange, type Transition } from '../../src/protocol/confchange.ts'
import type { AppendEntries, Message } from '../../src/protocol/messages.ts'
import { type PeerId, type Term, votersOnly } from '../../src/protocol/types.ts'
import type { Bench, BenchOptions, Lab } from './lab.ts'
import { accepted, append, preVoteReply, requestVoteReply } from './letters.ts'

export const isAppend = (m: Message): m is AppendEntries => m.type === 'AppendEntries'

interface ReignOptions extends Pick<BenchOptions, 'conf' | 'settings' | 'size'> {
  /** The term before the reign; that of the log's last entry when missing. */
  readonly after?: Term
}

/** Peer 1 becomes leader of the term after its log's; the first entry of its reign has been sent. */
export function leading(
  lab: Lab,
  log: readonly Term[] = [],
  { size = 3, after = log.at(-1) ?? 0, ...rest }: ReignOptions = {},
): Bench {
  const term = after + 1
  const bench = lab.bench({ size, log, hard: { term: term - 1 }, ...rest })
  bench.peer.fire('electionTimeout')
  for (let from = 2; from <= size; from++) bench.hear(preVoteReply({ term, from, granted: true }))
  const replies = Array.from({ length: size - 1 }, (_, i) => requestVoteReply({ term, from: i + 2, granted: true }))
  for (const reply of replies) if (bench.peer.role === 'candidate') bench.hear(reply)
  assert.deepEqual([bench.peer.role, bench.peer.term], ['leader', term])
  return bench
}

let tickets = 0
/** Proposes a batch; answers with what left because of it. */
export const propose = (bench: Bench, ...words: string[]): readonly Message[] => {
  void bench.sent
  const proposals = words.map((word) => ({ ticket: ++tickets, kind: 'command' as const, data: new TextEncoder().encode(word) }))
  bench.peer.tell({ type: 'client.propose', proposals })
  return bench.sent
}

/** What the leader knows of a follower. */
export const progressOf = (bench: Bench, peer: number) => {
  const progress = bench.peer.context.followers.get(peer)?.progress
  return { state: progress?.value, match: progress?.context.match, next: progress?.context.next }
}

let changes = 0
/** Proposes a change of configuration; answers with what left because of it. */
export const reconfigure = (
  bench: Bench,
  steps: readonly ConfChangeStep[],
  transition: Transition = 'auto',
): readonly Message[] => {
  void bench.sent
  bench.peer.tell({ type: 'client.reconfigure', ticket: ++changes, change: { transition, steps, context: '' } })
  return bench.sent
}

/** Every other voter acknowledges the leader's whole log. */
export const acknowledge = (bench: Bench, ...others: readonly PeerId[]): readonly Message[] => {
  const { term } = bench.peer
  return others.flatMap((from) => bench.hear(accepted({ term, from, index: bench.peer.lastIndex })))
}

/** An append whose one entry is a change of configuration. */
export const appendConf = (
  letter: { term: Term; prevIndex?: number; commit?: number },
  ...steps: ConfChangeStep[]
): AppendEntries => {
  const { term, prevIndex = 0, commit = 0 } = letter
  const data = encodeChange({ transition: 'auto', steps, context: '', base: votersOnly([1, 2, 3]) })
  const entry = { term, index: prevIndex + 1, kind: 'configuration' as const, data }
  return { ...append({ term, prevIndex, prevTerm: prevIndex === 0 ? 0 : term, commit }), entries: [entry] }
}
