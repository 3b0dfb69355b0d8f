/** How fresh a read must be: the words for it, the same in requests, in the client and on the command line. */

import { z } from 'zod'
import { FlotillaError } from '../base/errors.ts'

/** In order of what they cost, dearest first. */
export const CONSISTENCIES = ['linearizable', 'lease', 'follower', 'stale'] as const

/**
 * `linearizable`: sees every write acknowledged before the call; the leader asks a majority whether it still leads. `lease`: the same guarantee, as
 * long as clocks run alike; the leader does not ask if a majority answered it just now. `follower`: as linearizable, from any replica, which learns from
 * the leader how far it must be. `stale`: what the replica has.
 */
export type Consistency = (typeof CONSISTENCIES)[number]

/** What is asked of a read. */
export interface Freshness {
  readonly consistency: Consistency
  /** Of a stale read: how far behind the answer may be, in milliseconds. Missing: however far. */
  readonly maxStalenessMs?: number
}

/** A bound on staleness is between nothing and a day, in milliseconds. */
export const STALENESS_MS_MAX = 86_400_000

/** The same as fields of a request. */
export const freshnessFields = {
  consistency: z.enum(CONSISTENCIES).optional(),
  maxStalenessMs: z.number().min(0).max(STALENESS_MS_MAX).optional(),
}

/** What may be said of it. */
export interface FreshnessWish {
  readonly consistency?: Consistency | undefined
  readonly maxStalenessMs?: number | undefined
}

/** A wish, checked and completed: a bound alone asks for a stale read. Throws `CONFIG_INVALID`. */
export function freshnessOf(wish: FreshnessWish, usual: Consistency): Freshness {
  const { maxStalenessMs } = wish
  const consistency = wish.consistency ?? (maxStalenessMs === undefined ? usual : 'stale')
  if (!CONSISTENCIES.includes(consistency)) {
    throw invalid(`consistency is one of ${CONSISTENCIES.join(', ')}, not ${JSON.stringify(String(consistency).slice(0, 40))}`)
  }
  if (maxStalenessMs === undefined) return { consistency }
  if (!(typeof maxStalenessMs === 'number' && maxStalenessMs >= 0 && maxStalenessMs <= STALENESS_MS_MAX)) {
    throw invalid(`maxStalenessMs is 0 to ${STALENESS_MS_MAX}, not ${String(maxStalenessMs).slice(0, 40)}`)
  }
  if (consistency !== 'stale') throw invalid(`maxStalenessMs bounds stale reads; a ${consistency} read is never stale`)
  return { consistency, maxStalenessMs }
}

const invalid = (message: string): FlotillaError => new FlotillaError('CONFIG_INVALID', message)
