/** The people of a simulated world: clients at work, and somebody who listens to what is committed. Each in a process of its own. */

import { isCode } from '../../base/errors.ts'
import { Subscriber } from './subscriber.ts'
import type { ClientScene, Workload } from './workload.ts'
import type { World } from './world.ts'

/** How long a client waits for an answer: some go on soon, and never hear what came of it; some outlast an election. */
const PATIENCE_MS = [300, 5000] as const

export class People {
  readonly #world: World
  /** By group. */
  readonly subscribers = new Map<string, Subscriber>()
  #atWork = 0
  #dismissed = false

  constructor(world: World) {
    this.#world = world
  }

  /** Clients whose day is not over. */
  get atWork(): number {
    return this.#atWork
  }

  /** Everybody goes to work. */
  begin(): void {
    const { timeline, workloads, plan } = this.#world
    for (const group of workloads.keys()) {
      timeline.at(0, () => this.#subscribe(group))
      for (let i = 0; i < plan.clients; i++) timeline.at(i, () => this.#employ(group, `client${i}`))
    }
  }

  /** Nobody listens any more: a subscription that is not ended would keep its world for ever. */
  dismiss(): void {
    this.#dismissed = true
    for (const subscriber of this.subscribers.values()) subscriber.stop()
  }

  /** One follows what the group commits, from the beginning to the end of the world. */
  #subscribe(group: string): void {
    const name = `listener.${group}`
    const run = async (): Promise<void> => {
      const { client, process } = await this.#world.client(name)
      const subscriber = new Subscriber({
        client,
        group,
        sleep: (ms) => new Promise((resolve) => process.clock.after(ms, resolve)),
        isOver: () => this.#dismissed || this.#world.isOver,
        note: (what, ...details) => this.#world.note(name, what, ...details),
      })
      this.subscribers.set(group, subscriber)
      await subscriber.run()
    }
    void run().catch((error: unknown) => this.#clientFailed(name, error))
  }

  #clientFailed(name: string, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#world.fail({ invariant: 'CLIENT_BROKEN', message: `${name}: ${message}` })
  }

  #employ(group: string, name: string): void {
    const workload = this.#world.workloads.get(group) as Workload
    const own = `${name}.${group}`
    const chance = this.#world.chance()
    const [min, max] = PATIENCE_MS
    const patience = min * (max / min) ** chance.next()
    this.#atWork++
    const run = async (): Promise<void> => {
      const { client, process } = await this.#world.client(own, patience)
      const scene: ClientScene = {
        name: own,
        client,
        group,
        chance,
        leaseReads: this.#world.plan.leaseReads,
        now: () => this.#world.timeline.now,
        sleep: (ms) => new Promise((resolve) => process.clock.after(ms, resolve)),
        isOver: () => !this.#world.isStormy,
        note: (what, ...details) => {
          for (const detail of details) if (isCode(detail)) this.#world.recorder.error(detail)
          this.#world.note(own, what, ...details)
        },
      }
      await workload.run(scene)
      await client.close()
      this.#world.note(own, 'leaves')
    }
    void run()
      .catch((error: unknown) => this.#clientFailed(own, error))
      .finally(() => {
        this.#atWork--
      })
  }
}
