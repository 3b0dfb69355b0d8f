/**
 * What other nodes were heard to promise: terms they voted in, entries they acknowledged. A node that comes back is reminded of it before it is heard
 * again: one whose disk was rolled back finds less in its store, and stops. Remembered while this process runs. Knows no role.
 */

import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import type { Message } from '../protocol/messages.ts'
import type { LogIndex, PeerId, Term } from '../protocol/types.ts'
import type { Sender } from '../wire/envelope.ts'
import { decodeReminder, decodeWord, encodeReminder, encodeWord, type PeerPromise } from '../wire/promises.ts'
import type { Subjects } from '../wire/subjects.ts'
import { birthmarkIn } from './founding.ts'

/** A node that has come back is asked this often at most, and given as long, in milliseconds. */
const ASK_MS = 250

/** What a peer of ours had on the disk when this process began. */
interface Kept {
  readonly peer: number
  readonly founding: string
  readonly term: number
  readonly lastIndex: number
}

/** What is asked of a peer of ours. */
export interface Found {
  readonly group: string
  readonly id: PeerId
  readonly birthmark: string
  readonly term: Term
  readonly snapshot: { readonly context: { readonly log: { readonly lastIndex: LogIndex } } }
}

export interface PromisesOptions {
  readonly self: string
  /** Identity of our store. */
  readonly store: string
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
  readonly logger: Logger
  /** Whether nothing is expected of that peer of ours: it was removed, or does nothing since its data is damaged. */
  readonly isExcused: (group: string, peer: PeerId) => boolean
  /** We have promised more than our store knows. */
  readonly onBroken: (error: FlotillaError) => void
}

export class Promises {
  readonly #options: PromisesOptions
  /** Our own peers as they were found, by group. */
  readonly #kept = new Map<string, Kept>()
  readonly #heard = new Map<string, Map<string, PeerPromise>>()
  /** Nodes that have come back and have not given their word yet, and when they were last asked. */
  readonly #awaited = new Map<string, { readonly run: string; askedAt: number }>()

  constructor(options: PromisesOptions) {
    this.#options = options
  }

  /** A peer of ours as the store has it, before it hears or says anything. */
  found({ group, id: peer, birthmark: founding, term, snapshot }: Found): void {
    this.#kept.set(group, { peer, founding, term, lastIndex: snapshot.context.log.lastIndex })
  }

  /** That node says this to a peer of ours. Only what must be on its disk before it leaves is a promise. */
  hear(
    node: string,
    { group, epoch, message }: { readonly group: string; readonly epoch: string; readonly message: Message },
  ): void {
    const { type, term, from: peer } = message
    if (type !== 'AppendEntriesReply' && type !== 'RequestVote' && type !== 'RequestVoteReply') return
    const index = type === 'AppendEntriesReply' && message.accepted ? message.index : 0
    const groups = this.#heard.get(node) ?? new Map<string, PeerPromise>()
    this.#heard.set(node, groups)
    const known = groups.get(group)
    const founding = birthmarkIn(epoch)
    if (known && isSame(known, { peer, founding }) && !isFurther(known, { term, index })) return
    groups.set(group, { group, founding, peer, term, index })
  }

  /** That node was started again: it is not heard before it has given its word, if it ever promised anything. */
  returned({ node, run }: Pick<Sender, 'node' | 'run'>): void {
    if ((this.#heard.get(node)?.size ?? 0) > 0) this.#awaited.set(node, { run, askedAt: Number.NEGATIVE_INFINITY })
  }

  /** Whether that node still has to give its word; asks it, now and then. */
  isAwaited({ node, store, run }: Pick<Sender, 'node' | 'store' | 'run'>): boolean {
    const awaited = this.#awaited.get(node)
    if (awaited?.run !== run) return false
    const now = this.#options.clock.now()
    if (now - awaited.askedAt >= ASK_MS) {
      awaited.askedAt = now
      this.#ask({ node, store, run }).catch((error: unknown) => {
        this.#options.logger.debug({ node, error: String(error) }, 'a node that came back has not given its word yet')
      })
    }
    return true
  }

  /** That node has left all our groups. */
  forget(node: string): void {
    this.#heard.delete(node)
    this.#awaited.delete(node)
  }

  /** Gives our word when we are reminded, or takes the consequences. */
  listen(): Subscription {
    const { self, transport, subjects, logger } = this.#options
    return transport.subscribe(subjects.node(self, 'promised'), (m) => {
      try {
        this.#answer(m)
      } catch (error) {
        logger.debug({ error: String(error) }, 'could not answer a reminder')
      }
    })
  }

  async #ask({ node, store, run }: Pick<Sender, 'node' | 'store' | 'run'>): Promise<void> {
    const { self, transport, subjects, logger } = this.#options
    const promises = [...(this.#heard.get(node)?.values() ?? [])]
    const reminder = encodeReminder({ by: self, store, promises })
    const answer = await transport.request(subjects.node(node, 'promised'), reminder, { timeoutMs: ASK_MS })
    if (!decodeWord(answer.data)) logger.warn({ node, store }, 'a node came back with less than it promised; it is not heard')
    else if (this.#awaited.get(node)?.run === run) this.#awaited.delete(node)
  }

  #answer(m: Incoming): void {
    if (!m.asks) return
    const { self, store, onBroken } = this.#options
    const reminder = decodeReminder(m.data)
    if (reminder.store !== store) return
    const broken = reminder.promises.find((promise) => !this.#isKept(promise))
    m.respond(encodeWord(broken === undefined))
    if (broken === undefined) return
    const { group, term, index } = broken
    const message = `this node's disk was rolled back: of group '${group}' it acknowledged term ${term} and index ${index}, as '${reminder.by}' knows, and has less. Readmit it: flotilla members readmit ${self}`
    onBroken(new FlotillaError('STORE_MISMATCH', message, { node: self, store, by: [reminder.by], ...broken }))
  }

  /** Whether the store had all of it when we began: within a term a log never gets shorter than what was acknowledged, and terms never fall. */
  #isKept({ group, founding, peer, term, index }: PeerPromise): boolean {
    if (this.#options.isExcused(group, peer)) return true
    const ours = this.#kept.get(group)
    if (!ours || ours.peer < peer) return false
    if (ours.peer > peer || (founding !== '' && ours.founding !== '' && founding !== ours.founding)) return true
    return ours.term > term || (ours.term === term && ours.lastIndex >= index)
  }
}

const isSame = (a: Pick<PeerPromise, 'peer' | 'founding'>, b: Pick<PeerPromise, 'peer' | 'founding'>): boolean =>
  a.peer === b.peer && a.founding === b.founding

const isFurther = (known: PeerPromise, { term, index }: Pick<PeerPromise, 'term' | 'index'>): boolean =>
  term > known.term || (term === known.term && index > known.index)
