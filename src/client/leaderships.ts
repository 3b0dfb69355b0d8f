/** News of who leads: an attempt sent to a leader that another has followed need not wait for an answer. Knows no call and no route. */

import { z } from 'zod'
import { text } from '../base/bytes.ts'
import { GROUPS_MAX } from '../base/limits.ts'
import type { Logger } from '../ports/logger.ts'
import type { Subscription, Transport } from '../ports/transport.ts'

/** Who leads a group since which term. */
export interface Leadership {
  readonly group: string
  readonly node: string
  readonly term: number
}

/** Whom an attempt was sent to, and in which term that node was believed to lead. */
export type Addressee = Leadership

const name = z.string().min(1).max(63)
const leadership = z.object({ group: name, node: name, term: z.int().min(0) })

/** An attempt that waits to hear whether it has been overtaken. */
interface Waiting {
  readonly to: Addressee
  readonly overtaken: (leader: string) => void
}

/** Where news come from, and who else wants them. */
export interface LeadershipsHost {
  readonly transport: Transport
  readonly subject: string
  readonly logger: Logger
  /** Told of each leader of a term later than all before it. */
  readonly onNews: (news: Leadership) => void
}

export class Leaderships {
  readonly #host: LeadershipsHost
  /** The latest of each group. Bounded by the groups of a client. */
  readonly #latest = new Map<string, Leadership>()
  /** Attempts under way. Bounded by the bound on calls. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  #subscription: Subscription | null = null

  constructor(host: LeadershipsHost) {
    this.#host = host
  }

  /** Listens from now on, if it did not yet. */
  open(): void {
    const { transport, subject, logger } = this.#host
    this.#subscription ??= transport.subscribe(subject, ({ data }) => {
      const news = newsIn(data)
      if (news === null) logger.debug({ bytes: data.length }, 'news of a leader that could not be read')
      else this.#hear(news)
    })
  }

  /** Calls back once, at once if it is known already, when another node leads in a later term. Returns how to stop that. */
  watch(to: Addressee, overtaken: (leader: string) => void): () => void {
    const latest = this.#latest.get(to.group)
    if (latest !== undefined && isLater(latest, to)) {
      overtaken(latest.node)
      return () => {}
    }
    const waiting = this.#waiting.get(to.group) ?? new Set()
    this.#waiting.set(to.group, waiting)
    const one = { to, overtaken }
    waiting.add(one)
    return () => {
      waiting.delete(one)
      if (waiting.size === 0 && this.#waiting.get(to.group) === waiting) this.#waiting.delete(to.group)
    }
  }

  close(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = null
    this.#waiting.clear()
    this.#latest.clear()
  }

  #hear(news: Leadership): void {
    const latest = this.#latest.get(news.group)
    if (latest === undefined ? this.#latest.size >= GROUPS_MAX : latest.term >= news.term) return
    this.#latest.set(news.group, news)
    this.#host.onNews(news) // first, so that who is overtaken finds the new way
    for (const one of [...(this.#waiting.get(news.group) ?? [])]) {
      if (!isLater(news, one.to)) continue
      this.#waiting.get(news.group)?.delete(one)
      one.overtaken(news.node)
    }
  }
}

/** Whether another node than the addressee has come to lead since. */
const isLater = ({ node, term }: Leadership, to: Addressee): boolean => node !== to.node && term > to.term

function newsIn(data: Uint8Array): Leadership | null {
  try {
    return leadership.parse(JSON.parse(text(data)))
  } catch {
    return null
  }
}
