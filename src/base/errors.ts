/** Every refusal a user can meet, as a code. Text is for people; programs match on the code. */

/** Small facts that belong to an error: ids, indexes, limits. Never payloads. */
export type Details = Readonly<Record<string, unknown>>

/** All error codes. Each is a heading of docs/errors.md (a test compares the two). */
export const CODES = [
  'NOT_LEADER',
  'BUSY',
  'TRANSFERRING',
  'CONF_IN_PROGRESS',
  'CONF_INVALID',
  'TARGET_INVALID',
  'TIMEOUT_UNKNOWN',
  'TIMEOUT',
  'UNAVAILABLE',
  'COMPACTED',
  'UNKNOWN_GROUP',
  'UNKNOWN_FAMILY',
  'TOO_LARGE',
  'CODEC_INVALID',
  'COMMAND_INVALID',
  'CONFIG_INVALID',
  'ACTOR_UNSUPPORTED',
  'ACTOR_UNKNOWN',
  'ACTOR_EXISTS',
  'ACTOR_FAILED',
  'NODE_DUPLICATE',
  'STORE_IN_USE',
  'STORE_MISMATCH',
  'STORE_CLOSED',
  'STORAGE_FAILED',
  'STORAGE_FULL',
  'SNAPSHOT_INVALID',
  'STORE_DAMAGED',
  'PORT_IN_USE',
  'DISCONNECTED',
  'CLOSED',
  'INVARIANT',
] as const

/** One of the codes in {@link CODES}. */
export type Code = (typeof CODES)[number]

/** Refusals after which the same request may be sent again: nothing was appended to any log. */
const RETRYABLE: ReadonlySet<Code> = new Set<Code>([
  'NOT_LEADER',
  'BUSY',
  'TRANSFERRING',
  'CONF_IN_PROGRESS',
  'UNAVAILABLE',
  'STORAGE_FULL',
  'DISCONNECTED',
])

/** The one error type of the public API. Match on `code`; `retryable` says whether sending again is safe. */
export class FlotillaError extends Error {
  readonly code: Code
  readonly details: Details

  constructor(code: Code, message: string, details: Details = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'FlotillaError'
    this.code = code
    this.details = details
  }

  /** True when the request certainly did nothing, so that sending it again cannot do it twice. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code)
  }
}

/** Whether a value is a known error code: for replies that come off the wire. */
export function isCode(value: unknown): value is Code {
  return (CODES as readonly unknown[]).includes(value)
}

/** Any thrown value as a FlotillaError, keeping the original as its cause. */
export function toFlotillaError(thrown: unknown, fallback: Code): FlotillaError {
  if (thrown instanceof FlotillaError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const code = thrown instanceof Error && 'code' in thrown && isCode(thrown.code) ? thrown.code : fallback
  return new FlotillaError(code, message, {}, thrown)
}
