/** Reads of replicated actors and their bytes (docs/actors.md). Knows no machine. */

import { z } from 'zod'
import { FlotillaError } from '../../base/errors.ts'
import { SCAN_ROWS_MAX } from '../../base/limits.ts'
import { actorId, actorType, shaped } from './command.ts'
import { decodeFrame, encodeFrame } from './frame.ts'

/** Asks for one instance. */
export interface GetActor {
  readonly verb: 'get'
  readonly id: string
}

/** Asks for instances in the order of their ids. */
export interface ListActors {
  readonly verb: 'list'
  /** Only of this type. */
  readonly type?: string
  /** Only ids behind this one. */
  readonly after?: string
  /** At most so many, from 1 to `SCAN_ROWS_MAX`, which is also the default. */
  readonly limit?: number
}

export type ActorQuery = GetActor | ListActors

const GET = 1
const LIST = 2

const SCHEMAS = {
  get: z.strictObject({ id: actorId }),
  list: z.strictObject({
    type: actorType.exactOptional(),
    after: actorId.exactOptional(),
    limit: z.int().min(1).max(SCAN_ROWS_MAX).exactOptional(),
  }),
}

/** Bytes of a {@link GetActor}. Throws `COMMAND_INVALID`. */
export const encodeGet = (id: string): Uint8Array => encodeFrame(GET, shaped(SCHEMAS.get, { id }, 'COMMAND_INVALID'))

/** Bytes of a {@link ListActors}. Throws `COMMAND_INVALID`. */
export const encodeList = (list: Omit<ListActors, 'verb'> = {}): Uint8Array =>
  encodeFrame(LIST, shaped(SCHEMAS.list, list, 'COMMAND_INVALID'))

/** A read from its bytes. Throws `COMMAND_INVALID`, nothing else. */
export function decodeQuery(bytes: Uint8Array): ActorQuery {
  const { kind, payload } = decodeFrame(bytes, 'COMMAND_INVALID')
  if (kind === GET) return { verb: 'get', ...shaped(SCHEMAS.get, payload, 'COMMAND_INVALID') }
  if (kind === LIST) return { verb: 'list', ...shaped(SCHEMAS.list, payload, 'COMMAND_INVALID') }
  throw new FlotillaError('COMMAND_INVALID', `unknown query ${kind}`, { kind })
}
