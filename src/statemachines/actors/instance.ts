/** One replicated actor as the table keeps it. Knows no machine and no command. */

import { text, utf8 } from '../../base/bytes.ts'
import { FlotillaError } from '../../base/errors.ts'
import { VALUE_BYTES_MAX } from '../../base/limits.ts'
import type { LogIndex } from '../../protocol/types.ts'
import type { ActorView } from './result.ts'
import type { StoredSnapshot } from './stepper.ts'

/** The family instances live in: key is the id in UTF-8, value the JSON of an {@link Instance}. */
export const ACTORS_FAMILY = 'actors'

/** What is kept of an instance. */
export interface Instance {
  readonly type: string
  /** Hash of the definition that stepped it last. */
  readonly version: string
  /** Entry that changed it last. */
  readonly index: LogIndex
  readonly snapshot: StoredSnapshot
}

/** Bytes of an instance: the same everywhere, so that replicas can be compared. Throws `TOO_LARGE`. */
export function encodeInstance({ type, version, index, snapshot }: Instance): Uint8Array {
  const bytes = utf8(JSON.stringify({ type, version, index, snapshot }))
  if (bytes.length <= VALUE_BYTES_MAX) return bytes
  const message = `an actor of ${bytes.length} bytes is above the limit of ${VALUE_BYTES_MAX}`
  throw new FlotillaError('TOO_LARGE', message, { what: 'actor', bytes: bytes.length, bytesMax: VALUE_BYTES_MAX })
}

/** An instance from bytes of {@link encodeInstance}: a fresh copy each time. Anything else in the table is damage, and throws as such. */
export const decodeInstance = (bytes: Uint8Array): Instance => JSON.parse(text(bytes)) as Instance

/** An instance as a client sees it. */
export function viewOf({ type, version, index, snapshot }: Instance): ActorView {
  const { status, value, context, output } = snapshot
  return { type, status, value, context, ...(output !== undefined && { output }), index, version }
}
