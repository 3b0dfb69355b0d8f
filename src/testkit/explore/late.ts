/**
 * Letters that come too late for ever, so that nobody need keep them. That nobody listens to them is a rule like any other, so it is not believed: each
 * letter that was given up is tried on each peer that it could still have reached.
 */

import { isReply } from '../../protocol/messages.ts'
import type { Atlas, Letter, Peer } from './atlas.ts'
import { letterText } from './encoding.ts'
import type { Violation } from './invariants.ts'
import { sameNames } from './symmetry.ts'

/**
 * Whether an answer comes too late for ever: it is of a term that its reader, whatever it forgets in a crash, has left behind, or cannot stand for any
 * more; and it tells nothing of commitment that the reader does not know.
 */
export function isLate({ message }: Letter, { state, facts }: Peer): boolean {
  if (!isReply(message) || message.type === 'ReadIndexReply') return false
  const { hard, applied } = state.disk
  if ('commit' in message && (message.commit ?? 0) > Math.max(hard.commit, applied)) return false
  const isVote = message.type === 'RequestVoteReply'
  if (isVote && message.term === hard.term) return facts.term > hard.term || facts.role !== 'candidate'
  return message.term < hard.term
}

export class LateLetters {
  readonly #atlas: Atlas
  /** By reader, from 1. */
  readonly #letters: readonly Set<Letter>[]
  readonly #peers: readonly Set<Peer>[]

  constructor(atlas: Atlas, nodes: number) {
    this.#atlas = atlas
    this.#letters = Array.from({ length: nodes + 1 }, () => new Set())
    this.#peers = Array.from({ length: nodes + 1 }, () => new Set())
  }

  /** A letter is given up. Says if somebody would have heard it. */
  giveUp(letter: Letter): Violation | null {
    const { to } = letter.message
    if (this.#letters[to]?.has(letter)) return null
    this.#letters[to]?.add(letter)
    for (const peer of this.#peers[to] ?? []) {
      const found = this.#tried(peer, letter)
      if (found) return found
    }
    return null
  }

  /** A peer is met. Says if it would have heard something that was given up. */
  meet(peer: Peer): Violation | null {
    const { id } = peer.state
    if (this.#peers[id]?.has(peer)) return null
    this.#peers[id]?.add(peer)
    for (const letter of this.#letters[id] ?? []) {
      const found = this.#tried(peer, letter)
      if (found) return found
    }
    return null
  }

  #tried(peer: Peer, letter: Letter): Violation | null {
    if (!isLate(letter, peer) || this.#atlas.hear(peer, letter) === null) return null
    return {
      invariant: 'Late Letters',
      details: `${peer.state.id} listens to ${letterText(letter.message, sameNames(0))}, which it has left behind`,
    }
  }
}
