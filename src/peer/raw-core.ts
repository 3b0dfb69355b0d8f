/** The peer inside a RawNode: steps it, keeps what it says until somebody collects it, and silences it when it breaks a rule. Knows no host. */

import type { RoleContext } from '../../machines/role.ts'
import { InvariantError } from '../base/assert.ts'
import type { LocalEvent } from '../protocol/events.ts'
import type { Message } from '../protocol/messages.ts'
import { reasonToDrop } from '../protocol/plausible.ts'
import type { Output } from '../protocol/ready.ts'
import { hasChanged } from './collect.ts'
import { ownCopyOf } from './raw-checks.ts'
import { RawRounds } from './raw-rounds.ts'
import type { RoleSnapshot } from './role-words.ts'
import { type PeerInput, type Stepped, startPeer, stepEvent, stepMessage, type TimerEvent } from './step.ts'
import type { TickTimers } from './tick-timers.ts'

/** What happened since somebody looked last. */
export interface Collected {
  readonly before: RoleSnapshot
  readonly after: RoleSnapshot
  readonly said: readonly Output[]
}

export class RawCore {
  readonly rounds = new RawRounds()
  readonly #timers: TickTimers
  #snapshot: RoleSnapshot
  /** The state when somebody looked last, and what was said since. */
  #collected: RoleSnapshot
  #said: Output[] = []
  #dropped = 0
  #broken: InvariantError | null = null

  constructor(input: PeerInput, timers: TickTimers) {
    const [first, said] = startPeer(input)
    this.#timers = timers
    this.#snapshot = first
    this.#collected = first
    this.#take([first, said])
  }

  get snapshot(): RoleSnapshot {
    return this.#snapshot
  }

  get context(): RoleContext {
    return this.#snapshot.context
  }

  /** The rule that was broken here, if one was: then this peer says and does nothing more. */
  get broken(): InvariantError | null {
    return this.#broken
  }

  /** Messages that were none, or could not be true. */
  get dropped(): number {
    return this.#dropped
  }

  /** Whether {@link collect} would find anything. */
  get hasNews(): boolean {
    return !this.#broken && (this.#said.length > 0 || hasChanged(this.#collected, this.#snapshot))
  }

  /** What happened since the last call. */
  collect(): Collected {
    const news = { before: this.#collected, after: this.#snapshot, said: this.#said }
    this.#collected = this.#snapshot
    this.#said = []
    this.rounds.handOut()
    return news
  }

  /** Something on our own node, or an expired timer. Returns what was said to it. */
  event(event: LocalEvent | TimerEvent): readonly Output[] {
    return this.#run(() => stepEvent(this.#snapshot, event))
  }

  /** A message of another peer, if it is one and can be true. */
  message(message: Message): boolean {
    const taken = !this.#broken && reasonToDrop(this.context, message) === null
    if (taken) this.#run(() => stepMessage(this.#snapshot, ownCopyOf(message)))
    else this.#dropped++
    return taken
  }

  #run(step: () => Stepped): readonly Output[] {
    if (this.#broken) return []
    try {
      return this.#take(step())
    } catch (thrown) {
      if (!(thrown instanceof InvariantError)) throw thrown
      this.#broken = thrown
      this.#said = []
      return []
    }
  }

  #take([snapshot, outputs]: Stepped): readonly Output[] {
    this.rounds.count(snapshot.context.round, this.#timers.now)
    this.#snapshot = snapshot
    for (const output of outputs) {
      if (output.type === 'arm' || output.type === 'disarm') this.#timers.set(output)
      else if (output.type !== 'accepted' && output.type !== 'refused') this.#said.push(output)
    }
    return outputs
  }
}
