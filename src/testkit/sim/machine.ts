/** One machine of a simulated world: its disk, its clock, and the node that runs on it, run after run. Knows how to break it, and nothing of why. */

import { createHash } from 'node:crypto'
import { seededChance } from '../../chance/seeded.ts'
import { createNode } from '../../node/node.ts'
import type { GroupOptions, Timing } from '../../node/options.ts'
import type { FlotillaNode } from '../../node/types.ts'
import type { Logger } from '../../ports/logger.ts'
import type { NodeStore } from '../../ports/store.ts'
import type { Trace } from '../../ports/trace.ts'
import type { Transport } from '../../ports/transport.ts'
import { MemoryDisk } from '../../storage/memory/disk.ts'
import { memoryStore } from '../../storage/memory/store.ts'
import type { Loopback } from '../../transport/loopback/hub.ts'
import type { Position } from './copies.ts'
import { Oscillator, Process } from './process.ts'
import type { Timeline } from './timeline.ts'
import { Wire } from './wire.ts'

export const CLUSTER = 'sim'

/** How a node of the world is set up. */
export interface NodePlan {
  readonly nodes: readonly string[]
  readonly groups: () => readonly GroupOptions[]
  readonly timing: Required<Timing>
  readonly leaseReads: boolean
  readonly autoPromote: boolean
}

/** What a machine is in. */
export interface MachineHost {
  readonly timeline: Timeline
  readonly hub: Loopback
  readonly plan: NodePlan
  /** A new seed each time it is asked. */
  seed(): number
  readonly logger: Logger
  traceFor(machine: Machine): Trace
  /** A transport of that name is the machine's from now on. */
  attach(transport: string, process: Process, machine: string): void
  detach(transport: string): void
  onPublish(machine: string, subject: string, data: Uint8Array): void
  /** A process ended by itself: a failed disk, a store that is refused. */
  onExit(machine: Machine, error: unknown): void
}

/** How long a flush takes, in milliseconds. */
interface DiskPace {
  min: number
  max: number
}

const QUICK: Readonly<DiskPace> = { min: 0.2, max: 2 }

export class Machine {
  readonly name: string
  readonly oscillator: Oscillator
  readonly #host: MachineHost
  /** Nodes of a cluster that exists join it. */
  joins: boolean
  disk: MemoryDisk
  #pace: DiskPace = { ...QUICK }
  #process: Process | null = null
  /** Was asked to stop, and has not ended. */
  #stopping: Process | null = null
  #startsAgain = false
  #node: FlotillaNode | null = null
  #store: NodeStore | null = null
  #transport: string | null = null
  #connection: Transport | null = null
  #runs = 0
  /** Effects until the process dies; null: it does not. */
  #fuse: number | null = null

  constructor(host: MachineHost, { name, joins = false }: { readonly name: string; readonly joins?: boolean }) {
    this.#host = host
    this.name = name
    this.joins = joins
    this.oscillator = new Oscillator(host.timeline)
    this.disk = this.newDisk()
  }

  get process(): Process | null {
    return this.#process
  }

  /** The node, while its process lives and it serves. */
  get node(): FlotillaNode | null {
    return this.#node
  }

  get isUp(): boolean {
    return this.#process !== null
  }

  get transport(): string | null {
    return this.#transport
  }

  get runs(): number {
    return this.#runs
  }

  /** An empty disk for it. */
  newDisk(): MemoryDisk {
    const chance = seededChance(this.#host.seed())
    const uuid = (): string => Buffer.from(chance.bytes(16)).toString('hex')
    const sync = (): Promise<void> =>
      new Promise((resolve) => {
        const process = this.#process
        if (process === null || !this.#effect(process)) return // a dead process waits for ever
        const { min, max } = this.#pace
        process.clock.after(min + chance.next() * (max - min), resolve)
      })
    return new MemoryDisk({ sync, uuid })
  }

  /** Its process begins: when the one that is being stopped has ended, if there is one. Does nothing while another runs. */
  start(): void {
    if (this.#stopping !== null) this.#startsAgain = true
    if (this.#process !== null) return
    const { timeline, hub, plan, logger } = this.#host
    const process = new Process(timeline, this.oscillator)
    const name = `${this.name}_${++this.#runs}`
    this.#process = process
    this.#transport = name
    this.#fuse = null
    this.#host.attach(name, process, this.name)
    const inner = hub.connect(name, process.clock.after)
    this.#connection = inner
    const transport = this.#wire(inner, process)
    const run = async (): Promise<void> => {
      const node = await createNode({
        cluster: CLUSTER,
        id: this.name,
        nodes: this.joins ? [] : plan.nodes,
        join: this.joins,
        groups: plan.groups(),
        timing: plan.timing,
        leaseReads: plan.leaseReads,
        autoPromote: plan.autoPromote,
        transport,
        store: this.#opened(),
        clock: process.clock,
        chance: seededChance(this.#host.seed()),
        offload: false,
        logger,
        trace: this.#host.traceFor(this),
        onFailure: (error) => this.#exit(process, error),
      })
      if (this.#process === process) this.#node = node
    }
    process.run(() => void run().catch((error) => this.#exit(process, error)))
  }

  /** The process dies now. `keepsLast`: the write that is under way is on the disk. */
  crash({ keepsLast = false } = {}): void {
    this.#end()
    this.disk.crash({ keepsLast })
  }

  /** The process dies in the midst of what it does: after so many more messages and writes. */
  light(effects: number): void {
    this.#fuse = effects
  }

  /** It lives on, however much it does. */
  defuse(): void {
    this.#fuse = null
  }

  /** The node is asked to stop, as by a signal. */
  async stop(): Promise<void> {
    const process = this.#process
    if (process === null || this.#stopping !== null) return
    this.#stopping = process
    await this.#node?.stop()
    if (this.#stopping !== process) return // it died on the way
    const startsAgain = this.#startsAgain
    this.#end()
    if (startsAgain) this.start()
  }

  /** Flushes take so long from now on. */
  slow(pace: DiskPace | null): void {
    this.#pace = pace ?? { ...QUICK }
  }

  /** A digest of all rows that a replica here has applied; in which order it met their families does not matter. */
  stateHash(group: string): string {
    const hash = createHash('sha256')
    const table = this.#store?.table(group)
    for (const family of [...(table?.families ?? [])].sort())
      for (const [key, value] of table?.range(family, {}) ?? []) hash.update(family).update(key).update(value)
    return hash.digest('hex').slice(0, 16)
  }

  /** Whether that entry is on the disk, or a state in its place; null when the disk has nothing of the group. */
  holds({ group, index, term }: Position): boolean | null {
    const image = this.disk.image?.groups.get(group)
    if (image === undefined) return null
    return image.truncated.index >= index || image.entries[index - image.truncated.index - 1]?.term === term
  }

  #opened(): NodeStore {
    this.#store = memoryStore({ cluster: CLUSTER, node: this.name }, this.disk)
    return this.#store
  }

  /** Whatever the process does that others see, or that stays, passes here. */
  #effect(process: Process): boolean {
    if (!process.isAlive) return false
    if (this.#fuse === null || --this.#fuse > 0) return true
    this.crash()
    return false
  }

  #wire(inner: Transport, process: Process): Transport {
    return new Wire(
      inner,
      () => this.#effect(process),
      (subject, data) => this.#host.onPublish(this.name, subject, data),
    )
  }

  #exit(process: Process, error: unknown): void {
    if (this.#process !== process) return
    this.crash()
    this.#host.onExit(this, error)
  }

  #end(): void {
    this.#process?.kill()
    this.#process = null
    this.#stopping = null
    this.#startsAgain = false
    this.#node = null
    this.#store = null
    if (this.#transport !== null) {
      this.#host.detach(this.#transport)
      this.#transport = null
    }
    void this.#connection?.close()
    this.#connection = null
  }
}
