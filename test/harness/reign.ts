/** Peer 1 as a leader whose followers are played by the test. */

import assert from 'node:assert/strict'
import type { AppendEntries, Message } from '../../src/protocol/messages.ts'
import type { Term } from '../../src/protocol/types.ts'
import type { Bench, BenchOptions, Lab } from './lab.ts'
import { preVoteReply, requestVoteReply } from './letters.ts'

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
