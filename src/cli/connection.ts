/** From flags and environment to a connection. Knows the names of flags; nothing of commands. */

import { type Client, connect } from '../client/client.ts'
import type { Transport } from '../ports/transport.ts'
import { connectionOptions, type NatsSettings } from '../transport/nats/credentials.ts'
import { natsTransport } from '../transport/nats/transport.ts'
import type { Arguments } from './arguments.ts'
import type { Invocation } from './command.ts'
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
    cluster: args.text('cluster') ?? terminal.env.FLOTILLA_CLUSTER ?? 'demo',
    group: args.text('group') ?? 'kv',
    url: args.text('nats') ?? terminal.env.FLOTILLA_NATS ?? NATS_URL,
    timeoutMs: args.whole('timeout', { min: 1, max: 600_000 }) ?? timeoutMs,
  }
}

/** The NATS client's options. Throws `CONFIG_INVALID` for what cannot be right. */
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
  const url = args.text('nats') ?? terminal.env.FLOTILLA_NATS ?? NATS_URL
  const given = flags.flatMap(([setting, flag]) => {
    const value = args.text(flag)
    return value === undefined ? [] : [[setting, value] as const]
  })
  return { ...connectionOptions({ url, ...Object.fromEntries(given) }), name }
}

/** A connection to NATS; rejects with `DISCONNECTED` when there is none in time. */
export const openTransport = ({ args, terminal }: Invocation, timeoutMs: number): Promise<Transport> =>
  natsTransport({ ...natsOptionsOf(args, terminal, 'flotilla-cli'), connectTimeoutMs: timeoutMs })

/** Runs something with a client, and closes it whatever happens. */
export async function withClient<T>(
  call: Invocation,
  work: (client: Client, target: Target) => Promise<T>,
  timeoutMs?: number,
): Promise<T> {
  const target = targetOf(call, timeoutMs)
  const transport = await openTransport(call, target.timeoutMs)
  try {
    const client = await connect({ cluster: target.cluster, transport, timeoutMs: target.timeoutMs })
    try {
      return await work(client, target)
    } finally {
      await client.close()
    }
  } finally {
    await transport.close()
  }
}
