/**
 * Waits to become a member: asks the leaders of groups, now and then, whether a peer of this node is among the members; and hears who speaks to that peer,
 * since a group that cannot elect a leader without us has nobody to ask. Opens nothing itself.
 */

import { toFlotillaError } from '../base/errors.ts'
import type { Cancel, Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Transport } from '../ports/transport.ts'
import { decodeMembersView, encodeMembersRequest, type MembersView } from '../wire/members.ts'
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

/** Who the members of a group are, from its leader; rejects when there is none, or no answer. */
export async function askMembers(
  { transport, subjects }: Pick<JoiningOptions, 'transport' | 'subjects'>,
  group: string,
): Promise<MembersView> {
  const request = encodeMembersRequest({ group, timeoutMs: ANSWER_MS })
  const answer = await transport.request(subjects.group(group, 'members'), request, { timeoutMs: ANSWER_MS })
  return decodeMembersView(answer.data)
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

  /** The group has a leader just now, and it has sent something: time to ask, whatever the clock says. */
  askNow(group: string): void {
    if (this.#awaited.has(group) && !this.#stopped) void this.#ask(group)
  }

  /** That is what the members are, as far as one of them can be trusted to know. */
  async hear(group: string, view: MembersView): Promise<void> {
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
    for (const group of this.#awaited) void this.#ask(group)
  }

  async #ask(group: string): Promise<void> {
    if (this.#asking.has(group)) return
    const { logger } = this.#options
    this.#asking.add(group)
    try {
      await this.hear(group, await askMembers(this.#options, group))
    } catch (error) {
      const { code, message } = toFlotillaError(error, 'UNAVAILABLE')
      logger.debug({ group, code, message }, 'not a member yet')
    } finally {
      this.#asking.delete(group)
    }
  }
}
