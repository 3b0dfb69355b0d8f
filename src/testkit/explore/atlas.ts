/**
 * Every peer, letter and past that was met, once: equal ones are one object with a number. So a state of the world is a short list of numbers, and what a
 * peer makes of a letter is worked out by the real core once, however many worlds it happens in.
 */

import { InvariantError } from '../../base/assert.ts'
import type { Message } from '../../protocol/messages.ts'
import type { ReadState } from '../../protocol/ready.ts'
import type { Entry, LogIndex, Role, Term } from '../../protocol/types.ts'
import { cellOf, confOf, letterText, peerText, type Renaming } from './encoding.ts'
import type { Violation } from './invariants.ts'
import { type PastState, pastText } from './past.ts'
import { entriesOf, type PeerState, roleIn } from './peer-state.ts'
import { type Host, isPossible, type Stimulus } from './stimulus.ts'
import { cutShort, turned } from './turn.ts'

/** What the invariants of a group ask of a peer. */
export interface Facts {
  readonly role: Role | null
  readonly term: Term
  readonly commit: LogIndex
  readonly truncated: LogIndex
  readonly lastIndex: LogIndex
  /** Entries from `truncated + 1` on, of the log in memory, or on disk while the peer is down. */
  readonly cells: readonly string[]
  readonly entries: readonly Entry[]
  readonly diskTruncated: LogIndex
  readonly diskCells: readonly string[]
  readonly applied: LogIndex
  readonly conf: string
}

/** A peer that was met. */
export interface Peer {
  readonly no: number
  readonly state: PeerState
  readonly facts: Facts
  /** Numbers of what it would be called, by renaming. */
  readonly names: Int32Array
  /** The same for every peer that differs from it in names only. */
  readonly shape: number
  readonly outcomes: Map<Letter | Stimulus, Outcome | null>
  /** The same, if it crashes before anything is on the disk. */
  readonly cuts: Map<Letter | Stimulus, Outcome | null>
}

/** A letter that was met. */
export interface Letter {
  readonly no: number
  readonly message: Message
  readonly hear: Stimulus
  readonly names: Int32Array
}

/** What all of them have done, as far as it counts. */
export interface Past extends PastState {
  readonly no: number
  readonly names: Int32Array
}

/** What becomes of a peer. */
export interface Outcome {
  readonly peer: Peer
  readonly sent: readonly Letter[]
  readonly reads: readonly ReadState[]
  /** What the core itself, or a look at this peer alone, found wrong. */
  readonly broken: Violation | null
}

export class Atlas {
  readonly host: Host
  readonly renamings: readonly Renaming[]
  readonly #same: Renaming
  readonly #numbers = new Map<string, number>()
  readonly #peers = new Map<number, Peer>()
  readonly #letters = new Map<number, Letter>()
  readonly #pasts = new Map<number, Past>()

  constructor(host: Host, renamings: readonly Renaming[]) {
    this.host = host
    this.renamings = renamings
    this.#same = renamings[0] as Renaming
  }

  /** Distinct peers and letters so far. */
  get sizes(): { readonly peers: number; readonly letters: number } {
    return { peers: this.#peers.size, letters: this.#letters.size }
  }

  peer(state: PeerState): Peer {
    const no = this.#number(this.#textOf(state, this.#same))
    const known = this.#peers.get(no)
    if (known) return known
    const blind = this.#same.map((_, id) => (id === 0 ? 0 : id === state.id ? 1 : 2)) // nobody is called anything but `I` or `somebody else`
    const shape = this.#number(`shape ${this.#textOf(state, blind)}`)
    const peer: Peer = {
      no,
      state,
      facts: this.#factsOf(state),
      names: this.#unnamed(no),
      shape,
      outcomes: new Map(),
      cuts: new Map(),
    }
    this.#peers.set(no, peer)
    return peer
  }

  letter(message: Message): Letter {
    const no = this.#number(letterText(message, this.#same))
    const known = this.#letters.get(no)
    if (known) return known
    const letter: Letter = { no, message, hear: { kind: 'hear', message }, names: this.#unnamed(no) }
    this.#letters.set(no, letter)
    return letter
  }

  past(state: PastState): Past {
    const no = this.#number(pastText(state, this.#same))
    const known = this.#pasts.get(no)
    if (known) return known
    const past: Past = { ...state, no, names: this.#unnamed(no) }
    this.#pasts.set(no, past)
    return past
  }

  /** What a peer is called when peers are called otherwise. */
  nameOfPeer(peer: Peer, renaming: number): number {
    const known = peer.names[renaming] as number
    return known >= 0 ? known : this.#name(peer.names, renaming, (to) => this.#textOf(peer.state, to))
  }

  nameOfLetter(letter: Letter, renaming: number): number {
    const known = letter.names[renaming] as number
    return known >= 0 ? known : this.#name(letter.names, renaming, (to) => letterText(letter.message, to))
  }

  nameOfPast(past: Past, renaming: number): number {
    const known = past.names[renaming] as number
    return known >= 0 ? known : this.#name(past.names, renaming, (to) => pastText(past, to))
  }

  /** What becomes of a peer when it hears a letter. Null: nothing. */
  hear(peer: Peer, letter: Letter): Outcome | null {
    const known = peer.outcomes.get(letter)
    if (known !== undefined) return known
    const outcome = peer.state.core === null ? null : this.#outcomeOf(peer, letter.hear)
    peer.outcomes.set(letter, outcome)
    return outcome
  }

  /** What becomes of a peer when that happens to it. Null: nothing, or it cannot happen. */
  meet(peer: Peer, stimulus: Stimulus): Outcome | null {
    const known = peer.outcomes.get(stimulus)
    if (known !== undefined) return known
    const outcome = isPossible(this.host, peer.state, stimulus) ? this.#outcomeOf(peer, stimulus) : null
    peer.outcomes.set(stimulus, outcome)
    return outcome
  }

  /** What becomes of a peer that crashes in the middle of it. Null: nothing that a crash before would not make of it. */
  cut(peer: Peer, stimulus: Letter | Stimulus): Outcome | null {
    const known = peer.cuts.get(stimulus)
    if (known !== undefined) return known
    const outcome = this.#outcomeOf(peer, 'hear' in stimulus ? stimulus.hear : stimulus, cutShort)
    const cut = outcome === null || outcome.broken || outcome.sent.length === 0 ? null : outcome
    peer.cuts.set(stimulus, cut)
    return cut
  }

  #outcomeOf(peer: Peer, stimulus: Stimulus, turn = turned): Outcome | null {
    try {
      const { peer: after, sent, reads } = turn(this.host, peer.state, stimulus)
      const next = this.peer(after)
      if (next === peer && sent.length === 0 && reads.length === 0) return null
      const letters = sent.map((message) => this.letter(message))
      return { peer: next, sent: letters, reads, broken: brokenBetween(peer, next) }
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error
      const broken = { invariant: error.invariant, details: JSON.stringify(error.details) }
      return { peer, sent: [], reads: [], broken }
    }
  }

  #factsOf(state: PeerState): Facts {
    const { core, disk } = state
    const diskCells = disk.entries.map((entry) => cellOf(entry, this.#same))
    const onDisk = { diskTruncated: disk.truncated.index, diskCells }
    if (core === null) {
      const { hard, applied, truncated, conf } = disk
      const lastIndex = truncated.index + diskCells.length
      const commit = Math.max(hard.commit, applied)
      return {
        ...{
          role: null,
          term: hard.term,
          commit,
          applied,
          lastIndex,
          truncated: truncated.index,
          cells: diskCells,
          entries: disk.entries,
        },
        conf: confOf(conf, this.#same),
        ...onDisk,
      }
    }
    const { term, commit, applied, conf, log } = core.context
    const entries = entriesOf(log)
    const cells = entries.map((entry) => cellOf(entry, this.#same))
    const { lastIndex, truncated } = log
    return {
      ...{ role: roleIn(state), term, commit, applied, lastIndex, truncated: truncated.index, cells, entries },
      conf: confOf(conf, this.#same),
      ...onDisk,
    }
  }

  #textOf(state: PeerState, to: Renaming): string {
    return peerText(state, to, this.host.mayCrash)
  }

  #number(text: string): number {
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    const no = this.#numbers.size
    this.#numbers.set(text, no)
    return no
  }

  #unnamed(no: number): Int32Array {
    const names = new Int32Array(this.renamings.length).fill(-1)
    names[0] = no
    return names
  }

  #name(names: Int32Array, renaming: number, text: (to: Renaming) => string): number {
    const no = this.#number(text(this.renamings[renaming] as Renaming))
    names[renaming] = no
    return no
  }
}

/** Leader Append-Only (§5.3): while it leads, a leader neither overwrites nor drops an entry of its own. */
function brokenBetween({ facts: a }: Peer, { facts: b }: Peer): Violation | null {
  if (a.role !== 'leader' || b.role !== 'leader' || a.term !== b.term) return null
  for (let index = Math.max(a.truncated, b.truncated) + 1; index <= a.lastIndex; index++) {
    if (a.cells[index - a.truncated - 1] !== b.cells[index - b.truncated - 1])
      return { invariant: 'Leader Append-Only', details: `the leader of term ${a.term} changed its entry ${index}` }
  }
  return null
}
