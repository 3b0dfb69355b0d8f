/** Three nodes as `flotilla node` runs them, on whatever disks a test gives them, and a client. Knows how to hurt a process' calls, and no test. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '../../src/client/client.ts'
import type { NodeStatus } from '../../src/ports/status.ts'
import { anyServer, until } from './processes.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const NODES = ['a', 'b', 'c']

/** How a process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process, what it says on standard error, and its end. */
export class Program {
  readonly ended: Promise<End>
  readonly #child: ChildProcess
  #said = ''

  constructor(file: string, args: readonly string[]) {
    this.#child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const killWithUs = (): boolean => this.#child.kill('SIGKILL')
    process.once('exit', killWithUs)
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#said.length < 65_536) this.#said += chunk.toString()
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        process.off('exit', killWithUs)
        resolve({ code, signal })
      })
    })
  }

  get pid(): number {
    assert(this.#child.pid)
    return this.#child.pid
  }

  get said(): string {
    return this.#said
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

/** `flotilla` with these words. */
export const programOf = (...words: readonly string[]): Program => new Program(process.execPath, [MAIN, ...words])

/** What a test wants of its nodes. */
export interface Wishes {
  /** Directories by node. */
  readonly dirs?: Readonly<Record<string, string>>
  /** Flags beside the necessary ones. */
  readonly flags?: readonly string[]
}

export class CommandCluster {
  readonly client: Client
  readonly nodes: ReadonlyMap<string, Program>
  readonly #injuries: Program[] = []

  constructor(client: Client, nodes: ReadonlyMap<string, Program>) {
    this.client = client
    this.nodes = nodes
  }

  /** Starts everything; it is gone again when the test ends, however it ends. */
  static async start(t: TestContext, { dirs = {}, flags = [] }: Wishes = {}): Promise<CommandCluster> {
    const server = await anyServer()
    const root = await mkdtemp(join(tmpdir(), 'flotilla-command-'))
    const begin = (node: string): Program => {
      const dir = dirs[node] ?? join(root, node)
      const own = ['--id', node, '--nodes', NODES.join(), '--dir', dir, '--nats', server.url, '--log-level', 'warn']
      return programOf('node', ...own, ...flags)
    }
    const nodes = new Map(NODES.map((node) => [node, begin(node)]))
    const client = await connect({ cluster: 'demo', nats: { servers: server.url }, timeoutMs: 10_000 })
    const cluster = new CommandCluster(client, nodes)
    t.after(async () => {
      for (const program of [...cluster.#injuries, ...nodes.values()]) program.kill('SIGKILL')
      await Promise.all([...cluster.#injuries, ...nodes.values()].map((program) => program.ended))
      await client.close()
      await server.kill()
      rmSync(root, { recursive: true, force: true })
    })
    await until('all nodes serve', async () => (await cluster.statuses()).size === NODES.length)
    await cluster.leader()
    return cluster
  }

  node(name: string): Program {
    const node = this.nodes.get(name)
    assert(node)
    return node
  }

  /** What each node says of itself, if it does. */
  async statuses(): Promise<ReadonlyMap<string, NodeStatus>> {
    return new Map((await this.client.status({ waitMs: 150 }).catch(() => [])).map((status) => [status.node, status]))
  }

  /** Who leads the group, of those who are not `but`. */
  async leader(but = ''): Promise<string> {
    return until('somebody leads', async () => {
      const leaders = [...(await this.statuses()).values()].filter(({ groups }) => groups[0]?.role === 'leader')
      return leaders.map(({ node }) => node).find((node) => node !== but)
    })
  }

  /** From now on the calls of that process go so, in the words of strace: `fdatasync:error=EIO`. */
  async injure(node: string, injection: string): Promise<Program> {
    const { pid } = this.node(node)
    const [call] = injection.split(':')
    const args = ['-f', '-qq', '-o', '/dev/null', '-p', String(pid), '-e', `trace=${call}`, '-e', `inject=${injection}`]
    const injury = new Program('strace', args)
    this.#injuries.push(injury)
    await until('strace holds the process', () => {
      assert(!injury.isOver, injury.said)
      return /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
    })
    return injury
  }
}
