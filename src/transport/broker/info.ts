/** The two introductions: what the broker says of itself, and what a client asks for. Knows no sockets. */

import { ProtocolViolation } from './parser.ts'

/** The level of the client protocol spoken here, as a nats-server release: clients switch features on by it. */
const SPOKEN_VERSION = '2.9.0'

/** What goes into an INFO line. */
export interface Introduction {
  readonly serverId: string
  readonly host: string
  readonly port: number
  readonly payloadMax: number
  readonly clientId: number
  readonly clientIp: string
}

/** The first line a client reads. */
export function infoLine(intro: Introduction): string {
  const info = {
    server_id: intro.serverId,
    server_name: 'flotilla-development-broker',
    version: SPOKEN_VERSION,
    go: '',
    proto: 1,
    host: intro.host,
    port: intro.port,
    headers: true,
    max_payload: intro.payloadMax,
    client_id: intro.clientId,
    client_ip: intro.clientIp,
  }
  return `INFO ${JSON.stringify(info)}\r\n`
}

/** What a client wants. */
export interface ClientOptions {
  /** Wants `+OK` for everything. */
  readonly verbose: boolean
  /** Wants its own messages, where it listens to them. */
  readonly echo: boolean
  readonly headers: boolean
  /** Wants to be told when nobody hears its request. */
  readonly noResponders: boolean
}

/** What holds before a CONNECT: what a person with a raw connection would want. */
export const UNINTRODUCED: ClientOptions = { verbose: true, echo: true, headers: false, noResponders: false }

/** Reads the argument of CONNECT. Credentials are not looked at: this broker has no users. */
export function parseConnect(json: string): ClientOptions {
  let given: unknown
  try {
    given = JSON.parse(json)
  } catch {
    throw new ProtocolViolation('Bad CONNECT Arguments')
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new ProtocolViolation('Bad CONNECT Arguments')
  const flag = (name: string, fallback: boolean): boolean => {
    const value: unknown = Reflect.get(given, name)
    if (value === undefined || value === null) return fallback
    if (typeof value !== 'boolean') throw new ProtocolViolation('Bad CONNECT Arguments')
    return value
  }
  const options = {
    verbose: flag('verbose', false),
    echo: flag('echo', true),
    headers: flag('headers', false),
    noResponders: flag('no_responders', false),
  }
  if (options.noResponders && !options.headers) throw new ProtocolViolation('No Responders Requires Headers Support')
  return options
}
