/** The options of a connection to NATS, looked at before anybody is dialled: a wrong one would hang, or silently do nothing. Dials nothing. */

import { z } from 'zod'
import { FlotillaError } from '../../base/errors.ts'
import { isSubject } from '../validity.ts'
import type { NatsTransportOptions } from './dial.ts'

/** Longest wait for a first connection that may be asked for, in milliseconds. Without a number one waits for ever. */
export const CONNECT_TIMEOUT_MS_MAX = 600_000

/** Longest of the client's own timers, in milliseconds: above it a timer of Node.js fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

const text = z.string()
const flag = z.boolean()
const server = text.refine((address) => address.trim() !== '', 'is the address of a server')
const ms = z.number().min(0).max(TIMER_MS_MAX)
const callback = z.custom((value) => typeof value === 'function', 'must be a function')
const inbox = text.refine((prefix) => prefix === '' || isSubject(prefix), 'must be a subject: tokens parted by dots')

const schema = z.strictObject({
  connectTimeoutMs: z.number().min(1).max(CONNECT_TIMEOUT_MS_MAX),
  signal: z.custom((value) => value instanceof AbortSignal, 'must be an AbortSignal'),
  onRetry: callback,
  authenticator: callback.or(z.array(callback).min(1)),
  ...{ debug: flag, ignoreAuthErrorAbort: flag, ignoreClusterUpdates: flag, noAsyncTraces: flag, noEcho: flag },
  ...{ noRandomize: flag, pedantic: flag, reconnect: flag, resolve: flag, verbose: flag, waitOnFirstConnect: flag },
  ...{ name: text, pass: text, token: text, user: text, inboxPrefix: inbox },
  ...{ pingInterval: ms, reconnectJitter: ms, reconnectJitterTLS: ms, reconnectTimeWait: ms, timeout: ms.min(1) },
  maxPingOut: z.int().min(1),
  maxReconnectAttempts: z.int().min(-1),
  port: z.int().min(1).max(65_535),
  reconnectDelayHandler: callback,
  servers: server.or(z.array(server).min(1)),
  tls: z.looseObject({}).nullable(),
} satisfies Record<keyof NatsTransportOptions, z.ZodType>)

const partial = schema.partial()

/** Throws `CONFIG_INVALID`, naming the option; never its value, which may be a secret. */
export function checkOptions(options: NatsTransportOptions): void {
  const parsed = partial.safeParse(options)
  if (parsed.success) return
  const [issue] = parsed.error.issues
  const option = issue?.path.join('.') || 'options'
  throw new FlotillaError('CONFIG_INVALID', `natsTransport, ${option}: ${issue?.message ?? 'not valid'}`, { option })
}
