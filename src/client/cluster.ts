/** A cluster from outside: finds leaders, asks replicas, calls the roll. Knows requests and answers, and nothing of what is inside them. */

import { EMPTY, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { GROUPS_MAX } from '../base/limits.ts'
import { type Logger, silent } from '../ports/logger.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Transport } from '../ports/transport.ts'
import {
  type Answer,
  decodeAnswer,
  decodeLeaderHint,
  decodeLogPage,
  encodeRequest,
  type LeaderHint,
  LOG_PAGE_MAX,
  type LogPage,
} from '../wire/requests.ts'
import { type GroupVerb, type Subjects, subjectsOf } from '../wire/subjects.ts'
import { Calls, type Way } from './calls.ts'
import { checkConsistency, checkFrom, checkName, checkSettings, checkTimeout, checkWait, copyOf } from './checks.ts'
import { committedEntries } from './committed.ts'
import { Leaderships } from './leaderships.ts'
import { RollCall, STATUS_WAIT_MS } from './roll-call.ts'
import { type NumberedRoute, Session } from './session.ts'
import type {
  ClientOptions,
  ClusterCalls,
  CommittedEntry,
  CommittedOptions,
  LogOptions,
  ReadOptions,
  WriteOptions,
} from './types.ts'

const TIMEOUT_MS = 5000

/** What is asked of a group's leader. */
type LeaderVerb = 'propose' | 'read'

export class Cluster implements ClusterCalls {
  readonly #transport: Transport
  readonly #subjects: Subjects
  readonly #logger: Logger
  readonly #timeoutMs: number
  readonly #calls = new Calls()
  readonly #rollCall: RollCall
  readonly #leaderships: Leaderships
  readonly #sessions = new Map<string, Session>()
  readonly #closing = new AbortController()

  /** Throws `CONFIG_INVALID` for a cluster or prefix that cannot be a subject. */
  constructor({ cluster, transport, prefix, timeoutMs = TIMEOUT_MS, logger = silent }: ClientOptions) {
    checkSettings({ cluster, prefix, timeoutMs })
    this.#subjects = subjectsOf(cluster, prefix)
    this.#transport = transport
    this.#timeoutMs = timeoutMs
    this.#logger = logger
    this.#rollCall = new RollCall({ cluster, transport, subject: this.#subjects.everyNode('status'), logger })
    this.#leaderships = new Leaderships({
      transport,
      subject: this.#subjects.event('leadership'),
      logger,
      onNews: ({ group, node, term }) => this.#sessions.get(group)?.announced(node, term),
    })
  }

  async propose(group: string, command: Uint8Array, options: WriteOptions = {}): Promise<Answer> {
    const session = this.#session(group)
    const body = copyOf('a command', command)
    return this.#calls.make({
      writes: true,
      repeatable: options.idempotent === true,
      timeoutMs: this.#deadline(options.timeoutMs),
      way: (ms) => this.#wayToLeader(session, { group, verb: 'propose' }, ms),
      attempt: (subject, timeoutMs) => this.#ask(subject, { group, body, timeoutMs }),
    })
  }

  async read(group: string, query: Uint8Array, options: ReadOptions = {}): Promise<Answer> {
    const session = this.#session(group)
    const body = copyOf('a query', query)
    const stale = checkConsistency(options.consistency) === 'stale'
    const anyReplica = this.#openWay(group, 'query')
    return this.#calls.make({
      writes: false,
      repeatable: true,
      timeoutMs: this.#deadline(options.timeoutMs),
      way: stale ? async () => anyReplica : (ms) => this.#wayToLeader(session, { group, verb: 'read' }, ms),
      attempt: (subject, timeoutMs) => this.#ask(subject, { group, body, timeoutMs }),
    })
  }

  async log(group: string, options: LogOptions): Promise<LogPage> {
    const { limit = 100, timeoutMs: wanted } = options ?? {}
    checkName('group', group)
    const from = checkFrom(options?.from)
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > LOG_PAGE_MAX) {
      throw new FlotillaError('CONFIG_INVALID', `a page of the log has 1 to ${LOG_PAGE_MAX} entries, not ${limit}`)
    }
    const anyReplica = this.#openWay(group, 'log')
    return this.#calls.make({
      writes: false,
      repeatable: true,
      timeoutMs: this.#deadline(wanted),
      way: async () => anyReplica,
      attempt: async (subject, timeoutMs) => {
        const page = await this.#transport.request(subject, utf8(JSON.stringify({ from, limit })), { timeoutMs })
        return decodeLogPage(page.data)
      },
    })
  }

  committed(group: string, options: CommittedOptions = {}): AsyncIterable<CommittedEntry> {
    checkName('group', group)
    const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal
    return committedEntries({
      group,
      from: options.from === undefined ? null : checkFrom(options.from),
      signal,
      transport: this.#transport,
      subject: this.#subjects.committedOf(group),
      log: (from, limit) => this.log(group, { from, limit }),
      logger: this.#logger,
    })
  }

  async status({ waitMs = STATUS_WAIT_MS }: { readonly waitMs?: number } = {}): Promise<readonly NodeStatus[]> {
    if (this.#closing.signal.aborted) throw new FlotillaError('CLOSED', 'the client is closed')
    return this.#rollCall.ask(checkWait(waitMs))
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#calls.close()
    for (const session of this.#sessions.values()) session.stop()
    this.#sessions.clear()
    this.#leaderships.close()
  }

  #deadline(wanted = this.#timeoutMs): number {
    return checkTimeout(wanted)
  }

  #session(group: string): Session {
    if (this.#closing.signal.aborted) throw new FlotillaError('CLOSED', 'the client is closed')
    let session = this.#sessions.get(group)
    if (session === undefined) {
      checkName('group', group)
      if (this.#sessions.size >= GROUPS_MAX) throw new FlotillaError('BUSY', `one client speaks to ${GROUPS_MAX} groups at most`)
      session = new Session({ group, askLeader: (timeoutMs) => this.#askLeader(group, timeoutMs), logger: this.#logger })
      this.#sessions.set(group, session)
      this.#leaderships.open()
    }
    return session
  }

  async #askLeader(group: string, timeoutMs: number): Promise<LeaderHint> {
    const answer = await this.#transport.request(this.#subjects.group(group, 'leader'), EMPTY, { timeoutMs })
    return decodeLeaderHint(answer.data)
  }

  async #ask(
    subject: string,
    request: { readonly group: string; readonly body: Uint8Array; readonly timeoutMs: number },
  ): Promise<Answer> {
    const message = await this.#transport.request(subject, encodeRequest(request), { timeoutMs: request.timeoutMs })
    const answer = decodeAnswer(message.data)
    return { ...answer, body: answer.body.slice() } // the message may be a view of a buffer that the transport shares
  }

  async #wayToLeader(
    session: Session,
    to: { readonly group: string; readonly verb: LeaderVerb },
    ms: number,
  ): Promise<Way | null> {
    // without a connection nobody can be found, and an attempt says best what is wrong with it
    if (session.current === null && !this.#transport.connected) return this.#openWay(to.group, to.verb)
    const route = session.current ?? (await session.routeWithin(ms))
    return route === null ? null : this.#wayOf(session, route, to)
  }

  #wayOf(session: Session, route: NumberedRoute, { group, verb }: { readonly group: string; readonly verb: LeaderVerb }): Way {
    const { route: at } = route
    const told = {
      answered: () => session.answered(),
      lost(hint: string | null) {
        session.lost(route, hint)
        return true
      },
    }
    if (at.kind === 'group') return { ...this.#openWay(group, verb), ...told }
    const to = { group, node: at.node, term: route.term }
    const watch = (overtaken: (leader: string) => void): (() => void) => this.#leaderships.watch(to, overtaken)
    return { subject: this.#subjects.node(at.node, verb), ...told, watch }
  }

  /** A subject of the group itself, that no session looks for: where nobody listens, the roll call may say why. */
  #openWay(group: string, verb: GroupVerb): Way {
    const explain = () => this.#rollCall.explain(group)
    return { subject: this.#subjects.group(group, verb), answered() {}, lost: () => false, explain }
  }
}
