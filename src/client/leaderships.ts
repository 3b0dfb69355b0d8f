/**
 * News of who leads: an attempt sent to a leader that another has followed need not wait for an answer. Anybody may say anything on that subject, so
 * news count once a replica of the group has confirmed them. Knows no call and no route.
 */

import { z } from 'zod'
import { text } from '../base/bytes.ts'
import { GROUPS_MAX, ID_PATTERN } from '../base/limits.ts'
import { wallClock } from '../clock/wall.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Subscription, Transport } from '../ports/transport.ts'
import { backoffMs } from './routes.ts'

/** Who leads a group since which term. */
export interface Leadership {
  readonly group: string
  readonly node: string
  readonly term: number
  /** Mark of the founding that the term is of; empty where it is not known. */
  readonly founding: string
}

/** Whom an attempt was sent to, and in which term that node was believed to lead. */
export type Addressee = Omit<Leadership, 'founding'>

const name = z.string().regex(ID_PATTERN)
const leadership = z.object({
  group: name,
  node: name,
  term: z.int().min(0),
  founding: z.string().max(64).default(''),
})

/** Replicas are asked so often whether news are true: a new leader speaks before its followers have heard of it. */
const CONFIRMATIONS_MAX = 6

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
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Whether the client has to do with the group, and means that founding of it. */
  readonly concerns: (news: Leadership) => boolean
  /** Whether a replica of the group says the same. Never rejects. */
  readonly confirm: (news: Leadership) => Promise<boolean>
  /** Told of each leader of a term later than all before it. */
  readonly onNews: (news: Leadership) => void
}

export class Leaderships {
  readonly #host: LeadershipsHost
  /** The latest of each group that was confirmed. Bounded by the groups of a client. */
  readonly #latest = new Map<string, Leadership>()
  /** News that are being confirmed, and the ones to be looked at after them: one of each for a group. */
  readonly #doubtful = new Map<string, Leadership | null>()
  /** Attempts under way. Bounded by the bound on calls. */
  readonly #waiting = new Map<string, Set<Waiting>>()
  readonly #resting = new Set<() => void>()
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
      else if (this.#isNews(news)) void this.#verify(news)
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

  /** What is known of a group is of no use any more: that node did not answer, or does not lead. Without a node: the group was founded anew. */
  forget(group: string, node?: string): void {
    if (node === undefined || this.#latest.get(group)?.node === node) this.#latest.delete(group)
  }

  close(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = null
    this.#waiting.clear()
    this.#latest.clear()
    this.#doubtful.clear()
    for (const end of [...this.#resting]) end()
  }

  #isNews(news: Leadership): boolean {
    const latest = this.#latest.get(news.group)
    if (latest === undefined ? this.#latest.size >= GROUPS_MAX : latest.term >= news.term) return false
    return this.#host.concerns(news)
  }

  /** One question at a time for a group, whatever is said of it meanwhile: of that, the last is looked at next. */
  async #verify(news: Leadership): Promise<void> {
    const { group } = news
    if (this.#doubtful.has(group)) return void this.#doubtful.set(group, news)
    this.#doubtful.set(group, null)
    const { confirm, logger } = this.#host
    for (let asked = 1; asked <= CONFIRMATIONS_MAX && this.#subscription !== null; asked++) {
      if (await confirm(news)) {
        this.#hear(news)
        break
      }
      if (asked === CONFIRMATIONS_MAX) logger.debug({ ...news }, 'news of a leader that no replica confirms')
      else await this.#rest(backoffMs(asked, 0))
      if (this.#doubtful.get(group)) break // somebody says otherwise by now
    }
    const next = this.#doubtful.get(group)
    this.#doubtful.delete(group)
    if (next && this.#subscription !== null && this.#isNews(next)) await this.#verify(next)
  }

  /** A pause, which ends when nobody listens any more. */
  #rest(ms: number): Promise<void> {
    const { clock = wallClock } = this.#host
    return new Promise((resolve) => {
      const end = (): void => {
        cancel()
        this.#resting.delete(end)
        resolve()
      }
      const cancel = clock.after(ms, end)
      this.#resting.add(end)
    })
  }

  #hear(news: Leadership): void {
    if (this.#subscription === null || !this.#isNews(news)) return
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
