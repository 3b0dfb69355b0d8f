/** What a program gives a client, checked before anything is sent: JavaScript programs have no compiler to do it. Knows no subject. */

import { FlotillaError } from '../base/errors.ts'
import { TIMEOUT_MS_MAX } from '../wire/requests.ts'
import { checkId } from '../wire/subjects.ts'

/** Longest wait for a roll call, in milliseconds. */
const STATUS_WAIT_MS_MAX = 60_000

/** Schemes of NATS servers, and addresses without one. */
const SCHEMES: ReadonlySet<string> = new Set(['nats', 'tls'])

/** Ways to reach a cluster, of which one must be given. */
const SOURCES = ['servers', 'nats', 'transport'] as const

/** All that `connect` understands: a misspelt option would be one that silently does nothing. */
const OPTIONS: ReadonlySet<string> = new Set([...SOURCES, 'cluster', 'prefix', 'timeoutMs', 'logger', 'clock', 'chance'])

const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'] as const

/** What a port to NATS can do, all of it. */
const TRANSPORT_METHODS = ['publish', 'subscribe', 'request', 'requestMany', 'watch', 'close'] as const

const invalid = (message: string): FlotillaError => new FlotillaError('CONFIG_INVALID', message)

/** Checks all of what `connect` is given. Throws `CONFIG_INVALID`. */
export function checkConnect(options: unknown): void {
  if (!isRecord(options)) throw invalid('connect takes options: { cluster, servers }')
  const given = SOURCES.filter((name) => options[name] !== undefined)
  if (given.length !== 1) {
    const found = given.length === 0 ? 'none is given' : `given are ${given.join(' and ')}`
    throw invalid(`connect takes exactly one of servers, nats and transport; ${found}`)
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) throw invalid(`connect knows no option ${shown(unknown)}`)
  checkSettings(options)
  if (options.servers !== undefined) checkServers(options.servers)
  if (options.nats !== undefined && !isRecord(options.nats)) throw invalid('nats is a connection or the options for one')
  if (options.transport !== undefined) checkTransport(options.transport)
}

/** Checks what every client is given. Throws `CONFIG_INVALID`. */
export function checkSettings({ cluster, prefix, timeoutMs, logger, clock, chance }: Readonly<Record<string, unknown>>): void {
  checkName('cluster', cluster)
  if (prefix !== undefined) checkName('prefix', prefix)
  if (timeoutMs !== undefined) checkTimeout(timeoutMs)
  if (logger !== undefined) checkPort('logger is a Logger', logger, LOGGER_METHODS)
  if (clock !== undefined) checkPort('clock is a Clock', clock, ['now', 'after'])
  if (chance !== undefined) checkPort('chance is a source of Chance', chance, ['next', 'bytes'])
}

function checkPort(what: string, value: unknown, methods: readonly string[]): void {
  if (!isRecord(value)) throw invalid(`${what}, not ${kindOf(value)}`)
  const missing = methods.filter((name) => typeof value[name] !== 'function')
  if (missing.length > 0) throw invalid(`${what}, but lacks ${missing.join(', ')}`)
}

/** What may end a stream. Throws `CONFIG_INVALID`. */
export function checkSignal(signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid(`signal is an AbortSignal, not ${kindOf(signal)}`)
}

/** The name of a family, which a program may have given as anything. Throws `CONFIG_INVALID`. */
export function checkFamily(family: unknown): string {
  if (typeof family === 'string') return family
  throw invalid(`family is a string, not ${kindOf(family)}`)
}

/** The options of a call: an object, or none. Throws `CONFIG_INVALID`. */
export function optionsOf<T extends object>(options: T | undefined): Partial<T> {
  if (options === undefined) return {}
  if (isRecord(options)) return options
  throw invalid(`options are an object, not ${kindOf(options)}`)
}

/** An id of a cluster or a group, from a program that may have none. Throws `CONFIG_INVALID`. */
export function checkName(what: string, name: unknown): string {
  if (typeof name !== 'string') throw invalid(`${what} is a string, not ${kindOf(name)}`)
  return checkId(what, name)
}

/** A deadline in milliseconds. Throws `CONFIG_INVALID`. */
export const checkTimeout = (timeoutMs: unknown): number => within('timeoutMs', timeoutMs, TIMEOUT_MS_MAX)

/** How long a roll call may take, in milliseconds. Throws `CONFIG_INVALID`. */
export const checkWait = (waitMs: unknown): number => within('waitMs', waitMs, STATUS_WAIT_MS_MAX)

/** An index of the log to begin at. Throws `CONFIG_INVALID`. */
export function checkFrom(from: unknown): number {
  if (typeof from === 'number' && Number.isSafeInteger(from) && from >= 1) return from
  throw invalid(`a log begins at 1: from cannot be ${shown(from)}`)
}

/** The bytes of a command or a question as they are now: the caller's may change before they leave. Throws `COMMAND_INVALID`. */
export function copyOf(what: string, bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes)
  throw new FlotillaError('COMMAND_INVALID', `${what} is bytes (a Uint8Array), not ${kindOf(bytes)}`)
}

function checkServers(servers: unknown): void {
  const all: readonly unknown[] = Array.isArray(servers) ? servers : [servers]
  if (all.length === 0) throw invalid('servers names no server')
  for (const server of all) {
    if (typeof server !== 'string' || server.trim() === '') throw invalid('servers is an address, or several: nats://host:port')
    const scheme = /^([^/]*):\/\//.exec(server)?.[1]
    if (scheme !== undefined && !SCHEMES.has(scheme)) {
      throw invalid(`a NATS server's address begins with nats:// or tls://, not with ${scheme}://`)
    }
  }
}

function checkTransport(transport: unknown): void {
  checkPort('transport is a Transport', transport, TRANSPORT_METHODS)
}

function within(what: string, value: unknown, max: number): number {
  if (typeof value === 'number' && value >= 1 && value <= max) return value
  throw invalid(`${what} is 1 to ${max}, not ${shown(value)}`)
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const kindOf = (value: unknown): string =>
  value === null || value === undefined ? String(value) : `a value of type ${typeof value}`

/** A wrong value for a message: short ones as they are, others by their kind. */
const shown = (value: unknown): string =>
  typeof value === 'number' ? String(value) : typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : kindOf(value)
