/** Somebody who follows what a group commits, from the first entry on, through the real client; and whether nothing was missing, doubled or out of order. */

import { FlotillaError } from '../../base/errors.ts'
import type { Client } from '../../client/client.ts'
import type { CommittedEntry } from '../../client/types.ts'
import type { Entry, LogIndex } from '../../protocol/types.ts'
import { checkSubscription } from '../checkers/subscription.ts'

/** Milliseconds before somebody who was refused asks again. */
const AGAIN_MS = 300

/** What a subscriber follows, and until when. */
export interface SubscriberScene {
  readonly group: string
  isOver(): boolean
}

/** What it works with while its process lives. */
export interface SubscriberTools {
  readonly client: Client
  sleep(ms: number): Promise<void>
  note(what: string, ...details: readonly (string | number)[]): void
}

/** A stretch of the log that was seen without a break. */
interface Stretch {
  readonly from: LogIndex
  readonly seen: CommittedEntry[]
}

export class Subscriber {
  readonly #scene: SubscriberScene
  readonly #stretches: Stretch[] = []
  readonly #end = new AbortController()

  constructor(scene: SubscriberScene) {
    this.#scene = scene
  }

  /** The index after the last entry it was told. */
  get next(): LogIndex {
    const { from = 1, seen = [] } = this.#stretches.at(-1) ?? {}
    return (seen.at(-1)?.index ?? from - 1) + 1
  }

  /**
   * Listens until it is stopped, from where it was when its process died, if it did. Where the log was cut off before it had read it, it goes on from what is
   * left: that is no gap of its own.
   */
  async run({ client, sleep, note }: SubscriberTools): Promise<void> {
    let from = this.next
    while (!this.#scene.isOver()) {
      try {
        await this.#follow(client, from)
      } catch (error) {
        if (!(error instanceof FlotillaError)) throw error
        note('misses', error.code, from)
        from = error.code === 'COMPACTED' && typeof error.details.first === 'number' ? error.details.first : this.next
        await sleep(AGAIN_MS)
      }
    }
  }

  stop(): void {
    this.#end.abort()
  }

  /** Lines about what it was told that is not what was applied; none when all is well. `last`: what it must have come to by now. */
  troubles(applied: ReadonlyMap<LogIndex, Entry>, last: LogIndex): readonly string[] {
    const committed = [...applied.values()].filter(({ index }) => index <= last).sort((a, b) => a.index - b.index)
    return this.#stretches.flatMap(({ from, seen }, i) => {
      const caughtUp = i === this.#stretches.length - 1
      return checkSubscription(seen, committed.slice(from - 1), { from, caughtUp })
    })
  }

  async #follow(client: Client, from: LogIndex): Promise<void> {
    const { group } = this.#scene
    const seen: CommittedEntry[] = []
    this.#stretches.push({ from, seen })
    for await (const entry of client.committed(group, { from, signal: this.#end.signal })) seen.push(entry)
  }
}
