/** What a caller may hand over to reach NATS by, and what is read from it. Knows no message, and dials nothing. */

import type { NatsConnection } from 'nats'
import { FlotillaError } from '../../base/errors.ts'
import type { NatsTransportOptions } from './dial.ts'

/** The NATS client's own options with ours, or a connection that the caller keeps and closes. */
export type Source = NatsTransportOptions | NatsConnection

/** The part of a ready connection without which nothing works. */
const CONNECTION_METHODS = ['publish', 'subscribe', 'status', 'flush', 'isClosed', 'isDraining', 'close'] as const

/**
 * Whether the source is a ready connection. Throws `CONFIG_INVALID` for what is neither that nor options, and `CLOSED` for a
 * connection that is closed or about to be.
 */
export function isConnection(source: Source): source is NatsConnection {
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    const given = source === null ? 'null' : Array.isArray(source) ? 'an array' : `a ${typeof source}`
    throw new FlotillaError('CONFIG_INVALID', `natsTransport takes options ({ servers: … }) or a NATS connection, not ${given}`)
  }
  if (!('publish' in source)) return false
  const missing = CONNECTION_METHODS.find((name) => typeof Reflect.get(source, name) !== 'function')
  if (missing !== undefined) {
    throw new FlotillaError('CONFIG_INVALID', `not a NATS connection: it has no method ${missing}`, { missing })
  }
  if (source.isClosed() || source.isDraining()) {
    throw new FlotillaError('CLOSED', 'the NATS connection given is closed')
  }
  return true
}

/**
 * Where a connection wants its answers. Its type does not say, though it keeps the options it was made with: without them a server
 * that permits inboxes by prefix would refuse ours.
 */
export function inboxPrefixOf(connection: NatsConnection): string | undefined {
  const options: unknown = Reflect.get(connection, 'options')
  if (typeof options !== 'object' || options === null) return undefined
  const prefix: unknown = Reflect.get(options, 'inboxPrefix')
  return typeof prefix === 'string' && prefix !== '' ? prefix : undefined
}
