/**
 * From settings a person types (an address, a password, file names) to the NATS client's options. Reads files; connects to
 * nothing.
 */

import { readFileSync } from 'node:fs'
import { credsAuthenticator, type NodeConnectionOptions, nkeyAuthenticator, nkeys } from 'nats'
import { FlotillaError } from '../../base/errors.ts'

/** What a command line or an environment can say about a NATS server. */
export interface NatsSettings {
  /**
   * One address or several with commas: `nats://host:port`, `tls://host:port`, `host:port`, each perhaps with `user:password@` or
   * `token@`. The credentials of the first that has some are used for all.
   */
  readonly url?: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** File with the seed of a user nkey (`SU…`). */
  readonly nkeySeedFile?: string
  /** File with a user's JWT and seed, as `nsc` writes it. */
  readonly credsFile?: string
  /** PEM files for TLS: who may sign the server, and who we are. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The client's options for these settings. Throws `CONFIG_INVALID`, naming the file or setting, never its content. */
export function connectionOptions(settings: NatsSettings): NodeConnectionOptions {
  const addresses = (settings.url ?? '')
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '')
    .map((address) => parseAddress(address, settings.url?.includes('@') === true))
  if (settings.url !== undefined && addresses.length === 0) throw invalid('the address of the NATS server is empty')
  const embedded = addresses.find((address) => address.credentials !== undefined)?.credentials
  const credentials = credentialsOf({ ...embedded, ...settings })
  const tls = tlsOf(
    settings,
    addresses.some((address) => address.tls),
  )
  return {
    ...(addresses.length > 0 ? { servers: addresses.map((address) => address.server) } : {}),
    ...credentials,
    ...(tls === undefined ? {} : { tls }),
  }
}

interface Address {
  readonly server: string
  readonly tls: boolean
  readonly credentials?: Pick<NatsSettings, 'user' | 'password' | 'token'>
}

/** `secret`: somewhere among the addresses there are credentials, and an address that makes no sense may be a part of them. */
function parseAddress(address: string, secret: boolean): Address {
  const full = address.includes('://') ? address : `nats://${address}`
  const url = URL.canParse(full) ? new URL(full) : null
  if (url === null || url.hostname === '' || !['nats:', 'tls:'].includes(url.protocol)) {
    const shown = address.includes('@') ? address.slice(address.lastIndexOf('@') + 1) : secret ? '(not shown)' : address
    throw invalid(`not the address of a NATS server: ${shown} (nats://host:port or tls://host:port)`, { address: shown })
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    const escapes = 'in a user or password write @ as %40, / as %2F, ? as %3F, # as %23 and , as %2C'
    throw invalid(`the address of a NATS server ends with its port: something follows (${escapes})`)
  }
  const server = `${url.hostname}:${url.port === '' ? 4222 : url.port}`
  const tls = url.protocol === 'tls:'
  const [user, password] = [decoded(url.username, server), decoded(url.password, server)]
  if (user === '' && password === '') return { server, tls }
  if (user === '') throw invalid(`the address of ${server} has a password and no user`, { server })
  if (password === '') return { server, tls, credentials: { token: user } }
  return { server, tls, credentials: { user, password } }
}

function decoded(part: string, server: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // without the cause: it may quote the secret
    throw invalid(`the user or password in the address of ${server} has a % that is not followed by two hexadecimal digits`, {
      server,
    })
  }
}

function credentialsOf(settings: NatsSettings): NodeConnectionOptions {
  const { user, password, token, nkeySeedFile, credsFile } = settings
  const given = Object.entries({ user, token, nkeySeedFile, credsFile }).filter(([, value]) => value !== undefined)
  if (given.length > 1) throw invalid(`more than one kind of credentials: ${given.map(([name]) => name).join(', ')}`)
  if (password !== undefined && user === undefined) throw invalid('a password needs a user')
  if (user !== undefined) return password === undefined ? { user } : { user, pass: password }
  if (token !== undefined) return { token }
  if (nkeySeedFile !== undefined) return { authenticator: nkeyAuthenticator(readSeed(nkeySeedFile)) }
  if (credsFile !== undefined) return { authenticator: credsAuthenticator(readCreds(credsFile)) }
  return {}
}

function tlsOf({ ca, cert, key }: NatsSettings, wanted: boolean): NodeConnectionOptions['tls'] {
  if ((cert === undefined) !== (key === undefined)) throw invalid('a TLS certificate needs its key, and a key its certificate')
  if (ca === undefined && cert === undefined) return wanted ? {} : undefined
  return {
    ...(ca === undefined ? {} : { ca: readPem(ca, 'CERTIFICATE') }),
    ...(cert === undefined || key === undefined ? {} : { cert: readPem(cert, 'CERTIFICATE'), key: readPem(key, 'PRIVATE KEY') }),
  }
}

function readSeed(file: string): Uint8Array {
  const line = read(file)
    .split('\n')
    .map((each) => each.trim())
    .find((each) => each.startsWith('SU'))
  if (line === undefined) throw invalid(`${file} holds no seed of a user nkey (SU…)`, { file })
  return checkedSeed(line, file)
}

function readCreds(file: string): Uint8Array {
  const content = read(file)
  const seed = /-+BEGIN USER NKEY SEED-+\s+(\S+)\s/.exec(content)?.[1]
  if (!content.includes('BEGIN NATS USER JWT') || seed === undefined)
    throw invalid(`${file} is not a NATS credentials file`, { file })
  checkedSeed(seed, file)
  return new TextEncoder().encode(content)
}

function checkedSeed(text: string, file: string): Uint8Array {
  const seed = new TextEncoder().encode(text)
  try {
    nkeys.fromSeed(seed).clear()
  } catch {
    throw invalid(`the nkey seed in ${file} is damaged`, { file }) // without the cause: it may quote the secret
  }
  return new TextEncoder().encode(text)
}

function readPem(file: string, label: string): string {
  const content = read(file)
  if (!new RegExp(`-----BEGIN [A-Z ]*${label}-----`).test(content)) throw invalid(`${file} holds no PEM block ${label}`, { file })
  return content
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw invalid(`cannot read ${file}: ${why}`, { file }, error)
  }
}

const invalid = (message: string, details: Readonly<Record<string, unknown>> = {}, cause?: unknown): FlotillaError =>
  new FlotillaError('CONFIG_INVALID', message, details, cause)
