/** Three nodes and a bare pipeline under the same load, in turns, so that a drifting machine hits all alike. Knows nothing of printing. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../../src/client/client.ts'
import { flushTimes } from './disk.ts'
import { type Figures, load, median, type Pressure } from './load.ts'
import { CLUSTER, type Contender, GROUP, keyOf, VALUE } from './orders.ts'
import { MemberProcess, type Server, startNats } from './processes.ts'

const NODES = ['a', 'b', 'c'] as const
const LEADER_MS = 15_000
/** Longer than a node keeps applied state unsaved: what one load leaves behind is not the next one's burden. */
const PAUSE_MS = 100
const ATTEMPTS = 3
/** Many small turns, then many entries in a turn: what is done once a turn and what is done for each entry, both are compiled by then. */
const WARM_UP = [8, 256]

/** What is compared, in the order of each turn. */
export const CONTENDERS: readonly Contender[] = ['bare', 'propose', 'put']

export interface Plan {
  readonly levels: readonly number[]
  readonly rounds: number
  /** Of one load. */
  readonly ms: number
  readonly warmUpMs: number
  /** Where the stores are made. Default: the system's directory for temporary files. */
  readonly dir: string | undefined
  readonly onProgress: (share: number) => void
}

/** One load, and what the leader flushed meanwhile. */
export interface Sample extends Figures {
  readonly transactions: number
}

/** Medians over the rounds. */
export interface Row extends Sample {
  readonly contender: Contender
  readonly inflight: number
  /** To the bare pipeline in the same round. */
  readonly throughputRatio: number
  readonly p50Ratio: number
  readonly entriesPerTransaction: number
}

export interface ClusterReport {
  readonly server: Server['kind']
  readonly dir: string
  /** Of a 256-byte append and its fdatasync, between the loads. */
  readonly fdatasyncP50Ms: number
  readonly rows: readonly Row[]
}

/** Starts everything, measures, and leaves nothing behind. */
export async function measureCluster(plan: Plan): Promise<ClusterReport> {
  const parent = plan.dir ?? tmpdir()
  mkdirSync(parent, { recursive: true })
  const dir = mkdtempSync(join(parent, 'flotilla-bench-'))
  const endings: (() => Promise<void>)[] = [async () => rmSync(dir, { recursive: true, force: true })]
  try {
    const server = await startNats()
    endings.push(() => server.stop())
    const members = NODES.map(() => new MemberProcess())
    for (const member of members) endings.push(() => member.end())
    await Promise.all(
      members.map((member, i) => member.ask({ name: 'start', node: NODES[i] as string, nodes: NODES, url: server.url, dir })),
    )
    endings.push(async () => void (await Promise.allSettled(members.map((member) => member.ask({ name: 'stop' })))))
    const client = await connect({ cluster: CLUSTER, servers: server.url })
    endings.push(() => client.close())
    const { rows, flushes } = await new Rounds(plan, { members, client, dir }).run()
    return { server: server.kind, dir: parent, fdatasyncP50Ms: median(flushes), rows }
  } finally {
    for (const end of endings.reverse()) await end()
  }
}

interface Parts {
  readonly members: readonly MemberProcess[]
  readonly client: Client
  readonly dir: string
}

/** Every contender at every level, round after round. */
class Rounds {
  readonly #plan: Plan
  readonly #parts: Parts
  readonly #samples = new Map<string, Sample[]>()
  readonly #flushes: number[] = []

  constructor(plan: Plan, parts: Parts) {
    this.#plan = plan
    this.#parts = parts
  }

  async run(): Promise<{ readonly rows: readonly Row[]; readonly flushes: readonly number[] }> {
    const { levels, rounds, ms, warmUpMs, onProgress } = this.#plan
    for (const inflight of WARM_UP) for (const contender of CONTENDERS) await this.#sample(contender, { inflight, ms: warmUpMs })
    const steps = rounds * levels.length * CONTENDERS.length
    let step = 0
    for (let round = 0; round < rounds; round++) {
      for (const inflight of levels) {
        this.#flushes.push(...flushTimes(this.#parts.dir, { bytes: VALUE.length, times: 30 }))
        for (const contender of CONTENDERS) {
          const sample = await this.#sample(contender, { inflight, ms })
          const key = `${contender} ${inflight}`
          this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample])
          onProgress(++step / steps)
        }
      }
    }
    const rows = levels.flatMap((inflight) => CONTENDERS.map((contender) => this.#row(contender, inflight)))
    return { rows, flushes: this.#flushes }
  }

  /** One load. The group may change its leader in the middle of one, when the disk stalls: then it is done again. */
  async #sample(contender: Contender, pressure: Pressure): Promise<Sample> {
    for (let attempt = 1; ; attempt++) {
      const leader = await this.#leader()
      const flushesOf = async (): Promise<number> => {
        const { bare, node } = await leader.ask({ name: 'flushes' })
        return contender === 'bare' ? bare.transactions : node.transactions
      }
      await sleep(PAUSE_MS)
      const before = await flushesOf()
      try {
        const figures = await (contender === 'put' ? this.#put(pressure) : leader.ask({ name: 'load', contender, pressure }))
        return { ...figures, transactions: (await flushesOf()) - before }
      } catch (error) {
        if (attempt === ATTEMPTS) throw error
      }
    }
  }

  #put(pressure: Pressure): Promise<Figures> {
    const store = this.#parts.client.kv(GROUP)
    return load((n) => store.put(keyOf(n), VALUE), pressure)
  }

  async #leader(): Promise<MemberProcess> {
    const { members } = this.#parts
    for (const end = performance.now() + LEADER_MS; performance.now() < end; await sleep(50)) {
      const roles = await Promise.all(members.map((member) => member.ask({ name: 'role' })))
      const leader = members[roles.indexOf('leader')]
      if (leader && roles.filter((role) => role === 'leader').length === 1) return leader
    }
    throw new Error(`no leader within ${LEADER_MS} ms`)
  }

  #row(contender: Contender, inflight: number): Row {
    const own = this.#samples.get(`${contender} ${inflight}`) ?? []
    const bare = this.#samples.get(`bare ${inflight}`) ?? []
    const of = (field: (sample: Sample, baseline: Sample) => number): number =>
      median(own.map((sample, round) => field(sample, bare[round] ?? sample)))
    return {
      contender,
      inflight,
      perSecond: of((s) => s.perSecond),
      p50Ms: of((s) => s.p50Ms),
      p99Ms: of((s) => s.p99Ms),
      calls: of((s) => s.calls),
      transactions: of((s) => s.transactions),
      entriesPerTransaction: of((s) => s.calls / s.transactions),
      throughputRatio: of((s, b) => s.perSecond / b.perSecond),
      p50Ratio: of((s, b) => s.p50Ms / b.p50Ms),
    }
  }
}
