/** One run from one seed: storm, calm, judgement. The door of the simulator. */

import type { Trace } from '../../ports/trace.ts'
import { checkConverged } from '../checkers/converged.ts'
import type { JournalEntry } from './journal.ts'
import { kvWorkload } from './kv-workload.ts'
import { ELECTION_TIMEOUT_MS } from './node-plan.ts'
import { type Plan, type PlanWish, planOf } from './plan.ts'
import { watchReality } from './reality.ts'
import type { Coverage } from './recorder.ts'
import { type Inspect, sightOf } from './sight.ts'
import { play } from './timeline.ts'
import type { Violation } from './violation.ts'
import type { FinalScene, Workload, WorkloadVerdict } from './workload.ts'
import { World } from './world.ts'

/** What to simulate. */
export interface SimulateOptions extends PlanWish {
  /** Instead of drawing one from the seed: this very plan. */
  readonly plan?: Plan
  /** What clients of each group do, made anew for the run. Default: everything a key-value store can do. */
  readonly workload?: (plan: Plan) => Workload
  /** Sees every line of the trace. */
  readonly onEntry?: (entry: JournalEntry) => void
  /** Looks on; see {@link Trace}. */
  readonly trace?: Trace
  /** Looks at the nodes now and then, as an inspector does; see {@link Inspect}. */
  readonly inspect?: Inspect
  /** Whether it is a violation that something real is touched: a clock, a timer, chance, a file. Default: it is. */
  readonly strict?: boolean
}

/** What came of a run. */
export interface SimulationReport {
  readonly seed: number
  readonly plan: Plan
  /** Null: every rule held. */
  readonly violation: Violation | null
  /** The last lines of the trace. */
  readonly tail: readonly string[]
  /** Of the whole trace: the same seed gives the same. */
  readonly hash: string
  /** Simulated milliseconds. */
  readonly simulatedMs: number
  /** Events that peers took. */
  readonly steps: number
  /** Operations of clients, by how they ended. */
  readonly operations: Pick<WorkloadVerdict, 'ok' | 'failed' | 'unknown'> & { readonly undecided: number }
  readonly coverage: Coverage
}

/** The calm after the storm: within so many election timeouts there must be a leader that takes a write, and all peers the same. */
const CALM_TIMEOUTS = 10

/** Processes that were down start first; what clients still wait for ends, most of it sooner. */
const SETTLING_MS = 6000

/** Milliseconds between two attempts to write. */
const AGAIN_MS = 100

/** Reading everything in the end takes no longer. */
const READING_MS = 30_000

/** What was applied is saved by then. */
const SAVED_MS = 1500

/** Runs one world. Never rejects for what goes wrong in it: that is the report's `violation`. Rejects with `CONFIG_INVALID` for a world that there cannot be. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const plan = options.plan ?? planOf(options)
  const make = options.workload ?? (({ keys }: Plan) => kvWorkload({ keys }))
  const workloads = new Map(Array.from({ length: plan.groups }, (_, i) => [i === 0 ? 'kv' : `kv${i + 1}`, make(plan)]))
  const world = new World({ plan, workloads, onEntry: options.onEntry, trace: options.trace })
  const leave =
    options.strict === false
      ? () => {}
      : watchReality(({ what, stack }) => world.fail({ invariant: 'REALITY_TOUCHED', message: `${what} in a run\n${stack}` }))
  const close = options.inspect?.(sightOf(world))
  try {
    return await carriedOut(world)
  } finally {
    close?.()
    leave()
  }
}

async function carriedOut(world: World): Promise<SimulationReport> {
  const { plan, workloads } = world
  const operations = { ok: 0, failed: 0, unknown: 0, undecided: 0 }
  world.begin()
  await play(world.timeline, plan.stormMs, () => world.isOver)
  if (!world.isOver) await settle(world)
  if (!world.isOver) await restartAll(world)
  if (!world.isOver)
    for (const [group, workload] of workloads) {
      const verdict = await judge(world, group, workload)
      if (verdict === null) break
      operations.ok += verdict.ok
      operations.failed += verdict.failed
      operations.unknown += verdict.unknown
      operations.undecided += verdict.undecided ?? 0
      if (verdict.violation !== null) world.fail(verdict.violation)
    }
  const { journal, recorder, timeline, violation } = world
  world.close()
  return {
    seed: plan.seed,
    plan,
    violation,
    tail: violation === null ? [] : journal.tail(),
    hash: journal.hash,
    simulatedMs: timeline.now,
    steps: recorder.steps,
    operations,
    coverage: recorder.coverage,
  }
}

/** Liveness: after the faults there is a leader in time, a write succeeds, and all peers come to be the same. */
async function settle(world: World): Promise<void> {
  world.calm()
  const { timeline } = world
  await within(world, timeline.now + SETTLING_MS, () => world.hasRest)
  if (!world.hasRest) return world.fail({ invariant: 'LIVENESS', message: 'clients still wait long after the storm' })
  const deadline = timeline.now + CALM_TIMEOUTS * ELECTION_TIMEOUT_MS
  for (const [group, workload] of world.workloads) {
    const isLed = await within(world, deadline, () => world.nodes.some((node) => world.statusOf(node, group)?.role === 'leader'))
    if (!isLed) return world.fail({ invariant: 'LIVENESS', message: `nobody leads ${group} after the storm` })
    const why = await unwritable(world, { group, workload, deadline })
    if (why !== null) return world.fail({ invariant: 'LIVENESS', message: `${group} takes no write after the storm: ${why}` })
  }
  const isSame = await within(world, deadline, () =>
    [...world.workloads.keys()].every((group) => differences(world, group).length === 0),
  )
  if (!isSame) {
    const lines = [...world.workloads.keys()].flatMap((group) => differences(world, group))
    return world.fail({ invariant: 'CONVERGENCE', message: lines.join('\n') })
  }
  for (const [group, subscriber] of world.subscribers) {
    const { lastCommitted, applied } = world.watch.group(group)
    await within(world, deadline, () => subscriber.next > lastCommitted)
    const troubles = subscriber.troubles(applied, Math.max(lastCommitted, subscriber.next - 1)) // more may have come meanwhile
    if (troubles.length > 0) world.fail({ invariant: 'SUBSCRIBERS', message: `${group}: ${troubles.join('\n')}` })
  }
}

/** At last the power fails everywhere: what the replicas hold is what their disks hold. */
async function restartAll(world: World): Promise<void> {
  const { timeline, machines } = world
  const groups = [...world.workloads.keys()]
  const areEven = (): boolean => groups.every((group) => differences(world, group).length === 0)
  const uneven = (when: string): void => {
    const lines = groups.flatMap((group) => differences(world, group))
    world.fail({ invariant: 'CONVERGENCE', message: `${when}: ${lines.join('\n') || 'nobody leads'}` })
  }
  await play(timeline, timeline.now + SAVED_MS, () => world.isOver)
  const evenBy = timeline.now + CALM_TIMEOUTS * ELECTION_TIMEOUT_MS // one that was harmed may only now have been found out, and be taken in again
  if (!(await within(world, evenBy, areEven))) return world.isOver ? undefined : uneven('after convergence')
  const before = groups.map((group) => machines.map((machine) => machine.stateHash(group)))
  for (const machine of machines) machine.crash()
  for (const machine of machines) machine.start()
  const deadline = timeline.now + CALM_TIMEOUTS * ELECTION_TIMEOUT_MS
  const isLed = (group: string): boolean => world.nodes.some((node) => world.statusOf(node, group)?.role === 'leader')
  const isBack = await within(world, deadline, () => groups.every(isLed) && areEven())
  if (world.isOver) return
  if (!isBack) return uneven('after a power cut')
  const after = groups.map((group) => machines.map((machine) => machine.stateHash(group)))
  if (String(after) !== String(before))
    world.fail({
      invariant: 'STATE_SURVIVES',
      message: `after a power cut the states are ${after}, before it they were ${before}`,
    })
}

async function within(world: World, deadline: number, isSo: () => boolean): Promise<boolean> {
  while (!world.isOver && !isSo() && world.timeline.now < deadline)
    await play(world.timeline, world.timeline.now + 50, () => world.isOver)
  return isSo()
}

/** What the peers of a group do not have in common. All members must be there. */
function differences(world: World, group: string): readonly string[] {
  const missing = world.machines.flatMap(({ name, node }) =>
    node && world.statusOf(node, group) ? [] : [`${name} does not serve ${group}`],
  )
  const replicas = world.machines.flatMap(({ name, node }) => {
    const status = node && world.statusOf(node, group)
    return status ? [{ name, applied: status.applied }] : []
  })
  const applied = new Set(replicas.map((replica) => replica.applied))
  const isEven = missing.length === 0 && applied.size === 1 // a hash is worth its while only then
  const hashes = new Map(isEven ? world.machines.map((machine) => [machine.name, machine.stateHash(group)]) : [])
  return [...missing, ...checkConverged(replicas.map((replica) => ({ ...replica, hash: hashes.get(replica.name) ?? '' })))]
}

/** Tries to write, until it is too late. Null: something was written. */
async function unwritable(world: World, at: { group: string; workload: Workload; deadline: number }): Promise<unknown> {
  const { group, workload, deadline } = at
  const write = workload.write?.bind(workload)
  if (!write) return null
  for (;;) {
    const answer = await visit(world, { group, until: deadline }, write)
    if ('value' in answer || world.isOver) return null
    if (world.timeline.now >= deadline) return answer.failure
    await play(world.timeline, world.timeline.now + AGAIN_MS, () => world.isOver)
  }
}

async function judge(world: World, group: string, workload: Workload): Promise<WorkloadVerdict | null> {
  const answer = await visit(world, { group, until: world.timeline.now + READING_MS }, (scene) => workload.finish(scene))
  if (world.isOver) return null
  if ('value' in answer)
    try {
      return workload.judge(answer.value)
    } catch (thrown) {
      world.fail({
        invariant: 'JUDGE_BROKEN',
        message: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      })
      return null
    }
  world.fail({ invariant: 'LIVENESS', message: `${group} cannot be read after the storm: ${answer.failure}` })
  return null
}

type Answer<T> = { readonly value: T } | { readonly failure: unknown }

/** Somebody comes with a question, and waits for the answer until then. */
async function visit<T>(
  world: World,
  at: { group: string; until: number },
  ask: (scene: FinalScene) => Promise<T>,
): Promise<Answer<T>> {
  const { timeline } = world
  let answer: Answer<T> | null = null
  const call = async (): Promise<T> => {
    const { client } = await world.callers.come('visitor', Math.max(1, at.until - timeline.now))
    const value = await ask({ client, group: at.group, now: () => timeline.now })
    await client.close()
    return value
  }
  void call().then(
    (value) => {
      answer = { value }
    },
    (failure: unknown) => {
      answer = { failure }
    },
  )
  const isDone = (): boolean => answer !== null || world.isOver
  await play(timeline, at.until, isDone)
  return answer ?? { failure: 'no answer' }
}
