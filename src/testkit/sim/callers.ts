/** Who calls the nodes of a simulated world: real clients, each in a process and on a connection of its own. Knows nothing of what they want. */

import { seededChance } from '../../chance/seeded.ts'
import { type Client, connect } from '../../client/client.ts'
import type { Transport } from '../../ports/transport.ts'
import type { Loopback } from '../../transport/loopback/hub.ts'
import { CLUSTER } from './machine.ts'
import { Oscillator, Process } from './process.ts'
import type { Timeline } from './timeline.ts'
import { Wire } from './wire.ts'

/** One that calls. */
export interface Caller {
  readonly name: string
  readonly client: Client
  readonly process: Process
  readonly transport: Transport
  /** What its connection is called, which no other ever was. */
  readonly connection: string
}

/** What callers are in. */
export interface CallersHost {
  readonly timeline: Timeline
  readonly hub: Loopback
  /** A new seed each time it is asked. */
  seed(): number
  /** A name that no connection had before. */
  newName(of: string): string
  /** That connection is of that process from now on. */
  attach(connection: string, process: Process, name: string): void
  detach(connection: string): void
}

export class Callers {
  readonly #host: CallersHost
  /** Everybody who ever came. */
  readonly #all: Pick<Caller, 'name' | 'process'>[] = []

  constructor(host: CallersHost) {
    this.#host = host
  }

  /** Of everybody who ever came. */
  get names(): readonly string[] {
    return this.#all.map(({ name }) => name)
  }

  /** Somebody comes, who waits so long for an answer. */
  async come(name: string, timeoutMs = 5000): Promise<Caller> {
    const { timeline, hub, attach, newName, seed } = this.#host
    const process = new Process(timeline, new Oscillator(timeline))
    const connection = newName(name)
    attach(connection, process, name)
    this.#all.push({ name, process })
    const inner = hub.connect(connection, process.clock.after)
    const transport = new Wire(inner, () => process.isAlive)
    const client = await connect({ cluster: CLUSTER, transport, clock: process.clock, chance: seededChance(seed()), timeoutMs })
    return { name, client, process, transport, connection }
  }

  /** That one's process dies, in the midst of whatever it did; the server notices that its connection is gone. */
  bury({ process, connection }: Caller): void {
    process.kill()
    this.#host.detach(connection)
    this.#host.hub.disconnect(connection)
  }

  /** Nobody does anything any more. */
  end(): void {
    for (const { process } of this.#all) process.kill()
  }
}
