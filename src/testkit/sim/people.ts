/**
 * The people of a simulated world: clients at work, and somebody who listens to what is committed. Each in a process of its own, which may die: then somebody
 * else comes in its place.
 */

import { isCode } from '../../base/errors.ts'
import type { Caller } from './callers.ts'
import type { End, Person } from './faults/kind.ts'
import { Subscriber } from './subscriber.ts'
import type { ClientScene, Workload } from './workload.ts'
import type { World } from './world.ts'

/** How long a client waits for an answer: some go on soon, and never hear what came of it; some outlast an election. */
const PATIENCE_MS = [300, 5000] as const

/** What the death of somebody means for the others. */
interface Heritage {
  /** Nobody waits for it any more. */
  leave(): void
  /** Somebody else comes in its place. */
  replace(): void
}

export class People {
  readonly #world: World
  /** By group. */
  readonly subscribers = new Map<string, Subscriber>()
  /** Everybody who is there, in the order in which they came. */
  readonly #there = new Map<Caller, Person>()
  /** Clients that came so far, by group: a name is never given twice, since what a client writes bears its name. */
  readonly #hired = new Map<string, number>()
  #atWork = 0
  #dismissed = false

  constructor(world: World) {
    this.#world = world
  }

  /** Clients whose day is not over. One that died has none any more. */
  get atWork(): number {
    return this.#atWork
  }

  /** Whom a fault may befall. */
  get there(): readonly Person[] {
    return [...this.#there.values()]
  }

  /** Everybody goes to work. */
  begin(): void {
    const { timeline, workloads, plan } = this.#world
    for (const group of workloads.keys()) {
      timeline.at(0, () => this.#subscribe(group))
      for (let i = 0; i < plan.clients; i++) timeline.at(i, () => this.#employ(group))
    }
  }

  /** Nobody listens any more: a subscription that is not ended would keep its world for ever. */
  dismiss(): void {
    this.#dismissed = true
    for (const subscriber of this.subscribers.values()) subscriber.stop()
  }

  /** One follows what the group commits, from the beginning to the end of the world; who comes in its place goes on where it was. */
  #subscribe(group: string): void {
    const name = `listener.${group}`
    const isOver = (): boolean => this.#dismissed || this.#world.isOver
    if (isOver()) return
    const subscriber = this.subscribers.get(group) ?? new Subscriber({ group, isOver })
    this.subscribers.set(group, subscriber)
    const run = async (): Promise<void> => {
      const caller = await this.#world.callers.come(name)
      const { client, process } = caller
      this.#enter(caller, { leave: () => {}, replace: () => this.#subscribe(group) })
      await subscriber.run({
        client,
        sleep: (ms) => new Promise((resolve) => process.clock.after(ms, resolve)),
        note: (what, ...details) => this.#world.note(name, what, ...details),
      })
    }
    void run().catch((error: unknown) => this.#clientFailed(name, error))
  }

  /** Somebody is there, until they leave or die. */
  #enter(caller: Caller, { leave, replace }: Heritage): void {
    const { name, process, connection } = caller
    const dies = (): End => {
      this.#there.delete(caller)
      this.#world.callers.bury(caller)
      this.#world.note(name, 'dies')
      leave()
      return replace
    }
    this.#there.set(caller, { name, process, connection, dies })
  }

  #clientFailed(name: string, error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#world.fail({ invariant: 'CLIENT_BROKEN', message: `${name}: ${message}` })
  }

  #employ(group: string): void {
    const number = this.#hired.get(group) ?? 0
    this.#hired.set(group, number + 1)
    const workload = this.#world.workloads.get(group) as Workload
    const own = `client${number}.${group}`
    const chance = this.#world.chance()
    const [min, max] = PATIENCE_MS
    const patience = min * (max / min) ** chance.next()
    let isAtWork = true
    this.#atWork++
    const leave = (): void => {
      if (isAtWork) this.#atWork--
      isAtWork = false
    }
    const run = async (): Promise<void> => {
      const caller = await this.#world.callers.come(own, patience)
      const { client, process } = caller
      this.#enter(caller, { leave, replace: () => this.#world.isStormy && this.#employ(group) })
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
      this.#there.delete(caller)
    }
    void run()
      .catch((error: unknown) => isAtWork && this.#clientFailed(own, error))
      .finally(leave)
  }
}
