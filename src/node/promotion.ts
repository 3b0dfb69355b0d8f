/** Makes voters of learners that have caught up, where the node was told to (thesis 4.2.1). Decides, and asks for it as an operator would. */

import type { Cancel, Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { isJoint } from '../protocol/confchange.ts'
import type { ConfState, LogIndex, PeerId } from '../protocol/types.ts'
import type { MemberDesk } from './member-desk.ts'
import type { PeerHost } from './peer-host.ts'

/** Entries a learner may lack and still count as caught up: the leader's pipeline is never empty under load. */
export const LAG_MAX = 256

/** Looks in a row at which it must have: one that keeps up, and not one that happened to. */
export const ROUNDS = 10

/** A promotion that has not ended by then is tried again later. */
const TIMEOUT_MS = 5000

/** A group as its leader sees it. */
export interface Standing {
  readonly conf: ConfState
  readonly lastIndex: LogIndex
  readonly followers: ReadonlyMap<PeerId, { readonly match: LogIndex; readonly active: boolean }>
}

/** For how many looks in a row each learner has kept up. */
export type Streaks = ReadonlyMap<PeerId, number>

export const NO_STREAKS: Streaks = new Map()

/** One more look. Whoever is behind, or silent, begins anew; while a configuration is joint, nobody counts. */
export function streaksAfter(streaks: Streaks, { conf, lastIndex, followers }: Standing): Streaks {
  if (isJoint(conf)) return NO_STREAKS
  const next = new Map<PeerId, number>()
  for (const peer of conf.learners) {
    const follower = followers.get(peer)
    if (follower?.active && follower.match > 0 && follower.match + LAG_MAX >= lastIndex)
      next.set(peer, (streaks.get(peer) ?? 0) + 1)
  }
  return next
}

/** Who is to be a voter now: of those who kept up long enough the first, since only one voter may come at a time. */
export const dueIn = (streaks: Streaks): PeerId | null => [...streaks].find(([, rounds]) => rounds >= ROUNDS)?.[0] ?? null

export interface PromotionOptions {
  readonly clock: Clock
  readonly everyMs: number
  readonly logger: Logger
  readonly desk: Pick<MemberDesk, 'reconfigure'>
  readonly hosts: () => Iterable<PeerHost>
}

/** Looks at the groups that this node leads, now and then. */
export class Promotion {
  readonly #options: PromotionOptions
  readonly #streaks = new Map<string, Streaks>()
  readonly #asked = new Set<string>()
  #cancel: Cancel = () => {}

  constructor(options: PromotionOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, everyMs } = this.#options
    this.#cancel = clock.after(everyMs, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }

  #look(): void {
    for (const host of this.#options.hosts()) {
      const { group } = host
      if (!host.leads || this.#asked.has(group)) {
        this.#streaks.delete(group)
        continue
      }
      const streaks = streaksAfter(this.#streaks.get(group) ?? NO_STREAKS, standingOf(host))
      this.#streaks.set(group, streaks)
      const node = host.nodeOf(dueIn(streaks) ?? 0)
      if (node !== undefined) void this.#promote(group, node)
    }
  }

  async #promote(group: string, node: string): Promise<void> {
    const { desk, logger } = this.#options
    this.#asked.add(group)
    try {
      await desk.reconfigure({ group, steps: [{ type: 'promote', node }], timeoutMs: TIMEOUT_MS })
      logger.info({ group, node }, 'a learner has caught up, and votes from now on')
    } catch (error) {
      logger.warn({ group, node, error: String(error) }, 'a learner that has caught up could not be promoted')
    } finally {
      this.#asked.delete(group)
    }
  }
}

function standingOf({ table, snapshot }: PeerHost): Standing {
  const { followers, log } = snapshot.context
  const seen = [...followers].map(([peer, { progress, active }]) => [peer, { match: progress.context.match, active }] as const)
  return { conf: table.membership.conf, lastIndex: log.lastIndex, followers: new Map(seen) }
}
