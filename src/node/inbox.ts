/** What arrives from other nodes: taken apart, and checked for who sent it, before any of it reaches a peer. */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { Logger } from '../ports/logger.ts'
import type { Incoming } from '../ports/transport.ts'
import type { Message } from '../protocol/messages.ts'
import { reasonToDrop } from '../protocol/plausible.ts'
import { decodeEnvelope, type GroupMessage, type Sender } from '../wire/envelope.ts'
import { ownFrame } from '../wire/frame.ts'
import type { PeerPromise } from '../wire/promises.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Admission } from './admission.ts'
import { isSameFounding } from './founding.ts'
import { isRemoved } from './members.ts'
import type { PeerHost } from './peer-host.ts'
import { isOneFounding, type Promises, promiseOf } from './promises.ts'
import type { Refusals } from './refusals.ts'

export interface InboxOptions {
  readonly cluster: string
  readonly self: string
  /** Names of those who share a group with us, now. */
  readonly neighbours: () => ReadonlySet<string>
  readonly acquaintance: Acquaintance
  readonly admission: Pick<Admission, 'heard' | 'takes'>
  /** What others promised. */
  readonly promises: Pick<Promises, 'hear' | 'isAwaited'>
  readonly refusals: Refusals
  readonly logger: Logger
  readonly find: (group: string) => PeerHost | undefined
  readonly wake: (host: PeerHost) => void
  /** A node speaks from another store than the one first met under its name, or from a copy of it: its disk was lost or replaced. */
  readonly onStranger: (sender: Sender) => void
  /** A node was met for the first time; it should meet us, too. */
  readonly onMet: (node: string) => void
  /** Whether that group is to be held here, and is not yet. */
  readonly awaits: (group: string) => boolean
  /** Somebody speaks to a peer of ours that has not begun: its group has made us a member. */
  readonly onCalled: (sender: Sender, call: GroupMessage) => void
  /** A peer speaks that was removed from its group; its node should hear of it. */
  readonly onRemoved: (node: string, group: string, peer: number) => void
  /** A member speaks to a later peer of ours than the one that is here. */
  readonly onReplaced: (host: PeerHost, by: string) => void
}

export class Inbox {
  readonly #options: InboxOptions

  constructor(options: InboxOptions) {
    this.#options = options
  }

  /** Handles one envelope. What is wrong is counted, logged and dropped; nothing is thrown. */
  receive(incoming: Incoming): void {
    try {
      const { sender, messages, promises = [] } = decodeEnvelope(ownFrame(incoming.data)) // entries stay; the transport's buffer need not
      this.#checkSubject(sender, incoming.subject)
      const isNeighbour = this.#options.neighbours().has(sender.node)
      if (!isNeighbour && messages.length === 0) return // a greeting, of who is to come or has gone
      const calls = messages.filter(({ group }) => this.#options.awaits(group))
      for (const call of calls) this.#options.onCalled(sender, call)
      if (calls.length > 0 && calls.length === messages.length) return // it is all said again
      const said = isNeighbour ? messages : this.#fromNewcomer(sender, messages)
      const isKnown = this.#isKnown(sender)
      const heard = isKnown ? said : this.#fromElsewhere(sender, said)
      if (isKnown && this.#options.promises.isAwaited(sender)) return // it says it all again
      this.#options.admission.heard(sender.node, sender.low === true, incoming.data.length)
      for (const message of heard) this.#hand(sender, message)
      if (isKnown) for (const promise of promises) this.#note(sender, promise)
    } catch (error) {
      this.#refuse(toFlotillaError(error, 'CODEC_INVALID'), incoming.subject)
    }
  }

  #hand(sender: Sender, { group, epoch, message }: GroupMessage): void {
    const { find, wake, onRemoved, onReplaced } = this.#options
    const host = find(group)
    const wrong = host
      ? mistakeIn(host, { sender, epoch, message })
      : new FlotillaError('UNKNOWN_GROUP', 'no such group here', { group })
    if (!host || wrong) {
      if (wrong) this.#refuse(wrong, sender.node)
      if (host && isFarewellDue(host, { sender, epoch, message })) onRemoved(sender.node, group, message.from)
      if (host && message.to > host.id && isSameFounding(epoch, host.epoch)) onReplaced(host, sender.node)
      return
    }
    if (!this.#options.admission.takes(message)) {
      this.#options.refusals.count('STORAGE_FULL') // as if it had been lost; the log says once how full the disk is
      return
    }
    host.learn(message.from, sender.node)
    const promise = promiseOf({ group, epoch, message }, host.snapshot.context.log)
    if (promise) this.#options.promises.hear(sender, promise)
    host.mailbox.message(message)
    wake(host)
  }

  /** What a peer has on its disk, as its own node says. */
  #note(sender: Sender, promise: PeerPromise): void {
    const { group, peer, founding } = promise
    const host = this.#options.find(group)
    if (host?.nodeOf(peer) !== sender.node || isRemoved(host.table.membership, peer)) return
    if (isOneFounding(founding, host.birthmark)) this.#options.promises.hear(sender, promise)
  }

  /** The subject's last token is the sender; a server's permissions can enforce it, so the envelope must say the same. */
  #checkSubject(sender: Sender, subject: string): void {
    const { cluster, self } = this.#options
    const claimed = subject.slice(subject.lastIndexOf('.') + 1)
    if (sender.cluster !== cluster) throw mismatch('a message of another cluster', sender)
    if (sender.node !== claimed || sender.node === self) throw mismatch('a message of somebody else', sender)
  }

  /**
   * Of who shares no group with us as far as we know: what comes from a member that our log does not tell of yet. It may lead, and we could hear of it from
   * nobody else.
   */
  #fromNewcomer(sender: Sender, messages: readonly GroupMessage[]): readonly GroupMessage[] {
    const { find, onRemoved } = this.#options
    const heard = messages.filter(({ group, epoch, message }) => {
      const host = find(group)
      if (!host) return false
      if (isFarewellDue(host, { sender, epoch, message })) onRemoved(sender.node, group, message.from)
      return isSameFounding(epoch, host.epoch) && isNewcomer(host, message.from, sender.node)
    })
    if (heard.length === 0) throw mismatch('a message of somebody else', sender)
    return heard
  }

  /** Whether it speaks from the store that we know under its name, if we know any. */
  #isKnown(sender: Sender): boolean {
    const { acquaintance, onMet } = this.#options
    const verdict = acquaintance.judge(sender)
    if (verdict === 'met') onMet(sender.node)
    return verdict !== 'stranger'
  }

  /**
   * Of another store than the one we know, what comes from peers that our logs do not tell of yet: the node was readmitted while we were away, and if it
   * leads, we could hear of that from nobody else. What those peers promised, they promised there.
   */
  #fromElsewhere(sender: Sender, messages: readonly GroupMessage[]): readonly GroupMessage[] {
    const { find, acquaintance, onStranger } = this.#options
    const heard = messages.filter(({ group, epoch, message: { from } }) => {
      const host = find(group)
      if (!host || !isSameFounding(epoch, host.epoch) || !acquaintance.hasMoved(sender)) return false
      return from > host.table.membership.lastPeerId && (host.nodeOf(from) ?? sender.node) === sender.node
    })
    if (heard.length > 0) return heard
    onStranger(sender)
    throw mismatch(
      `node '${sender.node}' speaks from another store, or another run of it, than the one this cluster knows`,
      sender,
    )
  }

  #refuse(error: FlotillaError, from: string): void {
    const { refusals, logger } = this.#options
    refusals.count(error.code)
    logger.warn({ code: error.code, from, ...error.details }, error.message)
  }
}

interface Claim {
  readonly sender: Sender
  readonly epoch: string
  readonly message: Message
}

/** Whether that peer is still to come, as far as our log tells, or our log tells nothing yet; and can live on that node. */
const isNewcomer = (host: PeerHost, peer: number, node: string): boolean =>
  (peer > host.table.membership.lastPeerId || host.table.membership.conf.voters.length === 0) &&
  (host.nodeOf(peer) ?? node) === node

/** Whether a peer speaks that was ours, and is none any more. */
const isFarewellDue = (host: PeerHost, { sender, epoch, message }: Claim): boolean =>
  isSameFounding(epoch, host.epoch) &&
  isRemoved(host.table.membership, message.from) &&
  (host.nodeOf(message.from) ?? sender.node) === sender.node

/** Why this peer must not hear that message, if so. */
function mistakeIn(host: PeerHost, { sender, epoch, message }: Claim): FlotillaError | undefined {
  if (host.mailbox.isFull) return new FlotillaError('BUSY', 'a mailbox is full', { group: host.group })
  if (!isSameFounding(epoch, host.epoch)) return mismatch('the group was founded by others there', sender)
  const isFromThere = host.nodeOf(message.from) === sender.node || isNewcomer(host, message.from, sender.node)
  if (message.to !== host.id || !isFromThere) return mismatch('a message of or for another peer', sender)
  if (isRemoved(host.table.membership, message.from)) return mismatch('a message of a peer that was removed', sender)
  const reason = reasonToDrop(host.snapshot.context, message)
  if (reason === null) return undefined
  return new FlotillaError('CODEC_INVALID', `a message that cannot be true, ${reason}`, {
    group: host.group,
    type: message.type,
    from: sender.node,
  })
}

const mismatch = (message: string, { node, cluster, store, boot }: Sender): FlotillaError =>
  new FlotillaError('STORE_MISMATCH', message, { node, cluster, store, boot })
