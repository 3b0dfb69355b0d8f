/** Letters, entries and peers in few words: what transcripts are written in. */

import type { Message } from '../../src/protocol/messages.ts'
import type { Entry } from '../../src/protocol/types.ts'
import type { TestPeer } from '../harness/test-peer.ts'

const read = (data: Uint8Array): string => new TextDecoder().decode(data)

/** `term:word`; a leader's first entry has a dot for a word, an entry of an invented log its index. */
export function entryWord({ term, kind, data }: Entry): string {
  const word = read(data)
  return kind === 'noop' ? `${term}:·` : `${term}:${word.startsWith(`${term}.`) ? word.slice(word.indexOf('.') + 1) : word}`
}

const list = (entries: readonly Entry[]): string => `[${entries.map(entryWord).join(' ')}]`

function contentOf(m: Message): string {
  switch (m.type) {
    case 'AppendEntries':
      return `after ${m.prevIndex}@${m.prevTerm} ${list(m.entries)} commit=${m.commit}`
    case 'AppendEntriesReply':
      if (m.accepted) return `accepted up to ${m.index}`
      return m.index === 0 ? 'rejected' : `rejected at ${m.index}, try ${m.hintIndex}@${m.hintTerm}`
    case 'Heartbeat':
      return `round=${m.round} commit=${m.commit}`
    case 'HeartbeatReply':
      return `round=${m.round}`
    case 'PreVote':
      return `log ends at ${m.lastIndex}@${m.lastTerm}`
    case 'RequestVote':
      return `log ends at ${m.lastIndex}@${m.lastTerm}${m.transfer ? ' transfer' : ''}`
    case 'PreVoteReply':
    case 'RequestVoteReply':
      return m.granted ? 'granted' : 'denied'
    case 'InstallSnapshot':
      return `up to ${m.snapshot.index}@${m.snapshot.term}`
    case 'Propose':
      return `[${m.data.map(read).join(' ')}]`
    case 'ReadIndex':
      return `asks ${m.tickets.join(' ')}`
    case 'ReadIndexReply':
      return `answers ${m.tickets.join(' ')} at ${m.index}`
    case 'TransferLeader':
      return `to ${m.target}`
    case 'TimeoutNow':
      return ''
  }
}

/** One letter. */
export const letterWord = (m: Message): string => `${m.from}→${m.to} ${m.type} t${m.term} ${contentOf(m)}`.trimEnd()

/** One peer: role, term, vote, log, commit; of a leader also what it knows of the others. */
export function peerWord(peer: TestPeer): string {
  const { term, vote, leader, commit } = peer
  const parts = [
    `${peer.id} ${peer.role} t${term}`,
    `vote=${vote ?? '-'}`,
    `leader=${leader ?? '-'}`,
    `commit=${commit}`,
    list(peer.entries),
  ]
  for (const [id, { progress }] of peer.context.followers)
    parts.push(`${id}:${String(progress.value)}(${progress.context.match},${progress.context.next})`)
  return parts.join(' ')
}

/** What is worth telling when a peer changed: role and term, and how far it knows the log to be committed. */
export interface Moment {
  readonly role: string
  readonly commit: number
  readonly answered: number
}

/** What a peer is now. */
export const momentOf = (peer: TestPeer): Moment => ({
  role: `${peer.role} t${peer.term}`,
  commit: peer.commit,
  answered: peer.reads.length + peer.refused.length,
})

/** Sentences about what changed between two moments of a peer. */
export function changes(before: Moment, peer: TestPeer): string[] {
  const now = momentOf(peer)
  const found: string[] = []
  if (now.role !== before.role) found.push(`  ${peer.id}: ${before.role} → ${now.role}`)
  if (now.commit !== before.commit) found.push(`  ${peer.id}: commit ${before.commit} → ${now.commit}`)
  if (now.answered !== before.answered) {
    const read = peer.reads.at(-1)
    const refused = peer.refused.at(-1)
    found.push(refused && !read ? `  ${peer.id}: refuses with ${refused.code}` : `  ${peer.id}: read answered at ${read?.index}`)
  }
  return found
}
