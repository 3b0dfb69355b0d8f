/** What is asked about members on a node's subjects: plain JSON in and out. Decides nothing; it asks the desk. */

import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import { decodeMembersRequest, decodeReconfigure, encodeMembersView, encodeReconfigured } from '../wire/members.ts'
import { encodeJsonRefusal } from '../wire/requests.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { MemberDesk } from './member-desk.ts'
import { own } from './own-group.ts'
import type { Refusals } from './refusals.ts'

export interface MemberServicesOptions {
  readonly node: string
  readonly transport: Transport
  readonly subjects: Subjects
  readonly refusals: Refusals
  readonly desk: MemberDesk
}

const LEADER = { queue: 'leader' }

export class MemberServices {
  readonly #options: MemberServicesOptions
  readonly #subscriptions: Subscription[] = []
  /** Subscriptions of the groups we lead. */
  readonly #led = new Map<string, readonly Subscription[]>()

  constructor(options: MemberServicesOptions) {
    this.#options = options
  }

  /** Answers what is asked of this node by name. */
  open(): void {
    const { node, subjects, transport } = this.#options
    this.#subscriptions.push(
      transport.subscribe(subjects.node(node, 'members'), (m) => this.#members(m, null)),
      transport.subscribe(subjects.node(node, 'reconfigure'), (m) => this.#reconfigure(m, null)),
    )
  }

  /** Answers what only the leader may. No subscriber on these subjects means: no leader. */
  lead(group: string): void {
    if (this.#led.has(group)) return
    const { subjects, transport } = this.#options
    this.#led.set(group, [
      transport.subscribe(subjects.group(group, 'members'), (m) => this.#members(m, group), LEADER),
      transport.subscribe(subjects.group(group, 'reconfigure'), (m) => this.#reconfigure(m, group), LEADER),
    ])
  }

  follow(group: string): void {
    for (const subscription of this.#led.get(group) ?? []) subscription.unsubscribe()
    this.#led.delete(group)
  }

  close(): void {
    for (const group of [...this.#led.keys()]) this.follow(group)
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe()
  }

  #members(m: Incoming, group: string | null): void {
    void this.#answer(m, async () =>
      encodeMembersView(await this.#options.desk.members(own(group, decodeMembersRequest(m.data)))),
    )
  }

  #reconfigure(m: Incoming, group: string | null): void {
    void this.#answer(m, async () =>
      encodeReconfigured(await this.#options.desk.reconfigure(own(group, decodeReconfigure(m.data)))),
    )
  }

  /** Whatever goes wrong is the asker's answer, never the node's end. */
  async #answer(m: Incoming, ask: () => Promise<Uint8Array>): Promise<void> {
    if (!m.asks) return
    const answer = await ask().catch((error: unknown) => encodeJsonRefusal(this.#options.refusals.counted(error)))
    try {
      m.respond(answer)
    } catch (error) {
      this.#options.refusals.counted(error)
    }
  }
}
