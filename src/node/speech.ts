/** What peers say: at once, when the disk has what it speaks of, or when there is company. Knows envelopes' ways out, and nothing of what is said. */

import { soon } from '../clock/turns.ts'
import type { Clock } from '../ports/clock.ts'
import { type InstallSnapshot, type Message, waitsForDisk } from '../protocol/messages.ts'
import type { Flush } from './flush.ts'
import type { Outbox } from './outbox.ts'
import type { PeerHost } from './peer-host.ts'

export interface SpeechOptions {
  readonly outbox: Outbox
  readonly clock: Clock
  readonly flush: Pick<Flush, 'after'>
  /** A snapshot is not sent like a message: it is offered, and fetched. */
  readonly offer: (host: PeerHost, message: InstallSnapshot) => void
}

export class Speech {
  readonly #options: SpeechOptions
  #spreading = false
  #stopped = false

  constructor(options: SpeechOptions) {
    this.#options = options
  }

  stop(): void {
    this.#stopped = true
  }

  /** What promises nothing leaves at once; the rest, in order, when what it speaks for is on disk. */
  letGo(host: PeerHost, messages: readonly Message[]): void {
    const promises: Message[] = []
    for (const message of messages) {
      if (message.type === 'InstallSnapshot') this.#options.offer(host, message)
      else if (waitsForDisk(message)) promises.push(message)
      else this.post(host, message)
    }
    if (promises.length === 0) return
    this.#options.flush.after(host.flushNeeded, () => {
      for (const message of promises) this.post(host, message)
    })
  }

  /** Puts a message into the next envelope to its peer's node. */
  post(host: PeerHost, message: Message): void {
    const to = host.nodeOf(message.to)
    if (to !== undefined) this.#options.outbox.post(to, { group: host.group, epoch: host.epoch, message })
  }

  /** News of a commit wait until those who heard of it here had a turn to propose more: entries carry the news along. */
  spread(): void {
    if (this.#spreading || !this.#options.outbox.hasNews) return
    this.#spreading = true
    const later = (): void => {
      this.#spreading = false
      if (!this.#stopped) this.#options.outbox.sendNews()
    }
    const { clock } = this.#options
    soon(clock, () => soon(clock, later)) // the turn of those proposals is the next immediate but one
  }
}
