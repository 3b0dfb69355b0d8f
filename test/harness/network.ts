/** Letters on their way, and what befalls them. Knows nothing of what they say. */

import type { Message } from '../../src/protocol/messages.ts'
import type { PeerId } from '../../src/protocol/types.ts'

/** Chooses letters. */
export type Which = (message: Message) => boolean

const NONE: Which = () => false

export class Network {
  /** In order of sending. */
  queue: Message[] = []
  /** Everything ever sent, also what was lost. */
  readonly sent: Message[] = []
  readonly #cuts = new Set<string>()
  #lost = NONE
  #held = NONE

  post(message: Message): void {
    this.sent.push(message)
    if (!this.#isLost(message)) this.queue.push(message)
  }

  /** The next letter that is not held and is chosen; it leaves the queue. What a new cut lies upon is lost. */
  take(which: Which): Message | undefined {
    if (this.#cuts.size > 0 || this.#lost !== NONE) this.queue = this.queue.filter((message) => !this.#isLost(message))
    const at = this.queue.findIndex((message) => !this.#held(message) && which(message))
    return at < 0 ? undefined : this.queue.splice(at, 1)[0]
  }

  /** Loses what the choice says, from now on. */
  drop(which: Which): void {
    this.#lost = which
  }

  /** Keeps back what the choice says, until {@link release}. */
  hold(which: Which): void {
    this.#held = which
  }

  release(): void {
    this.#held = NONE
  }

  /** No letters between two peers, either way. */
  cut(a: PeerId, b: PeerId): void {
    this.#cuts.add(`${a}-${b}`).add(`${b}-${a}`)
  }

  /** No letters in one direction. */
  cutOneWay(from: PeerId, to: PeerId): void {
    this.#cuts.add(`${from}-${to}`)
  }

  /** All links are up, nothing is dropped or held. */
  heal(): void {
    this.#cuts.clear()
    this.drop(NONE)
    this.release()
  }

  #isLost(message: Message): boolean {
    return (this.#cuts.size > 0 && this.#cuts.has(`${message.from}-${message.to}`)) || this.#lost(message)
  }
}
