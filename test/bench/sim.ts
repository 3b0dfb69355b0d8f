/** How fast simulated worlds go: the whole of it, and Raft alone in memory. Knows nothing of what is checked in them. */

import { planOf } from '../../src/testkit/sim/plan.ts'
import { simulate } from '../../src/testkit/sim/simulate.ts'
import { Cluster } from '../harness/cluster.ts'
import { STEPS } from '../harness/lab.ts'

export interface WorldSpeed {
  readonly clients: number
  readonly operationsPerSimulatedSecond: number
  readonly simulatedSecondsPerMinute: number
  /** The same of a minute of CPU time, all threads of the process together: where others use the machine, too, the wall tells less. */
  readonly simulatedSecondsPerCpuMinute: number
  readonly eventsPerSecond: number
}

/** An event is a letter or something local that a peer is stepped with. */
export interface CoreSpeed {
  readonly eventsPerSecond: number
  readonly eventsPerCpuSecond: number
}

export interface SimReport {
  readonly worlds: readonly WorldSpeed[]
  /** Raft alone: three peers, a network and disks in memory. */
  readonly core: CoreSpeed
  /** The same with Figure 3 checked after each letter. */
  readonly checked: CoreSpeed
  /** After all of it. */
  readonly residentBytes: number
}

/** Seeds of the worlds that are counted. */
const SEEDS = [2, 3, 4]

/** Worlds before them: a simulator runs for long, and most of its code is compiled well only after the first few. */
const WARM_UP_SEEDS = [11, 12, 13, 14]

/** Simulated seconds of each storm. */
const SECONDS = 20

export async function measureSim(ms: number): Promise<SimReport> {
  const worlds = [await worldSpeed(1), await worldSpeed(2), await worldSpeed(4)]
  return {
    worlds,
    core: coreSpeed(ms, false),
    checked: coreSpeed(ms, true),
    residentBytes: process.memoryUsage().rss,
  }
}

async function worldSpeed(clients: number): Promise<WorldSpeed> {
  let [operations, simulatedMs, steps, wallMs, spentMs] = [0, 0, 0, 0, 0]
  for (const seed of [...WARM_UP_SEEDS, ...SEEDS]) {
    const plan = { ...planOf({ seed, profile: 'rough', nodes: 3, clients, groups: 1, seconds: SECONDS }), logEntries: 100_000 }
    const [begun, spent] = [performance.now(), cpuMs()]
    const report = await simulate({ seed, plan })
    if (report.violation !== null) throw new Error(`seed ${seed}: ${report.violation.invariant}: ${report.violation.message}`)
    if (!SEEDS.includes(seed)) continue
    wallMs += performance.now() - begun
    spentMs += cpuMs() - spent
    operations += report.operations.ok
    simulatedMs += report.simulatedMs
    steps += report.steps
  }
  return {
    clients,
    operationsPerSimulatedSecond: operations / (SECONDS * SEEDS.length),
    simulatedSecondsPerMinute: (simulatedMs / wallMs) * 60,
    simulatedSecondsPerCpuMinute: (simulatedMs / spentMs) * 60,
    eventsPerSecond: (steps / wallMs) * 1000,
  }
}

/** Milliseconds of CPU time so far, of all threads. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Batches that one group takes. The groups of tests keep every letter that was ever sent; what that costs is not to be measured. */
const BATCHES = 500

/** Commands in batches of ten at a leader of three, each replicated and committed before the next. */
function coreSpeed(ms: number, checked: boolean): CoreSpeed {
  let events = 0
  const counted = {
    start: STEPS.start,
    message: (...step: Parameters<typeof STEPS.message>) => {
      events++
      return STEPS.message(...step)
    },
    event: (...step: Parameters<typeof STEPS.event>) => {
      events++
      return STEPS.event(...step)
    },
  }
  const group = (): void => {
    const cluster = new Cluster(counted, 3, { checked })
    cluster.elect(1)
    for (let i = 0; i < BATCHES; i++) {
      cluster.propose(1, ...'abcdefghij')
      cluster.settle()
    }
  }
  const run = (forMs: number): CoreSpeed => {
    events = 0
    const [begun, spent] = [performance.now(), cpuMs()]
    while (performance.now() - begun < forMs) group()
    return {
      eventsPerSecond: (events / (performance.now() - begun)) * 1000,
      eventsPerCpuSecond: (events / (cpuMs() - spent)) * 1000,
    }
  }
  run(ms / 2)
  return run(ms)
}
