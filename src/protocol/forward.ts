/** What a peer that does not lead passes on to the one that does (§8, thesis 6.4). Such messages have no term: whoever leads may take them. */

import type { ClientPropose, ClientRead, ClientTransfer } from './events.ts'
import type { Message, Propose, ReadIndex, ReadIndexReply, TransferLeader } from './messages.ts'
import type { ReadState } from './ready.ts'
import type { RaftState } from './state.ts'
import type { EntryKind, PeerId } from './types.ts'

export const knowsLeader = (s: RaftState): boolean => s.leader !== null && s.leader !== s.id

/** Whether proposals are passed on from here. */
export const forwards = (s: RaftState): boolean => s.settings.forwardProposals && knowsLeader(s)

/** To the leader, from us, in no term. */
const toLeader = (s: RaftState): readonly { readonly from: number; readonly to: number; readonly term: number }[] =>
  s.leader === null ? [] : [{ from: s.id, to: s.leader, term: 0 }]

/** One message for each kind of entry; the order of neighbours stays. */
export function forwardProposals(s: RaftState, { proposals }: ClientPropose): Message[] {
  const letters: { kind: EntryKind; data: Uint8Array[] }[] = []
  for (const { kind, data } of proposals) {
    const last = letters.at(-1)
    if (last?.kind === kind) last.data.push(data)
    else letters.push({ kind, data: [data] })
  }
  return letters.flatMap((letter) => toLeader(s).map((to): Message => ({ type: 'Propose', ...to, ...letter })))
}

/** Thesis 6.4: a follower may answer a read, once it knows how far it must have applied. */
export const askForIndex = (s: RaftState, { tickets }: ClientRead): Message[] =>
  toLeader(s).map((to) => ({ type: 'ReadIndex', ...to, tickets }))

export const forwardTransfer = (s: RaftState, e: ClientTransfer): Message[] =>
  e.to === null ? [] : toLeader(s).map((to): Message => ({ type: 'TransferLeader', ...to, target: e.to as number }))

/**
 * It was meant for somebody who leads no more; who does, is known: the chart has asked. The sender stays who it was; never back to it, so that
 * nothing goes in circles of two.
 */
export const passOn = (s: RaftState, m: Propose | ReadIndex | TransferLeader): Message[] =>
  s.leader === m.from ? [] : [{ ...m, to: s.leader as PeerId }]

/** The leader's answer to our own question. */
export const releaseAsked = (_: RaftState, { tickets, index }: ReadIndexReply): ReadState[] => [
  { type: 'readReady', tickets, index },
]
