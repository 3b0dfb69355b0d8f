/** What arrives from other nodes: taken apart, and checked for who sent it, before any of it reaches a peer. */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import type { Logger } from '../ports/logger.ts'
import type { NodeStore } from '../ports/store.ts'
import type { Incoming } from '../ports/transport.ts'
import type { Message } from '../protocol/messages.ts'
import { reasonToDrop } from '../protocol/plausible.ts'
import { decodeEnvelope, type GroupMessage, type Sender } from '../wire/envelope.ts'
import { isSameFounding } from './founding.ts'
import type { PeerHost } from './peer-host.ts'
import type { Refusals } from './refusals.ts'

export interface InboxOptions {
  readonly cluster: string
  readonly self: string
  readonly nodes: readonly string[]
  readonly store: NodeStore
  readonly refusals: Refusals
  readonly logger: Logger
  readonly find: (group: string) => PeerHost | undefined
  readonly wake: (host: PeerHost) => void
  /** A node speaks from another store than the one first met under its name: its disk was lost or replaced. */
  readonly onStranger: (sender: Sender) => void
  /** A node was met for the first time; it should meet us, too. */
  readonly onMet: (node: string) => void
}

export class Inbox {
  readonly #options: InboxOptions
  /** Latest boot seen of each node: what an earlier incarnation left in some buffer is not heard any more. */
  readonly #boots = new Map<string, number>()
  /** Stores of nodes met for the first time, while that is being written down. */
  readonly #met = new Map<string, string>()

  constructor(options: InboxOptions) {
    this.#options = options
  }

  /** Handles one envelope. What is wrong is counted, logged and dropped; nothing is thrown. */
  receive(incoming: Incoming): void {
    try {
      const { sender, messages } = decodeEnvelope(incoming.data.slice()) // entries stay; the transport's buffer need not
      this.#checkSender(sender, incoming.subject)
      for (const message of messages) this.#hand(sender, message)
    } catch (error) {
      this.#refuse(toFlotillaError(error, 'CODEC_INVALID'), incoming.subject)
    }
  }

  #hand(sender: Sender, { group, epoch, message }: GroupMessage): void {
    const { find, wake } = this.#options
    const host = find(group)
    const wrong = host
      ? mistakeIn(host, { sender, epoch, message })
      : new FlotillaError('UNKNOWN_GROUP', 'no such group here', { group })
    if (!host || wrong) {
      if (wrong) this.#refuse(wrong, sender.node)
      return
    }
    host.mailbox.message(message)
    wake(host)
  }

  /** The subject's last token is the sender; a server's permissions can enforce it, so the envelope must say the same. */
  #checkSender(sender: Sender, subject: string): void {
    const { cluster, nodes, self, store } = this.#options
    const claimed = subject.slice(subject.lastIndexOf('.') + 1)
    if (sender.cluster !== cluster) throw mismatch('a message of another cluster', sender)
    if (sender.node !== claimed || sender.node === self || !nodes.includes(sender.node))
      throw mismatch('a message of somebody else', sender)
    const key = `store:${sender.node}`
    const known = store.recall(key) ?? this.#met.get(key)
    if (known === undefined) this.#acquaint(key, sender)
    else if (known !== sender.store) {
      this.#options.onStranger(sender)
      throw mismatch(`node '${sender.node}' speaks from another store than the one this cluster knows`, sender)
    }
    const boot = this.#boots.get(sender.node) ?? 0
    if (sender.boot < boot) throw mismatch('a message from before the last restart of its sender', sender)
    this.#boots.set(sender.node, sender.boot)
  }

  /** First contact: from now on this node's name belongs to that store. */
  #acquaint(key: string, sender: Sender): void {
    const { store, logger } = this.#options
    this.#met.set(key, sender.store)
    logger.info({ node: sender.node, store: sender.store }, 'met a node for the first time')
    store.remember(key, sender.store).catch((error: unknown) => {
      logger.error({ node: sender.node, error: String(error) }, 'could not keep the identity of a node')
    })
    this.#options.onMet(sender.node)
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

/** Why this peer must not hear that message, if so. */
function mistakeIn(host: PeerHost, { sender, epoch, message }: Claim): FlotillaError | undefined {
  if (host.mailbox.isFull) return new FlotillaError('BUSY', 'a mailbox is full', { group: host.group })
  if (!isSameFounding(epoch, host.epoch)) return mismatch('the group was founded by others there', sender)
  if (message.to !== host.id || host.nodeOf(message.from) !== sender.node)
    return mismatch('a message of or for another peer', sender)
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
