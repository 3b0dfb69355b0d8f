/** Takes requests about the members of a group, at its leader: says who they are, and changes who they are. Names in, names out. */

import { FlotillaError } from '../base/errors.ts'
import { refusalError } from '../peer/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import { isJoint } from '../protocol/confchange.ts'
import type { MembersRequest, MembersView, Reconfigured, ReconfigureRequest } from '../wire/members.ts'
import type { Desk } from './desk.ts'
import { foundersIn } from './founding.ts'
import { changeOf, memberNames } from './members.ts'
import { momentOf } from './moments.ts'
import type { PeerHost } from './peer-host.ts'

/** How often one looks whether a joint configuration was left, in milliseconds: rare requests, so nobody need be told. */
const LOOK_MS = 10

export interface MemberDeskOptions {
  readonly desk: Pick<Desk, 'hostOf' | 'wait'>
  readonly clock: Clock
}

/** The members as a replica has applied them. */
export function membersViewOf(host: PeerHost): MembersView {
  const { membership, applied } = host.table
  return {
    group: host.group,
    index: applied,
    term: host.term,
    conf: structuredClone(membership.conf) as MembersView['conf'],
    peers: memberNames(membership),
    lastPeerId: membership.lastPeerId,
    founding: foundersIn(host.epoch),
    mark: host.birthmark,
  }
}

export class MemberDesk {
  readonly #options: MemberDeskOptions

  constructor(options: MemberDeskOptions) {
    this.#options = options
  }

  /**
   * Who the members are; sees every change acknowledged before the call. A stale answer is what is applied here, at once: who is to join asks for that,
   * since a leader that needs it for its majority could confirm nothing before it has joined.
   */
  async members({ group, timeoutMs, stale = false }: MembersRequest): Promise<MembersView> {
    const { desk, clock } = this.#options
    if (stale) return membersViewOf(desk.hostOf(group))
    const host = leading(desk.hostOf(group))
    const moment = momentOf(clock)
    const question = { moment, dueAt: moment.at + timeoutMs, freshRound: undefined }
    await desk.wait(host, { timeoutMs, writes: false }, (ticket) => host.ask(ticket, question))
    return membersViewOf(host)
  }

  /**
   * Changes the members; resolves once the change is applied, and a joint configuration that leaves by itself is left. Rejects with `CONF_INVALID`,
   * `CONF_IN_PROGRESS`, `NOT_LEADER`, `TRANSFERRING`; with `TIMEOUT_UNKNOWN` when the outcome is not known in time.
   */
  async reconfigure(request: ReconfigureRequest): Promise<Reconfigured> {
    const { desk, clock } = this.#options
    const { group, timeoutMs } = request
    const dueAt = clock.now() + timeoutMs
    const host = leading(desk.hostOf(group))
    const change = changeOf(host.table.membership, request)
    const { index, term } = await desk.wait(host, { timeoutMs, writes: true }, (ticket) =>
      host.mailbox.event({ type: 'client.reconfigure', ticket, change }),
    )
    const { conf } = host.table.membership
    if (isJoint(conf) && conf.autoLeave) await this.#left(host, dueAt)
    return { index, term, members: membersViewOf(host) }
  }

  /** Waits until two majorities are one again. */
  async #left(host: PeerHost, dueAt: number): Promise<void> {
    const { clock } = this.#options
    while (isJoint(host.table.membership.conf)) {
      if (clock.now() >= dueAt) {
        const message = 'the change is made, but its joint configuration was not left in time; it will be left by itself'
        throw new FlotillaError('TIMEOUT_UNKNOWN', message, { group: host.group })
      }
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve))
    }
  }
}

function leading(host: PeerHost): PeerHost {
  if (host.leads) return host
  throw refusalError('NOT_LEADER', { group: host.group, leader: host.leader })
}
