/** What happens to the connection with NATS, told to people: in a node's log, or beside what a command prints. Repairs nothing. */

import type { Logger } from '../ports/logger.ts'
import type { Transport } from '../ports/transport.ts'
import type { Output } from './terminal.ts'

/** Longest silence while one waits for a first connection, in milliseconds. */
const SILENCE_MS_MAX = 30_000

/** To be called after every failed attempt: says at once that one waits, then after 1, 2, 4 … 30 seconds again. */
export function sayingNowAndThen(logger: Logger, address: string, now = (): number => performance.now()): (error: Error) => void {
  let nextAt = 0
  let silenceMs = 1000
  return (error) => {
    if (now() < nextAt) return
    logger.warn({ error: error.message }, `waiting for NATS at ${address}`)
    nextAt = now() + silenceMs
    silenceMs = Math.min(silenceMs * 2, SILENCE_MS_MAX)
  }
}

/** Logs when the connection is lost, when it is back, and what the server refuses. `address`: where it was made. */
export function logLink(
  transport: Pick<Transport, 'watch'>,
  { logger, address }: { readonly logger: Logger; readonly address: string },
): void {
  logger.info({ server: address }, 'connected to NATS')
  transport.watch((event) => {
    if (event.type === 'connected') logger.info({ server: event.server }, 'connected to NATS again')
    else if (event.type === 'disconnected') logger.warn({ server: address }, 'the connection to NATS is lost')
    else if (event.type === 'error') logger.warn({ server: address, error: event.error }, 'NATS reports an error')
  })
}

/** Says the same in a line each, for who looks at a command that goes on. */
export function sayLink(transport: Pick<Transport, 'watch'>, err: Output): void {
  const say = (line: string): void => void err.write(`flotilla: ${line}\n`)
  transport.watch((event) => {
    if (event.type === 'connected') say(`connected to NATS at ${event.server} again`)
    else if (event.type === 'disconnected') say('the connection to NATS is lost; waiting for it')
    else if (event.type === 'error') say(`NATS reports an error: ${event.error.message.replaceAll(/\s*\n\s*/g, '; ')}`)
  })
}
