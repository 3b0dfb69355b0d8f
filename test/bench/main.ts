/** `npm run bench -- [cluster] [core] [raft] [storage] [transfer] [sim] [--quick] [--json]`: what replication costs over the same pipeline without it (docs/benchmarks.md). */

import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { measureCluster, type Plan } from './cluster.ts'
import { measureCore } from './core.ts'
import { measureRaft } from './raft.ts'
import { clusterTable, coreTable, raftTable, simTable, storageTable, transferTable } from './report.ts'
import { measureSim } from './sim.ts'
import { measureStorage, type StoragePlan } from './storage.ts'
import { measureTransfer } from './transfer.ts'

const USAGE = `usage: npm run bench -- [cluster] [core] [raft] [storage] [transfer] [sim] [options]
  cluster         three nodes and a client, against the bare pipeline
  core            the pieces by themselves
  raft            Raft without disk and network: steps, rounds, memory of idle peers
  storage         flushes, log reads, restarts, and transfer
  transfer        a snapshot between two nodes, against bare messages
  sim             worlds in simulated time, and Raft alone in memory
  --quick         one short round, small states
  --json          one JSON object on stdout
  --levels 1,256  calls in flight
  --rounds N      rounds over all levels, and of transfer
  --state MIB     how large the state is that is restarted with and transferred (default: 1024)
  --dir DIR       where the stores are made (default: the directory for temporary files)
`

const SECTIONS = ['cluster', 'core', 'raft', 'storage', 'transfer', 'sim']

/** What the benchmark of storage works on: as much as a large group has, or enough to see that it runs. */
const LARGE = { logEntries: 1_000_000, stateBytes: 2 ** 30, overwrites: 1_000_000 }
const SMALL = { logEntries: 50_000, stateBytes: 32 * 2 ** 20, overwrites: 20_000 }

interface Wish {
  readonly sections: readonly string[]
  readonly json: boolean
  readonly coreMs: number
  readonly plan: Omit<Plan, 'onProgress'>
  readonly storage: StoragePlan
}

/** Throws for what it does not understand. */
function wishOf(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      levels: { type: 'string', default: '1,16,64,256,1000' },
      rounds: { type: 'string' },
      state: { type: 'string' },
      dir: { type: 'string' },
    },
  })
  for (const name of positionals) if (!SECTIONS.includes(name)) throw new Error(`there is no benchmark '${name}'`)
  const { json, quick, levels, rounds = quick ? '1' : '3', dir, state } = values
  const pace = quick ? { ms: 500, warmUpMs: 300 } : { ms: 1000, warmUpMs: 2000 }
  const plan = { ...pace, levels: levels.split(',').map(count), rounds: count(rounds), dir }
  const sizes = quick ? SMALL : LARGE
  const storage = { ...sizes, ...(state !== undefined && { stateBytes: count(state) * 2 ** 20 }), dir, ms: pace.ms }
  return { sections: positionals.length > 0 ? positionals : SECTIONS, json, coreMs: quick ? 200 : 1500, plan, storage }
}

function count(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1 && number <= 10_000) return number
  throw new Error(`'${text}' is not a number from 1 to 10000`)
}

function showProgress(share: number): void {
  if (process.stderr.isTTY) process.stderr.write(share < 1 ? `\r${Math.round(share * 100)} %` : '\r      \r')
}

async function run({ sections, json, coreMs, plan, storage: sizes }: Wish): Promise<void> {
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: availableParallelism(),
    platform: process.platform,
  }
  const core = sections.includes('core') ? await measureCore(coreMs) : null
  const raft = sections.includes('raft') ? measureRaft(coreMs) : null
  const sim = sections.includes('sim') ? await measureSim(coreMs) : null
  const cluster = sections.includes('cluster') ? await measureCluster({ ...plan, onProgress: showProgress }) : null
  const storage = sections.includes('storage') ? await measureStorage(sizes) : null
  const transfers = sections.includes('storage') || sections.includes('transfer')
  const transfer = transfers ? await measureTransfer({ ...sizes, rounds: plan.rounds }) : null
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, ...given({ core, raft, sim, cluster, storage, transfer }) }, null, 2)}\n`)
    return
  }
  process.stdout.write(`Node ${machine.node}, ${machine.cpus} × ${machine.cpu}\n\n`)
  if (core) process.stdout.write(`${coreTable(core)}\n`)
  if (raft) process.stdout.write(`${raftTable(raft)}\n`)
  if (sim) process.stdout.write(`${simTable(sim)}\n`)
  if (cluster) process.stdout.write(`${clusterTable(cluster)}\n`)
  if (storage) process.stdout.write(`${storageTable(storage)}\n`)
  if (transfer) process.stdout.write(transferTable(transfer))
}

const given = (parts: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== null))

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Null for what cannot be understood, which the person is told. */
function understood(args: readonly string[]): Wish | null {
  try {
    return wishOf(args)
  } catch (error) {
    process.stderr.write(`${told(error)}\n\n${USAGE}`)
    return null
  }
}

const wish = understood(process.argv.slice(2))
if (wish === null) process.exitCode = 2
else {
  await run(wish).catch((error: unknown) => {
    process.stderr.write(`the benchmark failed: ${told(error)}\n`)
    process.exitCode = 1
  })
}
