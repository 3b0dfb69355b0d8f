/** Somebody who looks after the cluster: hands leadership over, takes members out and in, cuts logs off. Through the real client, as people do. */

import { FlotillaError } from '../../base/errors.ts'
import type { Client } from '../../client/client.ts'
import { compactLog } from '../../client/maintenance.ts'
import type { ReadmitOptions } from '../../client/readmission.ts'
import type { GroupStatus } from '../../ports/status.ts'
import type { Transport } from '../../ports/transport.ts'
import { subjectsOf } from '../../wire/subjects.ts'
import { CLUSTER } from './machine.ts'
import type { World } from './world.ts'

/** Milliseconds an operator waits for one thing. */
const PATIENCE_MS = 3000

/** Milliseconds between two looks whether everything is in order again. */
const LOOK_MS = 500

/** Milliseconds that a repaired replica is given. */
const REPAIR_MS = 6000

/** What an operator works with. */
interface Tools {
  readonly client: Client
  readonly transport: Transport
}

export class Operator {
  readonly #world: World
  /** Nodes whose disks were lost: until they are readmitted they are nobody. */
  readonly #lost = new Set<string>()
  /** Who is without something that it had stored. */
  readonly #harmed = new Set<string>()
  readonly #repairedAt = new Map<string, number>()
  #busy = false
  /** A change of members is under way, or may be: of one that failed nobody knows, for a while. */
  #changing = false

  constructor(world: World) {
    this.#world = world
  }

  /** Asks each group's leader to hand over, to anybody. */
  transfer(): void {
    this.#work('transfer', async ({ client }) => {
      for (const group of this.#groups) await client.transfer(group, null, { timeoutMs: PATIENCE_MS })
    })
  }

  /** Takes a node out of its groups and in again under a new id, as a learner that is promoted when it has caught up. */
  churn(machine: string): void {
    if (this.#world.machines.length < 2 || this.#harmed.size > 0) return // one voter fewer at a time
    this.#work('churn', (tools) =>
      this.#change(async (group) => {
        const members = tools.client.members(group)
        await members.remove(machine, { timeoutMs: PATIENCE_MS })
        await members.add(machine, { learner: true, timeoutMs: PATIENCE_MS })
      }),
    )
  }

  /** The same in one step, through a joint configuration. */
  swap(machine: string): void {
    if (this.#world.machines.length < 2 || this.#harmed.size > 0) return // one voter fewer at a time
    const steps = [{ type: 'remove', node: machine } as const, { type: 'addLearner', node: machine } as const]
    this.#work('swap', ({ client }) =>
      this.#change(async (group) => void (await client.members(group).change(steps, { timeoutMs: PATIENCE_MS }))),
    )
  }

  /** Other members for each group: meanwhile nobody is harmed, who may be the last voter but one. */
  async #change(ofGroup: (group: string) => Promise<void>): Promise<void> {
    this.#changing = true
    const over = (): void => {
      this.#changing = false
    }
    try {
      for (const group of this.#groups) await ofGroup(group)
      over()
    } catch (error) {
      this.#world.timeline.after(PATIENCE_MS, over)
      throw error
    }
  }

  /** Whether that machine may lose what it has stored; if so, it counts as harmed until it is whole again. */
  mayHarm(machine: string): boolean {
    const others = [...this.#harmed].filter((name) => name !== machine)
    if (others.length > 0 || this.#changing || this.#world.machines.length < 3 || !this.#world.isStormy) return false
    if (!this.#isWhole(machine) || !this.#allVote) return false // who is being taken in has nothing yet
    this.#harmed.add(machine)
    return true
  }

  /** A node whose disk was lost is to be taken in again. */
  readmit(machine: string): void {
    this.#lost.add(machine)
    this.#harmed.add(machine)
  }

  /** Asks every node to cut its logs off. */
  compact(): void {
    this.#work('compact', async ({ transport }) => {
      for (const { id: node } of this.#world.nodes)
        for (const group of this.#groups) {
          const target = { transport, subjects: subjectsOf(CLUSTER), group, node }
          await compactLog(target, { keep: 2, timeoutMs: PATIENCE_MS })
        }
    })
  }

  /** Sees to it that who was harmed becomes whole again, and after the storm that everybody is a member of every group. */
  watch(): void {
    const { timeline } = this.#world
    timeline.after(LOOK_MS, () => {
      for (const name of this.#harmed) if (!this.#lost.has(name) && this.#isWhole(name)) this.#harmed.delete(name)
      if (this.#harmed.size > 0 || !this.#world.isStormy) this.#work('restore', (tools) => this.#restoreAll(tools))
      this.watch()
    })
  }

  /** Whether every machine is a voter of every group, as far as those who have committed most know. */
  get #allVote(): boolean {
    return this.#groups.every((group) => {
      const known = this.#world.nodes.flatMap((node) => this.#world.statusOf(node, group) ?? [])
      const newest = known.reduce<GroupStatus | null>((best, one) => (best && best.commit >= one.commit ? best : one), null)
      return newest?.voters.length === this.#world.machines.length && !newest.votersOutgoing?.length
    })
  }

  /** Whether it serves all groups, as a voter, and knows what is committed as far as it can know. */
  #isWhole(machine: string): boolean {
    const { node, disk } = this.#world.machines.find(({ name }) => name === machine) ?? {}
    if (!node || disk?.isRotten) return false // what rots unnoticed is not there any more, either
    if (this.#world.watch.lacks(machine)) return false // nor is what an older disk does not have
    return this.#groups.every((group) => {
      const status = this.#world.statusOf(node, group)
      return status?.life === 'running' && status.voters.includes(machine) && status.applied > 0
    })
  }

  get #groups(): readonly string[] {
    return [...this.#world.workloads.keys()]
  }

  async #restoreAll(tools: Tools): Promise<void> {
    for (const machine of [...this.#lost]) await this.#readmit(tools, machine)
    for (const node of this.#world.nodes)
      for (const { group, life } of node.status().groups)
        if (life === 'quarantined') await this.#repair(tools.client, node.id, group)
    for (const group of this.#groups) {
      const { conf, peers } = await tools.client.members(group).list({ timeoutMs: PATIENCE_MS })
      const members = [...conf.voters, ...conf.learners, ...conf.votersOutgoing].map((peer) => peers[peer])
      for (const { name } of this.#world.machines)
        if (!members.includes(name)) await tools.client.members(group).add(name, { learner: true, timeoutMs: PATIENCE_MS })
    }
  }

  /** Once; then it takes its time until the node has noticed, and is filled. */
  async #repair(client: Client, node: string, group: string): Promise<void> {
    const { timeline } = this.#world
    const place = `${node} ${group}`
    if (timeline.now - (this.#repairedAt.get(place) ?? Number.NEGATIVE_INFINITY) < REPAIR_MS) return
    await this.#takeBack(client, node, { groups: [group] })
    this.#repairedAt.set(place, timeline.now)
    this.#world.note('operator', 'repaired', node, group)
  }

  async #readmit({ client }: Tools, machine: string): Promise<void> {
    await this.#takeBack(client, machine)
    this.#lost.delete(machine)
  }

  /** Where there is nothing to readmit, an earlier attempt got so far: what it did not come to is added as any other member that is missing. */
  async #takeBack(client: Client, machine: string, options: ReadmitOptions = {}): Promise<void> {
    try {
      await client.readmit(machine, { ...options, timeoutMs: PATIENCE_MS })
    } catch (error) {
      if (!(error instanceof FlotillaError) || error.code !== 'CONF_INVALID') throw error
      this.#world.note('operator', 'readmit', error.code, error.message)
    }
  }

  /** One thing at a time; what cannot be done is left. */
  #work(what: string, work: (tools: Tools) => Promise<void>): void {
    if (this.#busy) return
    this.#busy = true
    const world = this.#world
    const run = async (): Promise<void> => {
      const { client, transport } = await world.callers.come('operator')
      try {
        await work({ client, transport })
        if (what !== 'restore') world.note('operator', what, 'done')
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
        world.recorder.error(code)
        world.note('operator', what, code, error instanceof Error ? error.message : '')
      } finally {
        await client.close()
        await transport.close()
        this.#busy = false
      }
    }
    void run()
  }
}
