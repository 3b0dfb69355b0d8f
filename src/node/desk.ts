/** Takes requests, from the program and from the wire alike: finds the group, checks what is asked, and keeps a place for who waits. */

import { FlotillaError } from '../base/errors.ts'
import { COMMAND_BYTES_MAX } from '../base/limits.ts'
import { refusalError } from '../peer/refusal.ts'
import type { Clock } from '../ports/clock.ts'
import { freshnessOf } from '../wire/freshness.ts'
import { type Answer, type LeaderHint, type LogPage, type LogRequest, type Request, TIMEOUT_MS_MAX } from '../wire/requests.ts'
import type { TransferRequest } from '../wire/transfer.ts'
import type { Admission } from './admission.ts'
import type { Forwarding } from './forwarding.ts'
import { foundingOf } from './founding.ts'
import type { OpenedGroup } from './groups.ts'
import { handOver } from './handing.ts'
import { pageOf } from './log-page.ts'
import { momentOf } from './moments.ts'
import type { PeerHost } from './peer-host.ts'
import { planRead } from './reading.ts'
import type { Outcome } from './waiters.ts'

export interface DeskOptions {
  readonly node: string
  readonly clock: Clock
  readonly payloadMax: () => number
  /** State of the node's life. */
  readonly life: () => string
  readonly find: (group: string) => OpenedGroup | undefined
  /** Whether the node waits to become a member of that group. */
  readonly awaits?: (group: string) => boolean
  /** What is damaged of that group here, if something is. */
  readonly damage?: (group: string) => FlotillaError | undefined
  /** Whether the disks have room for what is proposed. */
  readonly admission?: Pick<Admission, 'check'>
  /** Mail was put into the peer's box. */
  readonly wake: (host: PeerHost) => void
  /** Passes on what only the leader can do; missing where proposals are refused instead. */
  readonly forwarding?: Forwarding
}

export class Desk {
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** Returns the promise of who waits as it is: one promise a proposal, not three. */
  propose(request: Request): Promise<Answer> {
    try {
      return this.#propose(request)
    } catch (error) {
      return refused(error)
    }
  }

  #propose(request: Request): Promise<Answer> {
    const { group, body, timeoutMs, founding } = request
    const host = this.hostOf(group, founding)
    checkTimeout(timeoutMs)
    if (body.length > COMMAND_BYTES_MAX) {
      throw new FlotillaError('TOO_LARGE', `a command may have ${COMMAND_BYTES_MAX} bytes`, { bytes: body.length })
    }
    host.stateMachine.check(body)
    const way = this.#wayFrom(host, request)
    if (way) return way.forwarding.propose(way.leader, request)
    this.#options.admission?.check(host, body.length)
    return this.wait(host, { timeoutMs, writes: true }, (ticket) => host.mailbox.propose({ ticket, kind: 'command', data: body }))
  }

  /** Answers as fresh as is asked for; linearizable unless it says otherwise. A `direct` read is for the leader alone. */
  async read(request: Request): Promise<Answer> {
    const { group, body, timeoutMs, founding, direct = false } = request
    const host = this.hostOf(group, founding)
    checkTimeout(timeoutMs)
    const freshness = freshnessOf(request, 'linearizable')
    const moment = momentOf(this.#options.clock)
    const plan = planRead(freshness, host.reads.age(moment))
    if (plan === 'here') return this.query(request)
    if (direct && !host.leads) throw notLeader(host)
    if (plan === 'lease' && host.rounds === null) throw noLeases(this.#options.node)
    const question = {
      moment,
      dueAt: moment.at + timeoutMs,
      freshRound: plan === 'lease' ? host.rounds?.fresh(moment) : undefined,
    }
    const { index, term } = await this.wait(host, { timeoutMs, writes: false }, (ticket) => host.ask(ticket, question))
    return { index, term, body: host.stateMachine.query(body, host.table) }
  }

  /** Hands leadership over, or has the leader do it; resolves with who leads then. */
  async transfer(request: TransferRequest): Promise<LeaderHint> {
    const host = this.hostOf(request.group)
    checkTimeout(request.timeoutMs)
    if (host.leads) return handOver(host, request, this.#options)
    const way = this.#wayFrom(host, request)
    if (!way) throw notLeader(host)
    return way.forwarding.transfer(way.leader, request)
  }

  /** Whom to pass a request on to; null where we lead, where there is nobody, or where it has been passed on already. */
  #wayFrom(host: PeerHost, { direct = false }: { readonly direct?: boolean | undefined }) {
    const { forwarding } = this.#options
    const { leader } = host
    if (host.leads || direct || !forwarding || leader === null || leader === this.#options.node) return null
    return { leader, forwarding }
  }

  query({ group, body, founding }: Request): Answer {
    const host = this.hostOf(group, founding)
    return { index: host.table.applied, term: host.term, body: host.stateMachine.query(body, host.table) }
  }

  leader(group: string): LeaderHint {
    const host = this.hostOf(group)
    return { leader: host.leader, term: host.term, ...foundingOf(host) }
  }

  /** Mark of the group's founding; empty while it is not known, or when there is no such group here. */
  founding(group: string): string {
    return this.#options.find(group)?.host.birthmark ?? ''
  }

  /** Committed entries by index, as many as fit one message. */
  log(group: string, { from, limit, founding }: LogRequest): LogPage {
    const host = this.hostOf(group, founding)
    const { log, commit } = host.snapshot.context
    if (from < log.firstIndex) {
      throw new FlotillaError('COMPACTED', `entries before ${log.firstIndex} are gone`, { group, from, first: log.firstIndex })
    }
    const entries = pageOf(log, [from, Math.min(commit + 1, from + limit)], this.#options.payloadMax())
    return { group, first: log.firstIndex, commit, ...foundingOf(host), entries }
  }

  /** A place among those who wait; refuses when there is none. */
  wait(
    host: PeerHost,
    call: { readonly timeoutMs: number; readonly writes: boolean },
    post: (ticket: number) => void,
  ): Promise<Outcome> {
    if (host.waiters.isFull || host.mailbox.isFull) {
      throw new FlotillaError('BUSY', 'too much is waiting; try again in a moment', { group: host.group })
    }
    const { ticket, outcome } = host.waiters.wait(this.#options.clock.now() + call.timeoutMs, call.writes)
    post(ticket)
    this.#options.wake(host)
    return outcome
  }

  /** The group's peer. `founding`: what the asker knows of the group; another one than ours is not the group it means. */
  hostOf(group: string, founding = ''): PeerHost {
    const { node, life, find } = this.#options
    if (life() === 'closed') throw new FlotillaError('CLOSED', 'the node has stopped', { node })
    if (life() !== 'serving') throw new FlotillaError('UNAVAILABLE', `the node is ${life()}`, { node })
    const opened = find(group)
    const damage = this.#options.damage?.(group)
    if (damage) throw damage
    if (this.#options.awaits?.(group)) throw new FlotillaError('UNAVAILABLE', 'not a member yet', { group, node })
    if (!opened) throw new FlotillaError('UNKNOWN_GROUP', `no group '${group}' on node '${node}'`, { group, node })
    if (opened.life.state === 'failed') throw new FlotillaError('UNAVAILABLE', 'this replica has failed', { group, node })
    const ours = opened.host.birthmark
    if (founding !== '' && ours !== '' && founding !== ours) {
      const message = `this is another founding of group '${group}' than the one that is meant`
      throw new FlotillaError('STORE_MISMATCH', message, { group, node, founding: ours })
    }
    return opened.host
  }
}

function checkTimeout(timeoutMs: number): void {
  if (timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX) return
  throw new FlotillaError('CONFIG_INVALID', `timeoutMs: 1 to ${TIMEOUT_MS_MAX}, not ${timeoutMs}`)
}

const notLeader = ({ group, leader }: PeerHost): FlotillaError => refusalError('NOT_LEADER', { group, leader })

const noLeases = (node: string): FlotillaError =>
  new FlotillaError(
    'CONFIG_INVALID',
    `node '${node}' keeps no leases: set leaseReads (--lease-reads) on all nodes, or ask a linearizable read`,
    { node },
  )

/** Whatever is wrong with a request is its answer, never thrown at who asks. */
const refused = async (error: unknown): Promise<never> => {
  throw error
}
