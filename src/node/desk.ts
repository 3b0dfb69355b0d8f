/** Takes requests, from the program and from the wire alike: finds the group, checks what is asked, and keeps a place for who waits. */

import { FlotillaError } from '../base/errors.ts'
import { COMMAND_BYTES_MAX } from '../base/limits.ts'
import type { Clock } from '../ports/clock.ts'
import { type Answer, type LeaderHint, type LogPage, type LogRequest, type Request, TIMEOUT_MS_MAX } from '../wire/requests.ts'
import type { OpenedGroup } from './groups.ts'
import type { PeerHost } from './peer-host.ts'
import type { Outcome } from './waiters.ts'

export interface DeskOptions {
  readonly node: string
  readonly clock: Clock
  readonly payloadMax: () => number
  /** State of the node's life. */
  readonly life: () => string
  readonly find: (group: string) => OpenedGroup | undefined
  /** Mail was put into the peer's box. */
  readonly wake: (host: PeerHost) => void
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

  #propose({ group, body, timeoutMs }: Request): Promise<Answer> {
    const host = this.#hostOf(group)
    if (body.length > COMMAND_BYTES_MAX) {
      throw new FlotillaError('TOO_LARGE', `a command may have ${COMMAND_BYTES_MAX} bytes`, { bytes: body.length })
    }
    host.stateMachine.check(body)
    return this.#wait(host, { timeoutMs, writes: true }, (ticket) =>
      host.mailbox.propose({ ticket, kind: 'command', data: body }),
    )
  }

  async read({ group, body, timeoutMs }: Request): Promise<Answer> {
    const host = this.#hostOf(group)
    const { index, term } = await this.#wait(host, { timeoutMs, writes: false }, (ticket) => host.ask(ticket))
    return { index, term, body: host.stateMachine.query(body, host.table) }
  }

  query({ group, body }: Request): Answer {
    const host = this.#hostOf(group)
    return { index: host.table.applied, term: host.term, body: host.stateMachine.query(body, host.table) }
  }

  leader(group: string): LeaderHint {
    const host = this.#hostOf(group)
    return { leader: host.leader, term: host.term }
  }

  /** Committed entries by index, as many as fit one message. */
  log(group: string, { from, limit }: LogRequest): LogPage {
    const { log, commit } = this.#hostOf(group).snapshot.context
    if (from < log.firstIndex) {
      throw new FlotillaError('COMPACTED', `entries before ${log.firstIndex} are gone`, { group, from, first: log.firstIndex })
    }
    const bytesMax = Math.floor(this.#options.payloadMax() / 2) // base64 makes four of three
    const end = Math.min(commit + 1, from + limit)
    const entries = []
    let room = bytesMax
    for (let at = from; at < end && room > 0; ) {
      const part = log.slice(at, end, room)
      for (const entry of part) room -= entry.data.length + 100
      entries.push(...part)
      at += part.length
    }
    return { group, first: log.firstIndex, commit, entries }
  }

  /** A place among those who wait; refuses when there is none. */
  #wait(
    host: PeerHost,
    call: { readonly timeoutMs: number; readonly writes: boolean },
    post: (ticket: number) => void,
  ): Promise<Outcome> {
    if (!(call.timeoutMs >= 1 && call.timeoutMs <= TIMEOUT_MS_MAX)) {
      throw new FlotillaError('CONFIG_INVALID', `timeoutMs: 1 to ${TIMEOUT_MS_MAX}, not ${call.timeoutMs}`)
    }
    if (host.waiters.isFull || host.mailbox.isFull) {
      throw new FlotillaError('BUSY', 'too much is waiting; try again in a moment', { group: host.group })
    }
    const { ticket, outcome } = host.waiters.wait(this.#options.clock.now() + call.timeoutMs, call.writes)
    post(ticket)
    this.#options.wake(host)
    return outcome
  }

  #hostOf(group: string): PeerHost {
    const { node, life, find } = this.#options
    if (life() !== 'serving') throw new FlotillaError('UNAVAILABLE', `the node is ${life()}`, { node })
    const opened = find(group)
    if (!opened) throw new FlotillaError('UNKNOWN_GROUP', `no group '${group}' on node '${node}'`, { group, node })
    if (opened.life.state === 'failed') throw new FlotillaError('UNAVAILABLE', 'this replica has failed', { group, node })
    return opened.host
  }
}

/** Whatever is wrong with a request is its answer, never thrown at who asks. */
const refused = async (error: unknown): Promise<never> => {
  throw error
}
