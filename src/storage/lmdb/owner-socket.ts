/**
 * Says that a directory is held by a listening socket within it: whoever shares the directory can ask it, whatever of the network or the processes it
 * shares besides, and the system stops answering when the holder is gone. Knows nothing of owners' names, nor of stores.
 */

import { randomBytes, randomInt } from 'node:crypto'
import { closeSync, constants, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createServer, connect as dial, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds after which a socket that was asked counts as a live one: the system answers at once, without its holder. */
const ANSWER_MS = 500

/** Of several who ask at once and see each other, each tries so often; with {@link PAUSE_MS_MAX} and the asking that is far from 2 s. */
const ATTEMPTS = 5
const PAUSE_MS_MAX = 60

/** Bytes of a socket's path, the terminating zero not counted: 107 on Linux, 103 on others. */
const PATH_BYTES_MAX = 103

/** Names of sockets that are asked, and of those on their way there: bound, but not yet listening for certain. */
const SOCKET = /^owner\.[0-9a-f]{16}\.sock$/
const DRAFT = /^owner\.[0-9a-f]{16}\.draft$/

/** What a file system without sockets says to one; a directory that cannot be written at all fails at the next file. */
const NO_SOCKETS: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENAMETOOLONG'])

/** What is said where nobody listens: a dead holder's socket, what a crash made of it, or nothing. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'])

/** A directory that others find held until released, or until the process ends. */
export interface Held {
  release(): Promise<void>
}

const codeOf = (thrown: unknown): unknown => (thrown instanceof Error && 'code' in thrown ? thrown.code : undefined)

/** Listens without keeping the process, and without sharing with a cluster's other workers. Rejects with what the system says. */
export async function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject) // stays: a caller who cannot be accepted later is no matter, it was answered by the system
    server.listen({ path, exclusive: true }, resolve)
  })
  return server
}

/** Ends listening; null is none. */
export const closeServer = (server: Server | null): Promise<void> =>
  new Promise((resolve) => (server ? server.close(() => resolve()) : resolve()))

/** The directory by a path that leaves room for names: where it is too long, through this process's own descriptor of it (Linux only). */
class Place {
  readonly dir: string
  readonly #short: string
  readonly #descriptor: number | null

  constructor(dir: string) {
    const isLong = Buffer.byteLength(join(dir, 'owner.0123456789abcdef.draft')) > PATH_BYTES_MAX
    this.dir = dir
    this.#descriptor = isLong && process.platform === 'linux' ? openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY) : null
    this.#short = this.#descriptor === null ? dir : `/proc/self/fd/${this.#descriptor}`
  }

  /** For the system's calls on sockets. */
  short(name: string): string {
    return join(this.#short, name)
  }

  full(name: string): string {
    return join(this.dir, name)
  }

  names(kind: RegExp): string[] {
    return readdirSync(this.dir).filter((name) => kind.test(name))
  }

  remove(name: string): void {
    rmSync(this.full(name), { force: true })
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor)
  }
}

/** Whether somebody listens. In doubt, yes. */
function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial({ path })
    const timer = setTimeout(() => settle(true), ANSWER_MS)
    const settle = (heard: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(heard)
    }
    socket.on('connect', () => settle(true))
    socket.on('error', (thrown) => settle(!NOBODY.has(codeOf(thrown))))
  })
}

/** Whether anybody but oneself listens in the directory. */
async function isAnyHeard(place: Place, self: string | null): Promise<boolean> {
  const others = place.names(SOCKET).filter((name) => name !== self)
  return (await Promise.all(others.map((name) => isHeard(place.short(name))))).includes(true)
}

/** A socket that is found listening from the moment it has its name; null where the file system has no such thing. */
async function show(place: Place, id: string): Promise<Server | null> {
  const [draft, name] = [`owner.${id}.draft`, `owner.${id}.sock`]
  let server: Server | null = null
  try {
    server = await listen(place.short(draft))
    renameSync(place.full(draft), place.full(name))
    if (await isHeard(place.short(name))) return server
  } catch (thrown) {
    if (!NO_SOCKETS.has(codeOf(thrown))) {
      await closeServer(server)
      throw thrown
    }
  }
  await closeServer(server)
  place.remove(name)
  return null
}

/** Takes away what the dead have left. Only who holds the directory may: whoever is on the way there finds it held, and needs its draft no more. */
async function clearAway(place: Place, self: string): Promise<void> {
  for (const name of place.names(SOCKET)) if (name !== self && !(await isHeard(place.short(name)))) place.remove(name)
  for (const name of place.names(DRAFT)) place.remove(name)
}

/** One attempt: each shows itself before it looks, so of two at least one sees the other. */
async function attempt(place: Place): Promise<Held | 'taken' | 'contended' | null> {
  if (await isAnyHeard(place, null)) return 'taken'
  const id = randomBytes(8).toString('hex')
  const name = `owner.${id}.sock`
  const server = await show(place, id)
  if (server === null) return null
  const release = async (): Promise<void> => {
    place.remove(name)
    await closeServer(server)
  }
  try {
    if (await isAnyHeard(place, name)) {
      await release()
      return 'contended'
    }
    await clearAway(place, name)
    return { release }
  } catch (thrown) {
    await release()
    throw thrown
  }
}

/**
 * Holds the directory, given by its real path: `taken` when somebody does already, null where there cannot be sockets in it. Rejects with what the system says.
 */
export async function hold(dir: string): Promise<Held | 'taken' | null> {
  if (process.platform === 'win32') return null
  const place = new Place(dir)
  try {
    for (let tried = 0; tried < ATTEMPTS; tried++) {
      if (tried > 0) await sleep(randomInt(PAUSE_MS_MAX))
      const held = await attempt(place)
      if (held !== 'contended') return held
    }
    return 'taken'
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return 'taken' // the draft is gone: the holder cleared it away
    throw thrown
  } finally {
    place.close()
  }
}
