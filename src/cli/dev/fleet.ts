/** The nodes of a development cluster, each a process of its own: started, killed, revived, and never left behind. Knows no Raft. */

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FlotillaError } from '../../base/errors.ts'
import type { Supervisor } from '../../inspector/server.ts'
import { makeDirectory } from '../../storage/directory.ts'

/** How long a node may take to stop before it is killed, in milliseconds. */
const STOP_MS = 8000

/** A longer log is begun anew at the next start, in bytes. */
const LOG_BYTES_MAX = 8 * 1024 * 1024

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url))

export interface FleetOptions {
  readonly names: readonly string[]
  /** Each node has its store in a directory of its name in here, and its log beside it. */
  readonly dir: string
  readonly url: string
  readonly cluster: string
  /** Told when a node ends that nobody asked to end. */
  readonly onDeath: (death: Death) => void
}

/** The end of a node. */
export interface Death {
  readonly node: string
  /** Signal or exit code. */
  readonly how: string
  /** Code and sentence of the error it ended with; empty when it said none. */
  readonly code: string
  readonly why: string
}

/** Processes by node name. */
export class Fleet implements Supervisor {
  readonly #options: FleetOptions
  readonly #children = new Map<string, ChildProcess>()
  /** Nodes that are being ended on purpose. */
  readonly #expected = new Set<string>()
  #stopping = false

  constructor(options: FleetOptions) {
    this.#options = options
  }

  /** Names of nodes whose process runs. */
  get running(): string[] {
    return [...this.#children.keys()]
  }

  async startAll(): Promise<void> {
    await Promise.all(this.#options.names.map((name) => this.revive(name)))
  }

  /** Starts a node that does not run; resolves when its process is there. */
  async revive(name: string): Promise<void> {
    if (this.#stopping) throw new FlotillaError('CLOSED', 'the development cluster is stopping')
    if (this.#children.has(name)) throw new FlotillaError('CONFIG_INVALID', `node ${name} is running already`)
    const { dir, url, cluster, names } = this.#options
    makeDirectory(dir)
    const log = openLog(join(dir, `${name}.log`))
    const words = [
      'node',
      '--id',
      name,
      '--nodes',
      names.join(','),
      '--nats',
      url,
      '--cluster',
      cluster,
      '--dir',
      join(dir, name),
    ]
    // A process group of its own, so that Ctrl-C reaches only us; a channel, so that it ends when we are gone.
    const child = spawn(process.execPath, [MAIN, ...words], { detached: true, stdio: ['ignore', 'ignore', log, 'ipc'] })
    closeSync(log)
    this.#children.set(name, child)
    child.once('exit', () => this.#ended(name, child))
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', (error) => {
        this.#children.delete(name)
        reject(new FlotillaError('UNAVAILABLE', `node ${name} could not be started: ${error.message}`, {}, error))
      })
    })
  }

  /** Ends a node at once, as a crash would: kill -9. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name)
    if (child === undefined) throw new FlotillaError('CONFIG_INVALID', `node ${name} is not running`)
    this.#expected.add(name)
    await end(child, 'SIGKILL')
  }

  /** Asks all nodes to stop, and kills those that do not. */
  async stopAll(): Promise<void> {
    this.#stopping = true
    await Promise.all([...this.#children.values()].map((child) => end(child, 'SIGTERM')))
  }

  #ended(name: string, child: ChildProcess): void {
    const how = child.signalCode ?? `exit code ${child.exitCode}`
    this.#children.delete(name)
    const asked = this.#expected.delete(name)
    if (asked || this.#stopping) return
    const words = child.signalCode === null ? lastWords(join(this.#options.dir, `${name}.log`)) : NO_WORDS // a signal leaves no time to speak
    this.#options.onDeath({ node: name, how, ...words })
  }
}

/** Sends a signal and waits; one that is not obeyed in time is followed by SIGKILL. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  child.kill(signal)
  await gone
  clearTimeout(timer)
}

/** Goes on with a log that is not too long yet: another process may be writing to it. */
function openLog(file: string): number {
  const tooLong = (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX
  return openSync(file, tooLong ? 'w' : 'a')
}

type Words = Pick<Death, 'code' | 'why'>

const NO_WORDS: Words = { code: '', why: '' }

/** The line with which a command says why it failed. */
function lastWords(file: string): Words {
  try {
    const line = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .findLast((one) => one.startsWith('flotilla: '))
    const [, code = '', why = ''] = /^flotilla: (\w+): (.*)$/.exec(line ?? '') ?? []
    return { code, why }
  } catch {
    return NO_WORDS
  }
}
