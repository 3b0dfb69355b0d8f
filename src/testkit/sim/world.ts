/**
 * A world that comes from a plan: machines with real nodes, clients, a network, and a storm over them; then calm, and judgement. Everything in it happens
 * on one timeline, in an order that the plan determines.
 */

import { type Prng, prng } from '../../base/prng.ts'
import type { FlotillaNode } from '../../node/types.ts'
import { type Logger, silent } from '../../ports/logger.ts'
import type { GroupStatus } from '../../ports/status.ts'
import type { Trace } from '../../ports/trace.ts'
import type { DiskImage } from '../../storage/memory/disk.ts'
import { type Loopback, loopback } from '../../transport/loopback/hub.ts'
import { Callers } from './callers.ts'
import type { Position } from './copies.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { CLUSTER, Machine } from './machine.ts'
import { SimNetwork } from './network.ts'
import { nodePlanOf } from './node-plan.ts'
import { Operator } from './operator.ts'
import { People } from './people.ts'
import type { Plan } from './plan.ts'
import type { Process } from './process.ts'
import { Recorder } from './recorder.ts'
import { Storm } from './storm.ts'
import type { Subscriber } from './subscriber.ts'
import { Timeline } from './timeline.ts'
import type { Violation } from './violation.ts'
import { Watch } from './watch.ts'
import type { Workload } from './workload.ts'

/** Milliseconds after which a process that ended by itself is started again, as a supervisor would. */
const SUPERVISED_MS = 700

export const RAFT_SUBJECTS = `flotilla.${CLUSTER}.raft.`

export interface WorldOptions {
  readonly plan: Plan
  /** One for each group. */
  readonly workloads: ReadonlyMap<string, Workload>
  readonly onEntry?: ((entry: JournalEntry) => void) | undefined
  /** Looks on as well as the checkers do. Must not change anything: the same seed gives the same hash with it and without. */
  readonly trace?: Trace | undefined
}

export class World {
  readonly plan: Plan
  readonly timeline = new Timeline()
  readonly journal: Journal
  readonly recorder = new Recorder()
  readonly hub: Loopback
  readonly network: SimNetwork
  readonly machines: readonly Machine[]
  readonly operator: Operator
  readonly watch: Watch
  readonly workloads: ReadonlyMap<string, Workload>
  readonly #options: WorldOptions
  readonly #seeds: Prng
  readonly #processes = new Map<string, { readonly process: Process; readonly machine: string }>()
  readonly #storm: Storm
  readonly people: People
  readonly callers: Callers
  #violation: Violation | null = null
  #stormy = true
  #names = 0

  constructor(options: WorldOptions) {
    const { plan, workloads, onEntry } = options
    this.#options = options
    this.plan = plan
    this.workloads = workloads
    this.journal = new Journal(onEntry)
    this.#seeds = prng(plan.seed ^ 0x5eed)
    const machineOf = (machine: string): Machine | undefined => this.machines.find(({ name }) => name === machine)
    const around = {
      holds: (machine: string, position: Position) => machineOf(machine)?.holds(position) ?? null,
      now: () => this.timeline.now,
      awakeSince: (machine: string) => machineOf(machine)?.process?.awakeSince ?? this.timeline.now,
    }
    this.watch = new Watch(around, (violation) => this.fail(violation))
    this.network = new SimNetwork({
      timeline: this.timeline,
      chance: prng(this.#seed()),
      machineOf: (transport) => this.#processes.get(transport)?.machine ?? transport,
      mayDouble: (subject) => subject.startsWith(RAFT_SUBJECTS),
      hand: (transport, deliver) => this.#processes.get(transport)?.process.run(deliver),
      onFate: (fate, from, to) => this.#met(fate, from, to),
    })
    this.hub = loopback({ courier: this.network.courier, after: (ms, callback) => this.timeline.after(ms, callback) })
    this.callers = new Callers({
      timeline: this.timeline,
      hub: this.hub,
      seed: () => this.#seed(),
      newName: (of) => this.newName(of),
      attach: (connection, process, name) => this.#attach(connection, process, name),
      detach: (connection) => this.#detach(connection),
    })
    this.machines = plan.nodes.map((name) => this.#machine(name))
    this.operator = new Operator(this)
    this.#storm = new Storm(this)
    this.people = new People(this)
  }

  get violation(): Violation | null {
    return this.#violation
  }

  get isOver(): boolean {
    return this.#violation !== null
  }

  /** Whether faults may strike and clients work. */
  get isStormy(): boolean {
    return this.#stormy && this.#violation === null
  }

  /** Whether the day is over for all clients: nobody waits for anything. */
  get hasRest(): boolean {
    return this.people.atWork === 0
  }

  /** Who follows what is committed, by group. */
  get subscribers(): ReadonlyMap<string, Subscriber> {
    return this.people.subscribers
  }

  /** Nodes that serve now. */
  get nodes(): readonly FlotillaNode[] {
    return this.machines.flatMap(({ node }) => node ?? [])
  }

  /** The run ends here: this must not have been. The first one counts. */
  fail(violation: Violation): void {
    if (this.#violation !== null) return
    this.#violation = violation
    this.journal.write({
      at: this.timeline.now,
      who: 'world',
      what: 'VIOLATION',
      details: [violation.invariant, violation.message],
    })
  }

  note(who: string, what: string, ...details: readonly (string | number)[]): void {
    this.journal.write({ at: this.timeline.now, who, what, details })
  }

  /** What a group says of itself on a node. */
  statusOf(node: FlotillaNode, group: string): GroupStatus | undefined {
    return node.status().groups.find((one) => one.group === group)
  }

  /** Everybody is started, faults are laid out, clients begin. */
  begin(): void {
    for (const machine of this.machines) machine.start()
    this.operator.watch()
    this.#storm.begin()
    this.people.begin()
  }

  /** The storm is over: what lasts ends now, and everybody is up. */
  calm(): void {
    this.#stormy = false
    this.note('world', 'calm')
    this.#storm.end()
    for (const machine of this.machines) {
      machine.process?.resume()
      machine.start()
    }
  }

  /** Nothing happens any more. */
  close(): void {
    this.people.dismiss()
    for (const machine of this.machines) machine.crash()
    this.callers.end()
  }

  /** A name that no transport had before. */
  newName(of: string): string {
    return `${of}_${++this.#names}`
  }

  /** Whether that transport is one of a process that lives. */
  has(transport: string): boolean {
    return this.#processes.has(transport)
  }

  /** A chance of its own for whoever asks. */
  chance(): Prng {
    return prng(this.#seed())
  }

  #attach(transport: string, process: Process, machine: string): void {
    this.#processes.set(transport, { process, machine })
  }

  #detach(transport: string): void {
    this.#processes.delete(transport)
  }

  #seed(): number {
    return this.#seeds.between(0, 2 ** 31)
  }

  #machine(name: string, joins = false): Machine {
    const plan = nodePlanOf(this.plan, this.workloads)
    const host = {
      timeline: this.timeline,
      hub: this.hub,
      plan,
      seed: () => this.#seed(),
      logger: this.#loggerOf(name),
      traceFor: (machine: Machine) => this.#traceFor(machine),
      attach: (transport: string, process: Process, of: string) => this.#attach(transport, process, of),
      detach: (transport: string) => this.#detach(transport),
      onPublish: (_machine: string, subject: string, data: Uint8Array) => this.#storm.overhear(subject, data),
      onExit: (machine: Machine, error: unknown) => this.#exited(machine, error),
    }
    return new Machine(host, { name, joins })
  }

  #loggerOf(name: string): Logger {
    const say = (details: object, message: string): void => this.note(name, 'says', message, JSON.stringify(details))
    const complain = (details: object, message: string): void => {
      say(details, message)
      if ('code' in details && details.code === 'INVARIANT')
        this.fail({ invariant: 'PEER_BROKEN', message: `${name}: ${message}\n${'stack' in details ? details.stack : ''}` })
    }
    return { ...silent, warn: say, error: complain }
  }

  /** Every step of a live process goes into the trace, and past the watch. */
  #traceFor(machine: Machine): Trace {
    const run = machine.runs
    const isAlive = (): boolean => machine.runs === run && machine.isUp
    const watched = this.watch.traceOf(machine.name, isAlive)
    const also = this.#options.trace
    return {
      began: (group, peer, state) => {
        if (!isAlive()) return
        this.note(machine.name, 'begins', group, peer, state.raft.term, state.raft.log.lastIndex)
        watched.began?.(group, peer, state)
        also?.began?.(group, peer, state)
      },
      stepped: (step) => {
        if (!isAlive()) return
        const { raft, role } = step.after
        this.recorder.stepped(step)
        this.note(machine.name, step.cause.type, step.group, role, raft.term, raft.commit, raft.log.lastIndex)
        watched.stepped?.(step)
        also?.stepped?.(step)
      },
      applied: (group, peer, entry) => {
        if (!isAlive()) return
        watched.applied?.(group, peer, entry)
        also?.applied?.(group, peer, entry)
      },
    }
  }

  #met(fate: string, from: string, to: string): void {
    this.recorder.fate(fate)
    this.note('network', fate, from, to)
  }

  /** What the machine had promised is forgotten with its disk. */
  replaceDisk(machine: Machine, old: DiskImage | null): void {
    this.watch.forgive(machine.name)
    if (old === null) machine.disk = machine.newDisk()
    else machine.disk.restore(old)
  }

  #exited(machine: Machine, error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    this.recorder.error(code)
    this.note(machine.name, 'exits', code, error instanceof Error ? error.message : '')
    if (code === 'INVARIANT' || !(error instanceof Error && 'code' in error)) {
      const stack = error instanceof Error ? error.stack : String(error)
      this.fail({ invariant: 'NODE_BROKEN', message: `${machine.name}: ${stack}` })
    }
    if (code === 'STORE_MISMATCH') {
      this.replaceDisk(machine, null) // as its message says: with an empty directory, to be taken in again
      machine.joins = true
      this.operator.readmit(machine.name)
    }
    this.timeline.after(SUPERVISED_MS, () => machine.start())
  }
}
