/** The words of a session's chart: when a route is lost, which one is next, and how long to wait. Pure; knows no actor and no subject. */

import type { Finding, Route, SessionContext } from '../../machines/session.ts'
import { FlotillaError } from '../base/errors.ts'

/** A loss as a call reports it. */
export interface Loss {
  readonly serial: number
  /** The leader, according to who refused. */
  readonly hint: string | null
}

/** Losses in a row after which looking at once for another way is no use. */
const LOSSES_MAX = 2

/** Failures in a row after which a leader of a later term, of whom nobody else knows, is thought to have been a mistake. */
const DISBELIEF = 10

/** Bounds of the pause between two searches, and between two attempts, in milliseconds. */
export const BACKOFF_MS_MIN = 20
export const BACKOFF_MS_MAX = 250

/** Somebody else saw the same loss first. */
export const isOutdated = (context: SessionContext, loss: Loss): boolean => loss.serial !== context.serial

/** Whether to go where the refusal points: not for ever, since two nodes may each think it is the other. */
export function isHinted({ route, failures }: SessionContext, { hint }: Loss): boolean {
  if (hint === null || failures >= LOSSES_MAX) return false
  return route.kind === 'group' || route.node !== hint
}

/** So many losses in a row mean that there is no leader yet. */
export const isRestless = ({ failures }: SessionContext): boolean => failures >= LOSSES_MAX

/** The route a refusal points to. */
export const followHint = (context: SessionContext, { hint }: Loss): Partial<SessionContext> =>
  hint === null ? {} : { ...rerouted(context, { kind: 'node', node: hint }), failures: context.failures + 1 }

/**
 * Whether a finding names a leader, and not one of a term before a leader already believed. What everybody has contradicted for a while is
 * believed no more.
 */
export const isNamed = ({ term: believed, failures }: SessionContext, { leader, term }: Finding): boolean =>
  leader !== null && (term >= believed || failures >= DISBELIEF)

/** The route a finding names: to the leader, by its name. */
export const followFinding = (context: SessionContext, { leader, term }: Finding): Partial<SessionContext> =>
  leader === null ? {} : { ...rerouted(context, { kind: 'node', node: leader }), term }

/** Whether a search failed because nobody listens there, or the server does not let this client ask: then asking again is no use. */
export const isUnheard = (error: unknown): boolean =>
  error instanceof FlotillaError && (error.code === 'UNAVAILABLE' || error.code === 'CONFIG_INVALID')

/** The route when nobody can say who leads: whoever listens as the leader. */
export const followGroup = (context: SessionContext): Partial<SessionContext> => rerouted(context, { kind: 'group' })

export const countFailure = ({ failures }: SessionContext): Partial<SessionContext> => ({ failures: failures + 1 })

/** The route works. */
export const settle = (): Partial<SessionContext> => ({ failures: 0 })

/**
 * How long to pause after so many failures: doubling from 20 to 250 ms, of which chance (in [0, 1)) takes up to a half, so that
 * clients that failed together do not come back together.
 */
export function backoffMs(failures: number, chance: number): number {
  const full = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(Math.max(failures - 1, 0), 10))
  return Math.max(BACKOFF_MS_MIN, Math.round(full * (1 - chance / 2)))
}

/** A disk is not free again in a moment; another leader may be there in half a second. */
const FULL_MS = 1000

/** How long to pause after a failed attempt, in milliseconds. */
export const pauseMs = ({ code }: FlotillaError, failures: number, chance: number): number =>
  code === 'STORAGE_FULL' ? Math.round(FULL_MS * (1 - chance / 2)) : backoffMs(failures, chance)

const rerouted = ({ serial }: SessionContext, route: Route): Partial<SessionContext> => ({ route, serial: serial + 1 })
