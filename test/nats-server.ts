/** Starts and stops a real nats-server on loopback, for the tests that want one. Knows nothing of Flotilla. */

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where packages put it, also when that is not on the PATH of an ordinary user. */
const USUAL_PLACES = ['/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin']
const START_TIMEOUT_MS = 10_000
const LISTENING = /Listening for client connections on [^\s]*:(\d+)/
const READY = /Server is ready/

/** How to start a server. */
export interface ServerOptions {
  /** Any free one by default. */
  readonly port?: number
  /** Content of a configuration file: users, permissions, limits. */
  readonly config?: string
}

/** A running server. */
export interface RealServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** The first 64 KiB of what it has said so far: violations of permissions among it. */
  log(): string
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>
}

/** Path of the server, or null where there is none or `FLOTILLA_TEST_SERVER=embedded` says not to use it. */
export function serverAvailable(): string | null {
  if (process.env.FLOTILLA_TEST_SERVER === 'embedded') return null
  const places = [...(process.env.PATH ?? '').split(delimiter), ...USUAL_PLACES].filter((place) => place !== '')
  return places.map((place) => join(place, 'nats-server')).find(isExecutable) ?? null
}

/** Starts a server and resolves when it takes connections. */
export async function startServer(options: ServerOptions = {}): Promise<RealServer> {
  const program = serverAvailable()
  if (program === null) throw new Error('there is no nats-server to start')
  const args = ['--addr', '127.0.0.1', '--port', String(options.port ?? -1)]
  let folder: string | null = null
  if (options.config !== undefined) {
    folder = mkdtempSync(join(tmpdir(), 'flotilla-nats-'))
    writeFileSync(join(folder, 'server.conf'), options.config)
    args.push('--config', join(folder, 'server.conf'))
  }
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const endWithUs = (): boolean => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await gone
    process.off('exit', endWithUs)
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  }
  let log = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (log.length < 65_536) log += chunk.toString()
  })
  const port = await listening(child, () => log).catch(async (error: unknown) => {
    await end('SIGKILL')
    throw error
  })
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    log: () => log,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** Reads the log until the server says that it is ready, and on which port. */
function listening(child: ChildProcess, log: () => string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`nats-server ${why}:\n${log()}`))
    const timer = setTimeout(() => fail(`was not ready within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
    child.once('error', reject)
    child.once('exit', () => fail('ended at once'))
    child.stderr?.on('data', () => {
      const port = LISTENING.exec(log())?.[1]
      if (port === undefined || !READY.test(log())) return
      clearTimeout(timer)
      resolve(Number(port))
    })
    child.once('close', () => clearTimeout(timer))
  })
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
