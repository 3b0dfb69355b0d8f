/**
 * Waits to become a member: asks the leaders of groups, now and then, whether a peer of this node is among the members; and hears who speaks to that peer,
 * since a group that cannot elect a leader without us has nobody to ask. Opens nothing itself.
 */

import { toFlotillaError } from '../base/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Transport } from '../ports/transport.ts'
import { decodeMembersView, encodeMembersRequest, type MembersRequest, type MembersView } from '../wire/members.ts'
import type { Subjects } from '../wire/subjects.ts'

/** A group is asked this often, in milliseconds. */
const EVERY_MS = 1000

/** An answer is waited for so long. */
const ANSWER_MS = 900

export interface JoiningOptions {
  readonly self: string
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
  readonly logger: Logger
  /** We are a member of that group. Once it resolves, the group is not waited for any more. */
  readonly onMember: (group: string, view: MembersView) => Promise<void>
  /** Whether this view has a peer of ours that may begin here. */
  readonly isOurs: (view: MembersView) => boolean
}

/** Where one asks. */
type Places = Pick<JoiningOptions, 'transport' | 'subjects'>

/** Who the members of a group are, from its leader, confirmed by a majority; rejects when there is none, or no answer. */
export const askMembers = ({ transport, subjects }: Places, group: string): Promise<MembersView> =>
  viewFrom(transport, subjects.group(group, 'members'), { group, timeoutMs: ANSWER_MS })

/** The members as one replica has applied them: its leader's, or that node's. It may be behind, and is never ahead. */
export const hearMembers = ({ transport, subjects }: Places, group: string, node: string | null): Promise<MembersView> => {
  const subject = node === null ? subjects.group(group, 'members') : subjects.node(node, 'members')
  return viewFrom(transport, subject, { group, timeoutMs: ANSWER_MS, stale: true })
}

async function viewFrom(transport: Transport, subject: string, request: MembersRequest): Promise<MembersView> {
  const { timeoutMs } = request
  return decodeMembersView((await transport.request(subject, encodeMembersRequest(request), { timeoutMs })).data)
}

export class Joining {
  readonly #options: JoiningOptions
  readonly #awaited = new Set<string>()
  readonly #asking = new Set<string>()
  #cancel: Cancel | null = null
  #stopped = false

  constructor(options: JoiningOptions) {
    this.#options = options
  }

  /** Waits for that group from now on. */
  await(group: string): void {
    this.#awaited.add(group)
    if (this.#cancel === null && !this.#stopped) this.#round()
  }

  /** Somebody speaks to us as to a member: time to ask, whatever the clock says. Null: the leader does; else that node, which need not lead. */
  askNow(group: string, node: string | null): void {
    if (this.#awaited.has(group) && !this.#stopped) void this.#ask(group, node)
  }

  /** That is what the members are, as far as one of them knows. */
  async #hear(group: string, view: MembersView): Promise<void> {
    const { isOurs, onMember } = this.#options
    if (this.#stopped || view.group !== group || !this.#awaited.has(group) || !isOurs(view)) return
    this.#awaited.delete(group)
    try {
      await onMember(group, view)
    } catch (error) {
      if (!this.#stopped) this.await(group)
      throw error
    }
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#awaited.clear()
  }

  #round(): void {
    this.#cancel = this.#options.clock.after(EVERY_MS, () => {
      this.#cancel = null
      if (!this.#stopped && this.#awaited.size > 0) this.#round()
    })
    for (const group of this.#awaited) void this.#ask(group, null)
  }

  /** An answer that is behind does no harm: who is named there was made a member, under an id that is nobody else's; the log tells the rest. */
  async #ask(group: string, node: string | null): Promise<void> {
    const question = `${group} ${node ?? ''}`
    if (this.#asking.has(question)) return
    const { logger } = this.#options
    this.#asking.add(question)
    try {
      await this.#hear(group, await hearMembers(this.#options, group, node))
    } catch (error) {
      const { code, message } = toFlotillaError(error, 'UNAVAILABLE')
      logger.debug({ group, code, message }, 'not a member yet')
    } finally {
      this.#asking.delete(question)
    }
  }
}
