/** Starts, kills and stops the processes of integration tests, by process id alone. Knows nothing of what they do. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startBroker } from '../../src/transport/broker/broker.ts'
import { serverAvailable, startServer } from '../nats-server.ts'
import type { NodeProcessLine, NodeProcessOptions } from './node-process.ts'

const PROGRAM = fileURLToPath(new URL('./node-process.js', import.meta.url))
const PATIENCE_MS = 20_000

/** Asks again and again until the answer is something; fails aloud when it never is. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await ask()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms in vain: ${what}`)
    await pause(25)
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The server all nodes of a test talk through. */
export interface Server {
  readonly url: string
  readonly kind: 'nats-server' | 'embedded broker'
  /** Ends it without warning. */
  kill(): Promise<void>
  /** Brings it back on the same port. */
  restart(): Promise<void>
  /** Stops it without ending it, as an overloaded machine does; null where it is part of this process. */
  readonly freeze: (() => () => void) | null
}

/** A real nats-server where there is one; the embedded broker otherwise. */
export async function anyServer(): Promise<Server> {
  const real = serverAvailable() !== null
  const start = async (port: number): Promise<Running> => {
    if (real) return startServer(port === 0 ? {} : { port })
    const broker = await startBroker({ port })
    return { url: broker.url, port: broker.port, pid: null, kill: () => broker.close() }
  }
  let running = await start(0)
  const { url, port } = running
  return {
    url,
    kind: real ? 'nats-server' : 'embedded broker',
    kill: () => running.kill(),
    async restart() {
      running = await start(port)
    },
    freeze: running.pid === null ? null : () => freeze(running.pid as number),
  }
}

interface Running {
  readonly url: string
  readonly port: number
  readonly pid: number | null
  kill(): Promise<void>
}

function freeze(pid: number): () => void {
  process.kill(pid, 'SIGSTOP')
  return () => process.kill(pid, 'SIGCONT')
}

/** A node that runs, or ran, as a process. */
export class NodeProcess {
  readonly options: NodeProcessOptions
  readonly #child: ChildProcess
  readonly #lines: NodeProcessLine[] = []
  readonly #exited: Promise<number | null>
  #over = false
  #words = ''

  constructor(options: NodeProcessOptions) {
    this.options = options
    this.#child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] })
    const killWithUs = (): boolean => this.#child.kill('SIGKILL')
    process.once('exit', killWithUs)
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#words.length < 65_536) this.#words += chunk.toString()
    })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as NodeProcessLine)
    })
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#over = true
        process.off('exit', killWithUs)
        resolve(code)
      })
    })
  }

  get id(): string {
    return this.options.id
  }

  get over(): boolean {
    return this.#over
  }

  /** What it said to people: empty unless something is very wrong. */
  get words(): string {
    return this.#words
  }

  /** Codes of what ended it. */
  get codes(): readonly string[] {
    return this.#lines.flatMap((line) => ('code' in line ? [line.code] : []))
  }

  /** What it read by itself. */
  get reads(): readonly { readonly began: number; readonly value: string }[] {
    return this.#lines.flatMap((line) => (line.event === 'read' ? [line] : []))
  }

  /** The line in which it says that. */
  async line(event: NodeProcessLine['event']): Promise<NodeProcessLine> {
    return until(`node ${this.id} says ${event}; it said ${JSON.stringify(this.#lines)} ${this.#words}`, () => {
      const found = this.#lines.find((line) => line.event === event)
      if (!found && this.#over) throw new Error(`node ${this.id} ended: ${JSON.stringify(this.#lines)} ${this.#words}`)
      return found
    })
  }

  /** Its exit code, once it has ended; null when a signal ended it. */
  exit(): Promise<number | null> {
    return until(`node ${this.id} ends`, () => this.#over).then(() => this.#exited)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Stops the clock of the process, as a virtual machine that is moved does. */
  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Asks it to end. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.exit()
  }
}
