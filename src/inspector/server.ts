/** The inspector's page over HTTP on loopback. Serves what it is given to show; knows nothing of Raft, and changes nothing by itself. */

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import { ID_PATTERN } from '../base/limits.ts'
import { type Logger, silent } from '../ports/logger.ts'
import { type Asset, loadAssets } from './assets.ts'
import type { Feed } from './feed.ts'
import { denyAction, denyRead, isLoopback } from './gate.ts'
import { Stream } from './stream.ts'

/** Kills and revives development nodes. Each settles when it is done, and rejects with `CONFIG_INVALID` when it is so already. */
export interface Supervisor {
  kill(node: string): Promise<void>
  revive(node: string): Promise<void>
}

/** What to serve, and where. */
export interface InspectorOptions {
  /** A loopback address; nothing else is accepted. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly feed: Feed
  /** When given, the page has a button per node that ends or starts its process. */
  readonly supervisor?: Supervisor
  readonly logger?: Logger
}

/** A running inspector. */
export interface Inspector {
  /** Address for people to open. With a supervisor it ends in the token that allows its buttons: show it to nobody else. */
  readonly url: string
  close(): Promise<void>
}

/** Connections of all kinds at a time. */
const CONNECTIONS_MAX = 128

/** Milliseconds a supervisor may take for one action. */
const ACTION_DEADLINE_MS = 15_000

const ACTION_PATH = /^\/nodes\/([^/]+)\/(kill|revive)$/

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** Starts to serve. Rejects with `CONFIG_INVALID` for a host that is not loopback, with `PORT_IN_USE` for a port that is taken. */
export async function startInspector(options: InspectorOptions): Promise<Inspector> {
  const { host, port } = options
  if (!isLoopback(host))
    throw new FlotillaError('CONFIG_INVALID', `the inspector listens on loopback only, not on ${host}`, { host })
  const token = randomBytes(24).toString('base64url')
  const stream = new Stream(options.feed, options.supervisor !== undefined)
  const room = new Room({ ...options, token, stream, assets: await loadAssets() })
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) =>
    room.answer(request, response),
  )
  server.maxConnections = CONNECTIONS_MAX
  try {
    await listen(server, { host, port })
  } catch (cause) {
    stream.close()
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    const at = `${host}:${port}`
    if (taken) throw new FlotillaError('PORT_IN_USE', `another program listens on ${at}`, { host, port }, cause)
    throw new FlotillaError('CONFIG_INVALID', `the inspector cannot listen on ${at}`, { host, port }, cause)
  }
  const bound = server.address() as AddressInfo
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  const fragment = options.supervisor === undefined ? '' : `#token=${token}`
  return { url: `http://${name}:${bound.port}/${fragment}`, close: () => shut(server, stream) }
}

interface RoomOptions extends InspectorOptions {
  readonly token: string
  readonly stream: Stream
  readonly assets: ReadonlyMap<string, Asset>
}

/** Answers requests, one method for each kind. */
class Room {
  readonly #options: RoomOptions
  readonly #logger: Logger
  /** Nodes with an action under way: one at a time each. */
  readonly #busy = new Set<string>()

  constructor(options: RoomOptions) {
    this.#options = options
    this.#logger = options.logger ?? silent
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (request.method === 'GET') this.#read(request, response, path)
    else if (request.method === 'POST') void this.#act(request, response, path)
    else refuse(response, 405, 'only GET and POST are known')
  }

  #read(request: IncomingMessage, response: ServerResponse, path: string): void {
    const denial = denyRead(request.headers)
    if (denial !== null) {
      refuse(response, denial.status, denial.reason)
      return
    }
    if (path === '/events') {
      this.#watch(request, response)
      return
    }
    const asset = this.#options.assets.get(path)
    if (asset === undefined) {
      refuse(response, 404, 'there is nothing here')
      return
    }
    response.writeHead(200, { 'content-type': asset.type }).end(asset.body)
  }

  #watch(request: IncomingMessage, response: ServerResponse): void {
    const { stream } = this.#options
    if (!stream.hasRoom) {
      refuse(response, 503, 'too many pages are open')
      return
    }
    const group = new URLSearchParams(request.url?.split('?', 2)[1] ?? '').get('group')
    stream.add(request, response, group)
  }

  async #act(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const denial = denyAction(request.headers, this.#options.token)
    if (denial !== null) {
      refuse(response, denial.status, denial.reason)
      return
    }
    const [, node, verb] = ACTION_PATH.exec(path) ?? []
    const { supervisor, feed } = this.#options
    const known = node !== undefined && ID_PATTERN.test(node) && feed.current().some((view) => view.node === node)
    if (supervisor === undefined || !known) {
      refuse(response, 404, 'there is no such node to act on')
      return
    }
    if (this.#busy.has(node)) {
      refuse(response, 409, `node ${node} is being acted on`)
      return
    }
    this.#busy.add(node)
    const action = (async () => (verb === 'kill' ? supervisor.kill(node) : supervisor.revive(node)))()
    void action.finally(() => this.#busy.delete(node)).catch(() => {})
    try {
      await within(action, ACTION_DEADLINE_MS)
      this.#logger.info({ node, verb }, 'the inspector acted on a node')
      response.writeHead(204).end()
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'UNAVAILABLE')
      this.#logger.warn({ node, verb, code: error.code }, 'an action from the inspector failed')
      if (error.code === 'CONFIG_INVALID') refuse(response, 409, error.message)
      else refuse(response, 502, `${error.code}: ${error.message}`)
    }
  }
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${reason}\n`)
}

/** Rejects with `TIMEOUT` when a promise takes too long. */
async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new FlotillaError('TIMEOUT', `not done in ${ms} ms`)), ms)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host === '[::1]' ? '::1' : at.host, resolve)
  })
}

function shut(server: Server, stream: Stream): Promise<void> {
  stream.close()
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
