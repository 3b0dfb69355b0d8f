/** Three nodes in this process, over a hub in memory, on disks in memory: what the tests of the whole node break. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { createNode } from '../../../src/node/node.ts'
import type { NodeOptions } from '../../../src/node/options.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import type { GroupStatus } from '../../../src/ports/status.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { type Loopback, loopback } from '../../../src/transport/loopback/hub.ts'
import { parrot } from './sample-node.ts'

const PATIENCE_MS = 10_000
const NODES = ['a', 'b', 'c']

/** What a test wants otherwise than usual. */
export type Wishes = Partial<Omit<NodeOptions, 'id' | 'transport'>>

export class SmallCluster {
  readonly hub: Loopback = loopback()
  readonly wishes: Wishes
  readonly #disks = new Map<string, MemoryDisk>()
  readonly #nodes = new Map<string, FlotillaNode>()

  constructor(t: TestContext, wishes: Wishes = {}) {
    this.wishes = wishes
    t.after(() => Promise.all(this.nodes.map((node) => node.stop())))
  }

  /** All nodes, with a leader of the first group. */
  static async start(t: TestContext, wishes: Wishes = {}): Promise<SmallCluster> {
    const cluster = new SmallCluster(t, wishes)
    await Promise.all((wishes.nodes ?? NODES).map((id) => cluster.run(id)))
    await cluster.leader()
    return cluster
  }

  get nodes(): readonly FlotillaNode[] {
    return [...this.#nodes.values()]
  }

  disk(id: string): MemoryDisk {
    const disk = this.#disks.get(id) ?? new MemoryDisk()
    this.#disks.set(id, disk)
    return disk
  }

  /** Starts a node on its disk, or starts it again. */
  async run(id: string, wishes: Wishes = {}): Promise<FlotillaNode> {
    const cluster = wishes.cluster ?? 'demo'
    const options = {
      cluster,
      nodes: NODES,
      groups: [{ id: 'g', stateMachine: parrot() }],
      timing: { electionTimeoutMs: 100, heartbeatMs: 10 },
      ...this.wishes,
      ...wishes,
    }
    const store = wishes.store ?? memoryStore({ cluster, node: id }, this.disk(id))
    const node = await createNode({ ...options, store, id, transport: this.hub.connect(id) })
    this.#nodes.set(id, node)
    return node
  }

  node(id: string): FlotillaNode {
    const node = this.#nodes.get(id)
    assert(node)
    return node
  }

  /** It does not count any more. */
  forget(node: FlotillaNode): void {
    this.#nodes.delete(node.id)
  }

  /** A connection of somebody else. */
  guest(name = 'guest'): Transport {
    return this.hub.connect(name)
  }

  /** The leader of the latest term, once all nodes that count agree on it. */
  async leader(group = 'g'): Promise<FlotillaNode> {
    return until(`a leader of ${group}`, () => {
      const states = this.nodes.map((node) => ({ node, ...groupOf(node, group) }))
      const term = Math.max(...states.map((state) => state.term))
      const leader = states.find((state) => state.role === 'leader' && state.term === term)
      return leader && states.every((state) => state.leader === leader.node.id) ? leader.node : undefined
    })
  }

  async followers(group = 'g'): Promise<readonly FlotillaNode[]> {
    const leader = await this.leader(group)
    return this.nodes.filter((node) => node !== leader)
  }

  /** Waits until all nodes have applied the same. */
  async settled(group = 'g'): Promise<void> {
    await until(`all nodes have applied the same of ${group}`, () => {
      const states = this.nodes.map((node) => groupOf(node, group))
      return (
        new Set(states.map(({ applied }) => applied)).size === 1 &&
        states.every(({ applied, lastIndex }) => applied === lastIndex)
      )
    })
  }
}

/** What a node says of a group. */
export function groupOf(node: FlotillaNode, group = 'g'): GroupStatus {
  const status = node.status().groups.find((one) => one.group === group)
  assert(status)
  return status
}

export const say = (node: FlotillaNode, word: string, timeoutMs = 5000) => node.propose('g', utf8(word), { timeoutMs })

/** What a replica holds under a word, as it is. */
export const recall = (node: FlotillaNode, word: string, group = 'g'): string => text(node.query(group, utf8(word)).body)

/** Asks again until the answer is something; fails aloud when it never is. */
export async function until<T>(what: string, ask: () => T | undefined | false): Promise<T> {
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const found = ask()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`waited ${PATIENCE_MS} ms in vain for ${what}`)
    await pause(2)
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
