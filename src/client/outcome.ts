/** What a failed attempt means for its call: try again, look for another way, or give up, and with which words. Pure. */

import { type Code, FlotillaError } from '../base/errors.ts'

/** What must be known of a call to judge its failures. */
export interface CallKind {
  /** Whether it changes anything. */
  readonly writes: boolean
  /** Whether it may be sent again though it may have been done. Reads always may. */
  readonly repeatable: boolean
}

/** What to do after a failed attempt. `lost`: not this way again. `pause`: the same way, a little later. */
export type Verdict = 'lost' | 'pause' | 'fail'

/** What earlier attempts of a call leave behind. */
export interface Past {
  readonly last: FlotillaError | null
  /** An attempt may have been done, though no answer says so. */
  readonly unknown: boolean
}

export const NO_PAST: Past = { last: null, unknown: false }

/**
 * What a state machine or the edge says of the command itself: it would say so of every attempt. Anything else says something about the cluster, and
 * nothing about an earlier attempt.
 */
const ABOUT_COMMAND: ReadonlySet<Code> = new Set<Code>([
  ...(['COMMAND_INVALID', 'CODEC_INVALID', 'TOO_LARGE', 'UNKNOWN_FAMILY'] as const),
  ...(['ACTOR_UNSUPPORTED', 'ACTOR_UNKNOWN', 'ACTOR_EXISTS', 'ACTOR_FAILED'] as const),
])

/** What to do after this failure. */
export function verdictOn(error: FlotillaError, call: CallKind): Verdict {
  switch (error.code) {
    case 'NOT_LEADER':
    case 'UNAVAILABLE':
      return 'lost'
    case 'BUSY':
    case 'TRANSFERRING':
    case 'CONF_IN_PROGRESS':
    case 'STORAGE_FULL':
    case 'DISCONNECTED':
      return 'pause'
    case 'TIMEOUT':
    case 'TIMEOUT_UNKNOWN':
    case 'STORAGE_FAILED': // of that node alone: another will lead
    case 'STORE_DAMAGED': // of that replica alone; what it had sent on before may happen
      return call.repeatable ? 'lost' : 'fail'
    case 'STORE_MISMATCH': // nothing was done; whether the group is another one by now is looked at before the next attempt
      return 'lost'
    default:
      return 'fail'
  }
}

/** The past with one more failed attempt. */
export const remember = (past: Past, error: FlotillaError, call: CallKind): Past => ({
  last: error,
  unknown: past.unknown || (call.writes && isSilence(error)),
})

/** What the caller is told when it is not worth trying on. */
export function finalError({ last, unknown }: Past, call: CallKind): FlotillaError {
  if (call.writes && unknown) {
    if (last?.code === 'TIMEOUT_UNKNOWN') return last // it says why
    const message = 'no answer came in time: the outcome of the write is unknown, it may have happened or may still happen'
    return new FlotillaError('TIMEOUT_UNKNOWN', message, last?.details ?? {}, last)
  }
  if (last === null) return new FlotillaError('UNAVAILABLE', 'no leader was found in time: nothing was sent')
  if (last.code === 'NOT_LEADER') {
    return new FlotillaError('UNAVAILABLE', `no leader was found in time: nothing was done (${last.message})`, last.details, last)
  }
  return isSilence(last) ? new FlotillaError('TIMEOUT', `no answer came in time: ${last.message}`, last.details, last) : last
}

/** What a call ends with that another attempt would not help: what is not known of an earlier attempt is not forgotten. */
export function lastWord(error: FlotillaError, past: Past, call: CallKind): FlotillaError {
  if (isSilence(error)) return finalError(past, call)
  return call.writes && past.unknown && !ABOUT_COMMAND.has(error.code) ? finalError({ ...past, last: error }, call) : error
}

/** The leader, if the refusal names one. */
export const hintOf = ({ details }: FlotillaError): string | null => (typeof details.leader === 'string' ? details.leader : null)

/** Nobody said what became of it. */
export const isSilence = ({ code }: FlotillaError): boolean => code === 'TIMEOUT' || code === 'TIMEOUT_UNKNOWN'
