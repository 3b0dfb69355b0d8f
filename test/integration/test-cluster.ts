/** Three nodes as processes, a server and a client, for one test. Knows how to break them and how to compare what they hold. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { text } from '../../src/base/bytes.ts'
import { type Client, connect } from '../../src/client/client.ts'
import type { GroupStatus } from '../../src/ports/status.ts'
import { votersOnly } from '../../src/protocol/types.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import type { NodeProcessOptions } from './node-process.ts'
import { anyServer, NodeProcess, type Server, until } from './processes.ts'

export const NODES = ['a', 'b', 'c'] as const
export const ELECTION_TIMEOUT_MS = 500

/** What one replica holds, read from its store while nobody runs on it. */
export interface Replica {
  readonly node: string
  readonly applied: number
  readonly rows: ReadonlyMap<string, string>
  /** Of every row, in order. */
  readonly digest: string
}

/** What a test wants otherwise than usual. */
export interface Circumstances {
  /** Directories by node. */
  readonly dirs?: Readonly<Record<string, string>>
  readonly diskDelayMs?: number
  readonly leaseReads?: boolean
}

export class TestCluster {
  readonly server: Server
  readonly client: Client
  readonly dir: string
  readonly #nodes = new Map<string, NodeProcess>()
  readonly #dirs = new Map<string, string>()
  /** Of every node's disk, from its next start on. */
  diskDelayMs = 0
  leaseReads = false

  constructor(server: Server, client: Client) {
    this.server = server
    this.client = client
    this.dir = mkdtempSync(join(tmpdir(), 'flotilla-it-'))
  }

  /** Starts everything; it is gone again when the test ends, however it ends. */
  static async start(
    t: TestContext,
    { dirs = {}, diskDelayMs = 0, leaseReads = false }: Circumstances = {},
  ): Promise<TestCluster> {
    const server = await anyServer()
    t.diagnostic(`through ${server.kind === 'nats-server' ? 'a real nats-server' : 'the EMBEDDED BROKER, not a real server'}`)
    const nats = { servers: server.url, reconnectTimeWait: 50, reconnectJitter: 10, maxReconnectAttempts: -1 }
    const client = await connect({ cluster: 'test', nats, timeoutMs: 30_000 })
    const cluster = new TestCluster(server, client)
    t.after(() => cluster.#end())
    cluster.diskDelayMs = diskDelayMs
    cluster.leaseReads = leaseReads
    for (const [node, dir] of Object.entries(dirs)) cluster.#dirs.set(node, dir)
    await Promise.all(NODES.map((node) => cluster.run(node)))
    await cluster.leader('kv')
    return cluster
  }

  dirOf(node: string): string {
    return this.#dirs.get(node) ?? join(this.dir, node)
  }

  /** From the next start on. */
  moveTo(node: string, dir: string): void {
    this.#dirs.set(node, dir)
  }

  optionsOf(node: string): NodeProcessOptions {
    const { url: servers } = this.server
    const { diskDelayMs, leaseReads } = this
    const dir = this.dirOf(node)
    return {
      cluster: 'test',
      id: node,
      ...((NODES as readonly string[]).includes(node) ? { nodes: NODES } : { nodes: [], join: true }),
      servers,
      dir,
      diskDelayMs,
      leaseReads,
      reserveBytes: 0,
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
    }
  }

  /** Starts a node, or starts it again. */
  async run(node: string): Promise<NodeProcess> {
    const started = new NodeProcess(this.optionsOf(node))
    this.#nodes.set(node, started)
    await started.line('serving')
    return started
  }

  node(id: string): NodeProcess {
    const node = this.#nodes.get(id)
    assert(node)
    return node
  }

  /** What the nodes say of a group, by node; who does not answer is not there. */
  async groups(group: string): Promise<ReadonlyMap<string, GroupStatus>> {
    const found = new Map<string, GroupStatus>()
    for (const { node, groups } of await this.client.status({ waitMs: 150 })) {
      const status = groups.find((one) => one.group === group)
      if (status) found.set(node, status)
    }
    return found
  }

  /** The node that leads; of two that think so, the one of the later term. */
  async leader(group: string): Promise<string> {
    return until(`somebody leads ${group}`, async () => {
      const leaders = [...(await this.groups(group))].filter(([, { role }]) => role === 'leader')
      return leaders.sort(([, one], [, other]) => other.term - one.term)[0]?.[0]
    })
  }

  async follower(group: string): Promise<string> {
    const leader = await this.leader(group)
    return NODES.find((node) => node !== leader) as string
  }

  /** Waits until every node has applied everything that is committed, and the same. */
  async settled(group: string, nodes: readonly string[] = NODES): Promise<void> {
    await until(`all nodes have applied the same of ${group}`, async () => {
      const statuses = [...(await this.groups(group))].filter(([node]) => nodes.includes(node)).map(([, status]) => status)
      const commit = Math.max(...statuses.map((status) => status.commit))
      return statuses.length === nodes.length && statuses.every((status) => status.applied === commit)
    })
  }

  /** Stops all nodes and reads their stores. */
  async replicas(nodes: readonly string[] = NODES): Promise<readonly Replica[]> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()))
    for (const node of nodes) assert.equal(this.node(node).words, '', `node ${node} complained`)
    return Promise.all(nodes.map((node) => readReplica(node, this.dirOf(node))))
  }

  async #end(): Promise<void> {
    await this.client.close()
    await Promise.all([...this.#nodes.values()].map((node) => node.kill()))
    await this.server.kill()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Reads the kv group of a store that nobody has open. */
async function readReplica(node: string, dir: string): Promise<Replica> {
  const store = await openLmdb({ dir, cluster: 'test', node })
  try {
    await store.open('kv', { conf: votersOnly([1]), peers: { 1: node }, kind: 'kv' })
    const table = store.table('kv')
    const hash = createHash('sha256')
    const rows = new Map<string, string>()
    for (const [key, value] of table.range('default', {})) {
      hash.update(`${key.length} ${value.length} `).update(key).update(value)
      rows.set(text(key), text(value))
    }
    return { node, applied: table.applied, rows, digest: hash.digest('hex') }
  } finally {
    await store.close()
  }
}

/** Fails unless all replicas hold the same, byte for byte, and everything that was acknowledged. */
export function assertNothingLost(replicas: readonly Replica[], acknowledged: ReadonlyMap<string, string>): void {
  const [first, ...others] = replicas
  assert(first && others.length > 0)
  for (const { node, rows } of replicas) {
    const lost = [...acknowledged].filter(([key, value]) => rows.get(key) !== value).map(([key]) => key)
    assert.deepEqual(lost.slice(0, 10), [], `node ${node} lost ${lost.length} of ${acknowledged.size} acknowledged records`)
  }
  for (const other of others) {
    assert.equal(other.applied, first.applied, `${other.node} applied as much as ${first.node}`)
    assert.equal(other.digest, first.digest, `${other.node} holds the same bytes as ${first.node}`)
  }
}
