/** A cluster from outside: finds leaders, asks replicas, calls the roll. Knows requests and answers, and nothing of what is inside them. */

import { EMPTY, utf8 } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { GROUPS_MAX, WAITERS_MAX } from '../base/limits.ts'
import { type Logger, silent } from '../ports/logger.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Incoming, Transport } from '../ports/transport.ts'
import { freshnessOf } from '../wire/freshness.ts'
import {
  type Answer,
  decodeAnswer,
  decodeLeaderHint,
  decodeLogPage,
  encodeRequest,
  type LeaderHint,
  LOG_PAGE_MAX,
  type LogPage,
  type Request,
} from '../wire/requests.ts'
import { type GroupVerb, type Subjects, subjectsOf } from '../wire/subjects.ts'
import { Calls, type Way } from './calls.ts'
import { checkFrom, checkName, checkSettings, checkSignal, checkTimeout, checkWait, copyOf, optionsOf } from './checks.ts'
import { committedEntries } from './committed.ts'
import { Foundings } from './foundings.ts'
import { type Leadership, Leaderships } from './leaderships.ts'
import { RollCall, STATUS_WAIT_MS } from './roll-call.ts'
import { ASK_TIMEOUT_MS, type NumberedRoute, Session } from './session.ts'
import type {
  ClientOptions,
  ClusterCalls,
  CommittedEntry,
  CommittedOptions,
  LeaderCall,
  LogOptions,
  ReadOptions,
  WriteOptions,
} from './types.ts'
import { REAL_WORLD, type World } from './world.ts'

/** What is asked of a group's leader. */
type LeaderVerb = 'propose' | 'read' | LeaderCall<unknown>['verb']

type LogQuestion = Readonly<Record<'from' | 'limit' | 'timeoutMs', number> & { group: string }>

export class Cluster implements ClusterCalls {
  readonly #transport: Transport
  readonly #subjects: Subjects
  readonly #logger: Logger
  readonly #timeoutMs: number
  protected readonly world: World
  readonly #calls: Calls
  readonly #rollCall: RollCall
  readonly #leaderships: Leaderships
  readonly #foundings: Foundings
  readonly #sessions = new Map<string, Session>()
  readonly #closing = new AbortController()

  /** Throws `CONFIG_INVALID` for a cluster or prefix that cannot be a subject. */
  constructor({ cluster, transport, prefix, timeoutMs = 5000, logger = silent, ...own }: ClientOptions) {
    checkSettings({ cluster, prefix, timeoutMs, logger, ...own })
    this.world = { ...REAL_WORLD, ...own }
    this.#calls = new Calls(WAITERS_MAX, this.world)
    this.#subjects = subjectsOf(cluster, prefix)
    this.#transport = transport
    this.#timeoutMs = timeoutMs
    this.#logger = logger
    this.#rollCall = new RollCall({ cluster, transport, subject: this.#subjects.everyNode('status'), logger })
    this.#leaderships = new Leaderships({
      transport,
      subject: this.#subjects.event('leadership'),
      logger,
      clock: this.world.clock,
      concerns: (news) => this.#concerns(news),
      confirm: (news) => this.#confirm(news),
      onNews: ({ group, node, term }) => this.#sessions.get(group)?.announced(node, term),
    })
    this.#foundings = new Foundings({
      cluster,
      rollCall: (waitMs) => this.#rollCall.ask(waitMs),
      onRefounded: (group) => this.#startAnew(group),
      onTwins: (group) => this.#sessions.get(group)?.stir(),
    })
  }

  async propose(group: string, command: Uint8Array, given?: WriteOptions): Promise<Answer> {
    const options = optionsOf(given)
    this.#session(group)
    const body = copyOf('a command', command)
    return this.#calls.make({
      writes: true,
      repeatable: options.idempotent === true,
      timeoutMs: checkTimeout(options.timeoutMs ?? this.#timeoutMs),
      way: (ms) => this.#wayToLeader({ group, verb: 'propose' }, ms),
      attempt: (subject, timeoutMs) => this.#ask(subject, { group, body, timeoutMs, direct: true }), // we look for the leader ourselves
    })
  }

  async askOfLeader<T>(group: string, { timeoutMs: wanted, encode, decode, ...call }: LeaderCall<T>): Promise<T> {
    this.#session(group)
    return this.#calls.make({
      writes: call.writes,
      repeatable: call.repeatable ?? !call.writes,
      timeoutMs: checkTimeout(wanted ?? this.#timeoutMs),
      way: (ms) => this.#wayToLeader({ group, verb: call.verb }, ms),
      attempt: async (subject, timeoutMs) =>
        decode((await this.#transport.request(subject, encode(timeoutMs), { timeoutMs })).data),
    })
  }

  async read(group: string, query: Uint8Array, given?: ReadOptions): Promise<Answer> {
    const options = optionsOf(given)
    this.#session(group)
    const body = copyOf('a query', query)
    const freshness = freshnessOf(options, 'linearizable')
    const direct = freshness.consistency === 'linearizable' || freshness.consistency === 'lease'
    return this.#calls.make({
      writes: false,
      repeatable: true,
      timeoutMs: checkTimeout(options.timeoutMs ?? this.#timeoutMs),
      way: (ms) => (direct ? this.#wayToLeader({ group, verb: 'read' }, ms) : this.#wayToAny(group, 'query', ms)),
      attempt: (subject, timeoutMs) => this.#ask(subject, { group, body, timeoutMs, ...freshness, direct }),
    })
  }

  async log(group: string, options: LogOptions): Promise<LogPage> {
    const { limit = 100, timeoutMs: wanted } = options ?? {}
    checkName('group', group)
    const from = checkFrom(options?.from)
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > LOG_PAGE_MAX) {
      throw new FlotillaError('CONFIG_INVALID', `a page of the log has 1 to ${LOG_PAGE_MAX} entries, not ${limit}`)
    }
    return this.#calls.make({
      writes: false,
      repeatable: true,
      timeoutMs: checkTimeout(wanted ?? this.#timeoutMs),
      way: (ms) => this.#wayToAny(group, 'log', ms),
      attempt: (subject, timeoutMs) => this.#askLog(subject, { group, from, limit, timeoutMs }),
    })
  }

  committed(group: string, given?: CommittedOptions): AsyncIterable<CommittedEntry> {
    const options = optionsOf(given)
    checkName('group', group)
    checkSignal(options.signal)
    const signal = options.signal ? AbortSignal.any([options.signal, this.#closing.signal]) : this.#closing.signal
    return committedEntries({
      group,
      from: options.from === undefined ? null : checkFrom(options.from),
      signal,
      transport: this.#transport,
      subject: this.#subjects.committedOf(group),
      log: (from, limit) => this.log(group, { from, limit }),
      logger: this.#logger,
      clock: this.world.clock,
    })
  }

  async status(options?: { readonly waitMs?: number }): Promise<readonly NodeStatus[]> {
    const { waitMs = STATUS_WAIT_MS } = optionsOf(options)
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

  #session(group: string): Session {
    if (this.#closing.signal.aborted) throw new FlotillaError('CLOSED', 'the client is closed')
    let session = this.#sessions.get(group)
    if (session === undefined) {
      checkName('group', group)
      if (this.#sessions.size >= GROUPS_MAX) throw new FlotillaError('BUSY', `one client speaks to ${GROUPS_MAX} groups at most`)
      const askLeader = (timeoutMs: number): Promise<LeaderHint> => this.#askLeader(group, timeoutMs)
      session = new Session({ group, askLeader, logger: this.#logger, world: this.world })
      this.#sessions.set(group, session)
      this.#leaderships.open()
    }
    return session
  }

  /** Whom a replica takes for the leader. Of another founding than ours nobody is believed, before it is known which of the two is meant. */
  async #askLeader(group: string, timeoutMs: number): Promise<LeaderHint> {
    const hint = await this.#hint(group, timeoutMs)
    if (this.#foundings.meet(group, hint.founding)) return hint
    await this.#foundings.admit(group, timeoutMs)
    return this.#foundings.of(group) === hint.founding ? hint : { leader: null, term: 0 }
  }

  async #hint(group: string, timeoutMs: number): Promise<LeaderHint> {
    const answer = await this.#transport.request(this.#subjects.group(group, 'leader'), EMPTY, { timeoutMs })
    return decodeLeaderHint(answer.data)
  }

  /** Whether news are about a group that we speak to, and none of another founding of it. */
  #concerns({ group, founding }: Leadership): boolean {
    const known = this.#foundings.of(group)
    return this.#sessions.has(group) && (founding === '' || known === '' || founding === known)
  }

  /** Whether a replica says the same as the news. */
  async #confirm({ group, node, term }: Leadership): Promise<boolean> {
    try {
      const hint = await this.#hint(group, ASK_TIMEOUT_MS)
      return hint.leader === node && hint.term >= term && this.#foundings.meet(group, hint.founding)
    } catch {
      return false
    }
  }

  /** The group was founded anew: neither its leader nor any term is what it was. */
  #startAnew(group: string): void {
    this.#logger.warn({ group }, 'the group has been founded anew')
    this.#leaderships.forget(group)
    const session = this.#sessions.get(group)
    this.#sessions.delete(group)
    session?.stop() // who waits for it finds the one that takes its place
  }

  async #ask(subject: string, request: Request): Promise<Answer> {
    const { group, timeoutMs } = request
    const data = encodeRequest({ ...request, founding: this.#foundings.of(group) })
    const message = await this.#marked(group, this.#transport.request(subject, data, { timeoutMs }), decodeAnswer)
    const { index, term, body } = message
    return { index, term, body: body.slice() } // the message may be a view of a buffer that the transport shares
  }

  async #askLog(subject: string, { group, from, limit, timeoutMs }: LogQuestion): Promise<LogPage> {
    const founding = this.#foundings.of(group)
    const request = utf8(JSON.stringify({ from, limit, ...(founding === '' ? {} : { founding }) }))
    return this.#marked(group, this.#transport.request(subject, request, { timeoutMs }), decodeLogPage)
  }

  /** An answer of the founding that is meant; from any other, what it says is nothing to us. */
  async #marked<T extends { readonly founding?: string | undefined }>(
    group: string,
    asked: Promise<Incoming>,
    decode: (data: Uint8Array) => T,
  ): Promise<T> {
    try {
      const answer = decode((await asked).data)
      if (this.#foundings.meet(group, answer.founding)) return answer
      throw new FlotillaError('STORE_MISMATCH', `the answer came from another founding of group '${group}'`, { group })
    } catch (error) {
      if (error instanceof FlotillaError && error.code === 'STORE_MISMATCH') this.#foundings.doubt(group)
      throw error
    }
  }

  async #wayToAny(group: string, verb: GroupVerb, ms: number): Promise<Way> {
    void this.#foundings.look() // what any replica may answer is not kept waiting
    await this.#foundings.admit(group, ms)
    return this.#openWay(group, verb)
  }

  async #wayToLeader(to: { readonly group: string; readonly verb: LeaderVerb }, ms: number): Promise<Way | null> {
    const deadline = this.world.clock.now() + ms
    await this.#foundings.look(ms)
    await this.#foundings.admit(to.group, ms)
    for (;;) {
      if (this.#closing.signal.aborted) return null
      const session = this.#session(to.group)
      // without a connection nobody can be found, and an attempt says best what is wrong with it
      if (session.current === null && !this.#transport.connected) return this.#openWay(to.group, to.verb)
      const route = session.current ?? (await session.routeWithin(deadline - this.world.clock.now()))
      if (route !== null) return this.#wayOf(session, route, to)
      this.#foundings.check(to.group)
      if (session === this.#sessions.get(to.group) && this.world.clock.now() >= deadline - 1) return null
    }
  }

  #wayOf(session: Session, route: NumberedRoute, { group, verb }: { readonly group: string; readonly verb: LeaderVerb }): Way {
    const { route: at } = route
    const forget = (node: string): void => this.#leaderships.forget(group, node)
    const told = {
      answered: () => session.answered(),
      lost(hint: string | null) {
        session.lost(route, hint)
        if (at.kind === 'node') forget(at.node)
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
