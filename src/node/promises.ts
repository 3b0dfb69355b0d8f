/**
 * What other nodes were heard to promise: terms they voted in, entries they acknowledged. A node that comes back is reminded of it before it is heard
 * again: one whose disk was rolled back finds less in its store, and stops. Remembered at once, and on our own disk with what is written there next;
 * when we come back ourselves, everybody we remember something of is asked. Knows no role.
 */

import { FlotillaError } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import { type Facts, HERE, type Membership, type NodeStore } from '../ports/store.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import type { Log } from '../protocol/log.ts'
import type { LogIndex, PeerId, Term } from '../protocol/types.ts'
import type { GroupMessage, Sender } from '../wire/envelope.ts'
import { decodeReminder, decodeWord, encodeReminder, encodeWord, type HeardPromise, type PeerPromise } from '../wire/promises.ts'
import type { Subjects } from '../wire/subjects.ts'
import type { Notes } from './flush.ts'
import { birthmarkIn } from './founding.ts'
import { namesIn } from './members.ts'

/** A node that has come back is asked this often at most, and given as long, in milliseconds. */
const ASK_MS = 250

/** Promises in one reminder: 220 bytes each at most, so that it fits the smallest payload that a node works with. */
const REMINDED_MAX = 1000

/** What a peer of ours had on the disk when this process began. */
interface Kept {
  readonly peer: number
  readonly founding: string
  readonly term: number
  readonly lastIndex: number
  readonly lastTerm: number
}

/** Stands for any run of a node that we do not remember the runs of. */
const ANY = ''

/** What is asked of a peer of ours. */
export interface Found {
  readonly group: string
  readonly id: PeerId
  readonly birthmark: string
  readonly table: { readonly membership: Membership }
  readonly term: Term
  readonly snapshot: { readonly context: { readonly log: { readonly lastIndex: LogIndex; readonly lastTerm: Term } } }
}

export interface PromisesOptions {
  readonly settings: { readonly id: string; readonly logger: Logger }
  readonly store: Pick<NodeStore, 'identity' | 'recall'>
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
  /** Whether nothing is expected of that peer of ours: it was removed, or does nothing since its data is damaged, or is not to run. */
  readonly isExcused: (group: string, peer: PeerId) => boolean
  /** We have promised more than our store knows. */
  readonly onBroken: (error: FlotillaError) => void
}

export class Promises implements Omit<Notes, 'durable'> {
  readonly #options: PromisesOptions
  /** Our own peers as they were found, by group. */
  readonly #kept = new Map<string, Kept>()
  /** By group, then by node. */
  readonly #heard = new Map<string, Map<string, HeardPromise>>()
  /** What of it the disk does not know yet. */
  #unsaved = new Map<string, HeardPromise | null>()
  /** Nodes that have come back and have not given their word yet, and when they were last asked. */
  readonly #awaited = new Map<string, { readonly run: string; askedAt: number }>()

  constructor(options: PromisesOptions) {
    this.#options = options
  }

  /** A peer of ours as the store has it, before it hears or says anything. What we noted of the other members is remembered. */
  found({ group, id: peer, birthmark: founding, term, table, snapshot }: Found): void {
    const { lastIndex, lastTerm } = snapshot.context.log
    this.#kept.set(group, { peer, founding, term, lastIndex, lastTerm })
    const { settings, store } = this.#options
    const heard = this.#heard.get(group) ?? new Map<string, HeardPromise>()
    this.#heard.set(group, heard)
    for (const [member, node] of Object.entries(namesIn(table.membership))) {
      const promise = node === settings.id || heard.has(node) ? undefined : promiseIn(group, store.recall(factOf(group, node)))
      if (promise?.peer !== Number(member) || !isOneFounding(promise.founding, founding)) continue // another has that name by now
      heard.set(node, promise)
      this.returned({ node, run: ANY })
    }
  }

  /** That node was heard to promise this. */
  hear({ node, run }: Pick<Sender, 'node' | 'run'>, promise: PeerPromise): void {
    const { group } = promise
    const nodes = this.#heard.get(group)
    const known = nodes?.get(node)
    if (!nodes || (known && !isFurther(known, promise))) return
    const heard = { ...promise, run }
    nodes.set(node, heard)
    this.#unsaved.set(factOf(group, node), heard)
  }

  get isEmpty(): boolean {
    return this.#unsaved.size === 0
  }

  take(): Facts {
    if (this.isEmpty) return NO_NOTES
    const facts = new Map(Array.from(this.#unsaved, ([fact, promise]) => [fact, promise ? textOf(promise) : '']))
    this.#unsaved = new Map()
    return facts
  }

  /** That node was started again: it is not heard before it has given its word, if it ever promised anything. */
  returned({ node, run }: Pick<Sender, 'node' | 'run'>): void {
    const promised = [...this.#heard.values()].some((nodes) => nodes.has(node))
    if (promised) this.#awaited.set(node, { run, askedAt: Number.NEGATIVE_INFINITY })
  }

  /** Whether that node still has to give its word; asks it, now and then. */
  isAwaited({ node, store, run }: Pick<Sender, 'node' | 'store' | 'run'>): boolean {
    const awaited = this.#awaited.get(node)
    if (!awaited || !isRun(awaited.run, run)) return false
    const now = this.#options.clock.now()
    if (now - awaited.askedAt >= ASK_MS) {
      awaited.askedAt = now
      this.#ask({ node, store, run }).catch((error: unknown) => {
        this.#options.settings.logger.debug({ node, error: String(error) }, 'a node that came back has not given its word yet')
      })
    }
    return true
  }

  /** That node has left all our groups. */
  forget(node: string): void {
    for (const [group, nodes] of this.#heard) if (nodes.delete(node)) this.#unsaved.set(factOf(group, node), null)
    this.#awaited.delete(node)
  }

  /** Our own peer has left the group: what others do there is not ours to know any more. */
  leave(group: string): void {
    for (const node of this.#heard.get(group)?.keys() ?? []) this.#unsaved.set(factOf(group, node), null)
    this.#heard.delete(group)
  }

  /** Gives our word when we are reminded, or takes the consequences. */
  listen(): Subscription {
    const { settings, transport, subjects } = this.#options
    return transport.subscribe(subjects.node(settings.id, 'promised'), (m) => {
      try {
        this.#answer(m)
      } catch (error) {
        settings.logger.debug({ error: String(error) }, 'could not answer a reminder')
      }
    })
  }

  async #ask({ node, store, run }: Pick<Sender, 'node' | 'store' | 'run'>): Promise<void> {
    const { settings, transport, subjects } = this.#options
    const promises = [...this.#heard.values()].flatMap((nodes) => nodes.get(node) ?? [])
    const remind = async (from: number): Promise<boolean> => {
      const reminder = encodeReminder({ by: settings.id, store, promises: promises.slice(from, from + REMINDED_MAX) })
      return decodeWord((await transport.request(subjects.node(node, 'promised'), reminder, { timeoutMs: ASK_MS })).data)
    }
    const portions = Array.from({ length: Math.ceil(promises.length / REMINDED_MAX) }, (_, i) => remind(i * REMINDED_MAX))
    if ((await Promise.all(portions)).includes(false))
      settings.logger.warn({ node, store }, 'a node came back with less than it promised; it is not heard')
    else if (isRun(this.#awaited.get(node)?.run ?? ANY, run)) this.#awaited.delete(node)
  }

  #answer(m: Incoming): void {
    if (!m.asks) return
    const { settings, store, onBroken } = this.#options
    const [self, { uuid }] = [settings.id, store.identity]
    const reminder = decodeReminder(m.data)
    if (reminder.store !== uuid) return
    const broken = reminder.promises.find((promise) => !this.#isKept(promise))
    m.respond(encodeWord(broken === undefined))
    if (broken === undefined) return
    const { group, term, index } = broken
    const message = `this node's disk was rolled back: of group '${group}' it acknowledged term ${term} and index ${index}, as '${reminder.by}' knows, and has less. Readmit it: flotilla members readmit ${self}`
    onBroken(new FlotillaError('STORE_MISMATCH', message, { node: self, store: uuid, by: [reminder.by], ...broken }))
  }

  /** Whether the store had all of it when we began: terms never fall, and entries of its own term stay in a log until there is a later one. */
  #isKept({ group, founding, peer, term, index, run }: HeardPromise): boolean {
    if (run === this.#options.store.identity.run || this.#options.isExcused(group, peer)) return true
    const ours = this.#kept.get(group)
    if (!ours || ours.peer < peer) return false
    if (ours.peer > peer || !isOneFounding(founding, ours.founding)) return true
    if (ours.term !== term || index === 0) return ours.term >= term
    return ours.lastTerm === term && ours.lastIndex >= index // a long tail of an earlier term is none of it
  }
}

const isRun = (awaited: string, run: string): boolean => awaited === run || awaited === ANY

const NO_NOTES: Facts = new Map()

const factOf = (group: string, node: string): string => `${HERE}promised:${group}:${node}`

const textOf = ({ run, peer, term, index, founding }: HeardPromise): string => [run, peer, term, index, founding].join('/')

function promiseIn(group: string, fact: string | undefined): HeardPromise | undefined {
  const [run = '', peer = '0', term = '0', index = '0', founding = ''] = (fact ?? '').split('/')
  return run === '' ? undefined : { group, founding, peer: Number(peer), term: Number(term), index: Number(index), run }
}

/**
 * What a message promises: only what must be on the sender's disk before it leaves does. Of entries, those of its own term, as far as our log tells: who
 * has less of the earlier ones cannot be told by the length of its log, and nothing is committed by these alone (§5.4.2).
 */
export function promiseOf({ group, epoch, message }: GroupMessage, log: Pick<Log, 'termAt'>): PeerPromise | null {
  const { type, term, from: peer } = message
  if (type !== 'AppendEntriesReply' && type !== 'RequestVote' && type !== 'RequestVoteReply') return null
  const index = type === 'AppendEntriesReply' && message.accepted && log.termAt(message.index) === term ? message.index : 0
  return { group, founding: birthmarkIn(epoch), peer, term, index }
}

/** Whether two birthmarks can be of one founding. */
export const isOneFounding = (a: string, b: string): boolean => a === '' || b === '' || a === b

/** Whether more was promised, or by a later peer, or of another founding. */
function isFurther(known: PeerPromise, { peer, founding, term, index }: PeerPromise): boolean {
  if (peer !== known.peer) return peer > known.peer
  return !isOneFounding(founding, known.founding) || term > known.term || (term === known.term && index > known.index)
}
