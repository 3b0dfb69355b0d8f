/** From flags and environment to a connection. Knows the names of flags; nothing of commands. */

import { ID_PATTERN } from '../base/limits.ts'
import { type Client, connect } from '../client/client.ts'
import type { Transport } from '../ports/transport.ts'
import { connectionOptions, type NatsSettings } from '../transport/nats/credentials.ts'
import { natsTransport } from '../transport/nats/transport.ts'
import type { Arguments } from './arguments.ts'
import type { Invocation } from './command.ts'
import { asUsed, Misuse } from './failures.ts'
import type { Terminal } from './terminal.ts'

export const NATS_URL = 'nats://127.0.0.1:4222'
const TIMEOUT_MS = 5000

/** Which cluster, where. */
export interface Target {
  readonly cluster: string
  readonly group: string
  readonly url: string
  readonly timeoutMs: number
}

/** What flags and environment say. Flags win. */
export function targetOf({ args, terminal }: Invocation, timeoutMs = TIMEOUT_MS): Target {
  return {
    cluster: clusterOf({ args, terminal }),
    group: checked('group', args.text('group') ?? 'kv'),
    url: urlOf(args, terminal),
    timeoutMs: timeoutOf(args, timeoutMs),
  }
}

/** The cluster that is meant. */
export const clusterOf = ({ args, terminal }: Invocation): string =>
  checked('cluster', args.text('cluster') ?? terminal.env.FLOTILLA_CLUSTER ?? 'demo')

/** How long to try, in milliseconds. */
const timeoutOf = (args: Arguments, usualMs = TIMEOUT_MS): number => args.whole('timeout', { min: 1, max: 600_000 }) ?? usualMs

/** A name that can be part of a subject. */
function checked(what: string, name: string): string {
  if (ID_PATTERN.test(name)) return name
  throw new Misuse(
    'CONFIG_INVALID',
    `${what} '${name}' is not 1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter or digit`,
  )
}

const urlOf = (args: Arguments, terminal: Terminal): string => args.text('nats') ?? terminal.env.FLOTILLA_NATS ?? NATS_URL

/** Addresses as they may be shown: without the secrets that may be in them. */
export const shownAddress = (url: string): string => url.replaceAll(/[^/@,]*@/g, '')

/** The NATS client's options. Throws a {@link Misuse} with `CONFIG_INVALID` for what cannot be right. */
export function natsOptionsOf(args: Arguments, terminal: Terminal, name: string): ReturnType<typeof connectionOptions> {
  const flags: readonly (readonly [keyof NatsSettings, string])[] = [
    ['user', 'user'],
    ['password', 'password'],
    ['token', 'token'],
    ['nkeySeedFile', 'nkey'],
    ['credsFile', 'creds'],
    ['ca', 'ca'],
    ['cert', 'cert'],
    ['key', 'key-file'],
  ]
  const url = urlOf(args, terminal)
  const given = flags.flatMap(([setting, flag]) => {
    const value = args.text(flag)
    return value === undefined ? [] : [[setting, value] as const]
  })
  return { ...asUsed(() => connectionOptions({ url, ...Object.fromEntries(given) })), name }
}

/** A connection to NATS; rejects with `DISCONNECTED` when there is none in time. */
const openTransport = ({ args, terminal }: Invocation, timeoutMs: number): Promise<Transport> =>
  natsTransport({ ...natsOptionsOf(args, terminal, 'flotilla-cli'), connectTimeoutMs: timeoutMs })

/** Runs something with a client, and closes it whatever happens. */
export async function withClient<T>(
  call: Invocation,
  work: (client: Client, target: Target, transport: Transport) => Promise<T>,
  timeoutMs?: number,
): Promise<T> {
  const target = targetOf(call, timeoutMs)
  const transport = await openTransport(call, target.timeoutMs)
  try {
    const client = await connect({ cluster: target.cluster, transport, timeoutMs: target.timeoutMs })
    try {
      return await work(client, target, transport)
    } finally {
      await client.close()
    }
  } finally {
    await transport.close()
  }
}
