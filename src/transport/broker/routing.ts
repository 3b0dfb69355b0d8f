/** Carries messages from one client of the broker to the others. Knows who listens, not how they are reached. */

import { SubjectTree } from '../subject-tree.ts'
import type { ClientConnection, ClientSubscription } from './client-connection.ts'
import type { Publication } from './parser.ts'

/** What went through. */
export interface Traffic {
  inMessages: number
  inBytes: number
  outMessages: number
  outBytes: number
}

export class Routing {
  readonly traffic: Traffic = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 }
  readonly #tree = new SubjectTree<ClientSubscription>()
  /** Rises with every choice, so that the members of a queue take turns. */
  #turn = 0

  /** Subscriptions of all clients. */
  get size(): number {
    return this.#tree.size
  }

  join(subscription: ClientSubscription): void {
    this.#tree.add(subscription)
  }

  leave(subscription: ClientSubscription): void {
    this.#tree.remove(subscription)
  }

  earOf(client: ClientConnection, subject: string): ClientSubscription | undefined {
    return this.#tree.match(subject).plain.find((subscription) => subscription.client === client)
  }

  /** Delivers to every listener and to one member of each queue group; returns to how many. */
  route(from: ClientConnection, publication: Publication): number {
    const { traffic } = this
    traffic.inMessages++
    traffic.inBytes += publication.body.length
    const mayHear = (subscription: ClientSubscription): boolean => from.options.echo || subscription.client !== from
    const { plain, groups } = this.#tree.match(publication.subject)
    let heard = 0
    for (const subscription of plain) {
      if (!mayHear(subscription)) continue
      subscription.client.deliver(subscription, publication)
      heard++
    }
    for (const group of groups) {
      const members = group.filter(mayHear)
      const chosen = members[this.#turn++ % members.length]
      if (chosen === undefined) continue
      chosen.client.deliver(chosen, publication)
      heard++
    }
    traffic.outMessages += heard
    traffic.outBytes += heard * publication.body.length
    return heard
  }
}
