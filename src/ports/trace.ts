/** What a node shows of its core while it runs: for a simulator, an inspector, a test. Whoever looks must change nothing. */

import type { LocalEvent } from '../protocol/events.ts'
import type { Message } from '../protocol/messages.ts'
import type { RaftState } from '../protocol/state.ts'
import type { Entry, PeerId, Role } from '../protocol/types.ts'

/** A peer as it is at one moment: a value that stays as it is. */
export interface TracedState {
  readonly role: Role
  /** Active states of the role chart, outermost first: `['following', 'follower']`. */
  readonly states: readonly string[]
  readonly raft: RaftState
}

/** One event that a peer took. */
export interface TracedStep {
  readonly group: string
  readonly peer: PeerId
  /** A message of another peer, something local, or a timer that was due. */
  readonly cause: Message | LocalEvent | { readonly type: string }
  readonly before: TracedState
  readonly after: TracedState
}

/** Called in the midst of the node's work: must be quick, must not throw unless the run is to end, and must not call the node. */
export interface Trace {
  /** A peer has read its disk and begins. */
  began?(group: string, peer: PeerId, state: TracedState): void
  stepped?(step: TracedStep): void
  /** A committed entry took effect on the state machine. */
  applied?(group: string, peer: PeerId, entry: Entry): void
}
