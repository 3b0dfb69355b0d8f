/** The storm over a simulated world: faults strike when the plan says so, and end with their time or with the storm. */

import { type End, type FaultKind, MISSED } from './faults/kind.ts'
import { FAULTS, type Ground } from './faults.ts'
import type { Machine } from './machine.ts'
import type { Plan } from './plan.ts'
import { RAFT_SUBJECTS, type World } from './world.ts'

/** Raft messages that are kept to be replayed. */
const OLD_MAX = 500

export class Storm {
  readonly #world: World
  readonly #old: { readonly subject: string; readonly data: Uint8Array }[] = []
  readonly #struck: (() => void)[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** Every fault of the plan will strike at its time. */
  begin(): void {
    const { plan, timeline } = this.#world
    for (const fault of plan.faults) timeline.at(fault.at, () => this.#strike(fault))
  }

  /** What still lasts ends now. */
  end(): void {
    for (const end of this.#struck.splice(0)) end()
  }

  /** Somebody listens, who may say it again some day. */
  overhear(subject: string, data: Uint8Array): void {
    if (!subject.startsWith(RAFT_SUBJECTS)) return
    this.#old.push({ subject, data }) // an envelope, made for this one message: nobody writes to it any more
    if (this.#old.length >= 2 * OLD_MAX) this.#old.splice(0, this.#old.length - OLD_MAX)
  }

  #strike(fault: Plan['faults'][number]): void {
    if (!this.#world.isStormy) return
    this.#world.note('storm', fault.kind, fault.ms, JSON.stringify(fault.params))
    const kind: FaultKind = FAULTS[fault.kind]
    const end = kind.strike(this.#ground(fault), fault.params)
    if (end === MISSED) {
      this.#world.note('storm', `${fault.kind} misses`)
      return
    }
    if (!kind.lurks) this.#world.recorder.fault(fault.kind)
    if (end === undefined) return
    let isOver = false
    const over = (): void => {
      if (isOver) return
      isOver = true
      this.#world.note('storm', `${fault.kind} ends`)
      end()
    }
    this.#struck.push(over)
    this.#world.timeline.after(fault.ms, over)
  }

  #ground({ kind }: Plan['faults'][number]): Ground {
    const { timeline, network, machines, operator, callers, people } = this.#world
    return {
      met: () => {
        this.#world.recorder.fault(kind)
        this.#world.note('storm', `${kind} strikes`)
      },
      timeline,
      network,
      machines,
      machine: (name) => machines.find((one) => one.name === name) as Machine,
      everybody: [...machines.map(({ name }) => name), ...callers.names],
      people: people.there,
      disconnect: (name) => this.#disconnect(name),
      hangUp: ({ name, connection }) => this.#cut(name, connection),
      replay: (count) => this.#replay(count),
      transfer: () => operator.transfer(),
      churn: (name) => operator.churn(name),
      swap: (name) => operator.swap(name),
      mayHarm: (name) => operator.mayHarm(name),
      replaceDisk: (machine, old) => this.#world.replaceDisk(machine, old),
      compact: () => operator.compact(),
    }
  }

  #disconnect(name: string): End | typeof MISSED {
    const transport = this.#world.machines.find((one) => one.name === name)?.transport
    return transport ? this.#cut(name, transport) : MISSED
  }

  #cut(name: string, transport: string): End {
    this.#world.network.broken(name)
    this.#world.hub.disconnect(transport)
    return () => {
      if (this.#world.has(transport)) this.#world.hub.reconnect(transport)
    }
  }

  /** As somebody would who has listened, and says again what was said. */
  #replay(count: number): void {
    const old = this.#old.slice(-OLD_MAX)
    if (old.length === 0) return
    const chance = this.#world.chance()
    const ghost = this.#world.hub.connect(this.#world.newName('ghost'))
    for (let i = 0; i < count; i++) {
      const { subject, data } = old[chance.between(0, old.length)] as { subject: string; data: Uint8Array }
      ghost.publish(subject, data)
    }
    void ghost.close()
  }
}
