/** Five nodes in memory with a key-value store, in bad weather: a bad network, partitions that come and go, crashes of all nodes at once. */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { text } from '../../../src/base/bytes.ts'
import { type Prng, prng } from '../../../src/base/prng.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import type { CompactionOptions } from '../../../src/node/options.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { encodeScan } from '../../../src/statemachines/kv/query.ts'
import { decodeScanResult } from '../../../src/statemachines/kv/result.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { type Loopback, loopback } from '../../../src/transport/loopback/hub.ts'
import { BadNetwork } from './bad-network.ts'
import { groupOf, pause, SmallCluster } from './small-cluster.ts'
import { Writer } from './writer.ts'

export const FIVE = ['a', 'b', 'c', 'd', 'e'] as const
const ELECTION_TIMEOUT_MS = 100
const FLUSH_MS_MAX = 12

/** What a cluster and its clients go through. */
export interface Plan {
  /** Everything that is left to chance comes from it, but for the moments at which things happen. */
  readonly seed: number
  readonly clients: number
  /** In each round every client does its operations; before the round a new partition is made, in its midst all nodes crash. */
  readonly rounds: number
  /** Of each client in each round. */
  readonly operations: number
  readonly unreliable?: boolean
  readonly partitions?: boolean
  readonly crashes?: boolean
  /** Entries of a log before it is cut off. */
  readonly limit?: number
}

/** What lies under the nodes. */
interface Ground {
  /** Flushes take their time: a crash finds something that is not saved. */
  readonly slow?: boolean | undefined
  readonly compaction?: CompactionOptions
}

export class WeatherCluster extends SmallCluster {
  readonly chance: Prng
  readonly network: BadNetwork
  override readonly hub: Loopback
  readonly #slow: boolean
  readonly #disks = new Map<string, MemoryDisk>()

  constructor(t: TestContext, seed: number, { slow = false, compaction = {} }: Ground = {}) {
    const timing = { electionTimeoutMs: ELECTION_TIMEOUT_MS, heartbeatMs: 20 }
    super(t, { nodes: FIVE, timing, groups: [{ id: 'g', stateMachine: kv(), compaction }] })
    this.chance = prng(seed)
    this.network = new BadNetwork(FIVE, this.chance)
    this.hub = loopback({ courier: this.network.courier })
    this.#slow = slow
  }

  async begin(): Promise<this> {
    await Promise.all(FIVE.map((id) => this.run(id)))
    await this.leader()
    return this
  }

  override disk(id: string): MemoryDisk {
    const sync = async (): Promise<void> => (this.#slow ? pause(this.chance.between(1, FLUSH_MS_MAX)) : undefined)
    const disk = this.#disks.get(id) ?? new MemoryDisk({ sync })
    this.#disks.set(id, disk)
    return disk
  }

  /** A client that reaches every node, however they are cut off from each other. */
  async client(t: TestContext, name: string): Promise<Client> {
    const transport = this.guest(name)
    const client = await connect({ cluster: 'demo', transport, timeoutMs: 5000 })
    t.after(async () => {
      await client.close()
      await transport.close()
    })
    return client
  }

  /** All nodes fall silent in the midst of what they do, and start again with what is on their disks. */
  async crashAll(): Promise<void> {
    const fallen = this.nodes
    for (const node of fallen) {
      this.hub.disconnect(node.id)
      this.disk(node.id).crash()
      this.forget(node)
    }
    await Promise.all(fallen.map((node) => node.stop()))
    await Promise.all(fallen.map(({ id }) => this.run(id)))
  }
}

/** Lets it storm, then looks whether each client finds all that it wrote and every replica holds the same. */
export async function weather(t: TestContext, plan: Plan): Promise<void> {
  const ground = { slow: plan.crashes, ...(plan.limit !== undefined && { compaction: { entries: plan.limit, keep: 2 } }) }
  const cluster = await new WeatherCluster(t, plan.seed, ground).begin()
  const names = Array.from({ length: plan.clients }, (_, i) => `client${i}`)
  const writers = await Promise.all(
    names.map(async (name, i) => new Writer(name, (await cluster.client(t, name)).kv('g'), prng(plan.seed * 100 + i))),
  )
  cluster.network.unreliable = plan.unreliable === true
  const storm = { over: false }
  const partitions = plan.partitions === true ? partitionClock(cluster, storm) : Promise.resolve()
  try {
    for (let round = 0; round < plan.rounds; round++) await playRound({ cluster, writers, plan })
  } finally {
    storm.over = true
    await partitions
  }
  assertItStormed(cluster, plan)
  const { term } = await afterwards(cluster, writers)
  if (plan.limit !== undefined) assertShortLogs(cluster, plan.limit)
  const boots = cluster.nodes.map((node) => node.status().store.boot)
  t.diagnostic(`seed ${plan.seed}, last term ${term}, boots ${boots.join(' ')}, ${JSON.stringify(cluster.network.done)}`)
}

interface Scene {
  readonly cluster: WeatherCluster
  readonly writers: readonly Writer[]
  readonly plan: Plan
}

async function playRound({ cluster, writers, plan }: Scene): Promise<void> {
  const half = Math.ceil(plan.operations / 2)
  if (plan.partitions) cluster.network.splitAnyhow()
  await Promise.all(writers.map((writer) => writer.work(half)))
  const rest = Promise.all(writers.map((writer) => writer.work(plan.operations - half)))
  await Promise.all([rest, plan.crashes ? crashAmid(rest, { cluster, writers }) : rest])
}

/** At once after a write was acknowledged: if it was not on the disks of a majority by then, it is missing afterwards. */
async function crashAmid(work: Promise<unknown>, { cluster, writers }: Pick<Scene, 'cluster' | 'writers'>): Promise<void> {
  await Promise.race([work, ...writers.map((writer) => writer.written())])
  await cluster.crashAll()
}

/** A new partition about every election timeout. */
async function partitionClock({ network, chance }: WeatherCluster, storm: { readonly over: boolean }): Promise<void> {
  while (!storm.over) {
    network.splitAnyhow()
    await pause(ELECTION_TIMEOUT_MS + chance.between(0, 2 * ELECTION_TIMEOUT_MS))
  }
}

/** A storm that never came would prove nothing. */
function assertItStormed(cluster: WeatherCluster, plan: Plan): void {
  const { lost, doubled, late, cut, splits } = cluster.network.done
  if (plan.unreliable) assert(lost > 0 && doubled > 0 && late > 0, 'letters were lost, doubled and late')
  else assert.equal(lost + doubled + late, 0)
  if (plan.partitions) assert(splits >= plan.rounds && cut > 0, 'letters met a partition')
  else assert.equal(cut, 0)
  for (const node of cluster.nodes) assert.equal(node.status().store.boot, plan.crashes ? plan.rounds + 1 : 1)
}

/** On every store, whatever happened. */
function assertShortLogs(cluster: WeatherCluster, limit: number): void {
  for (const node of cluster.nodes) {
    const { applied, truncated } = groupOf(node)
    assert(truncated > 0 && applied - truncated <= 2 * limit, `${node.id}: applied ${applied}, cut at ${truncated}`)
  }
}

/** The sun comes out. */
async function afterwards(cluster: WeatherCluster, writers: readonly Writer[]): Promise<{ readonly term: number }> {
  cluster.network.heal()
  await Promise.all(writers.map((writer) => writer.scan('linearizable')))
  const leader = await cluster.leader()
  await cluster.settled()
  const rows = writers.flatMap((writer) => writer.rows).sort()
  assert(rows.length > 0)
  for (const node of cluster.nodes) assert.deepEqual(tableOf(node), rows, `what ${node.id} holds`)
  return { term: leader.status().groups[0]?.term ?? 0 }
}

/** Every row of a replica, in order, as `key=value`. */
export function tableOf(node: FlotillaNode): string[] {
  const found: string[] = []
  let from: Uint8Array | undefined
  do {
    const query = encodeScan({ family: 'default', ...(from === undefined ? {} : { from }) })
    const { rows, next } = decodeScanResult(node.query('g', query).body)
    for (const [key, value] of rows) found.push(`${text(key)}=${text(value)}`)
    from = next
  } while (from !== undefined)
  return found
}
