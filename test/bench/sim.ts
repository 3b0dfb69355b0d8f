/** How fast simulated worlds go: the whole of it, and Raft alone in memory. Knows nothing of what is checked in them. */

import { planOf } from '../../src/testkit/sim/plan.ts'
import { simulate } from '../../src/testkit/sim/simulate.ts'
import { Cluster } from '../harness/cluster.ts'
import { STEPS } from '../harness/lab.ts'

export interface WorldSpeed {
  readonly clients: number
  readonly operationsPerSimulatedSecond: number
  readonly simulatedSecondsPerMinute: number
  readonly eventsPerSecond: number
}

export interface SimReport {
  readonly worlds: readonly WorldSpeed[]
  /** Events of Raft alone: three peers, a network and disks in memory. */
  readonly coreEventsPerSecond: number
  /** The same with Figure 3 checked after each letter. */
  readonly checkedEventsPerSecond: number
  /** After all of it. */
  readonly residentBytes: number
}

/** Worlds of each kind; the first is not counted. */
const WORLDS = 4

/** Simulated seconds of each storm. */
const SECONDS = 20

export async function measureSim(ms: number): Promise<SimReport> {
  const worlds = [await worldSpeed(1), await worldSpeed(4)]
  return {
    worlds,
    coreEventsPerSecond: coreSpeed(ms, false),
    checkedEventsPerSecond: coreSpeed(ms, true),
    residentBytes: process.memoryUsage().rss,
  }
}

async function worldSpeed(clients: number): Promise<WorldSpeed> {
  let [operations, simulatedMs, steps, wallMs] = [0, 0, 0, 0]
  for (let seed = 1; seed <= WORLDS; seed++) {
    const plan = { ...planOf({ seed, profile: 'rough', nodes: 3, clients, groups: 1, seconds: SECONDS }), logEntries: 100_000 }
    const begun = performance.now()
    const report = await simulate({ seed, plan })
    if (report.violation !== null) throw new Error(`seed ${seed}: ${report.violation.invariant}: ${report.violation.message}`)
    if (seed === 1) continue
    wallMs += performance.now() - begun
    operations += report.operations.ok
    simulatedMs += report.simulatedMs
    steps += report.steps
  }
  return {
    clients,
    operationsPerSimulatedSecond: operations / (SECONDS * (WORLDS - 1)),
    simulatedSecondsPerMinute: (simulatedMs / wallMs) * 60,
    eventsPerSecond: (steps / wallMs) * 1000,
  }
}

/** Commands in batches of ten at a leader of three, each replicated and committed before the next. */
function coreSpeed(ms: number, checked: boolean): number {
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
  const run = (forMs: number): number => {
    const cluster = new Cluster(counted, 3, { checked })
    cluster.elect(1)
    events = 0
    const begun = performance.now()
    while (performance.now() - begun < forMs) {
      cluster.propose(1, ...'abcdefghij')
      cluster.settle()
    }
    return events / ((performance.now() - begun) / 1000)
  }
  run(ms / 2)
  return run(ms)
}
