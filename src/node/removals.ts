/**
 * Peers that were removed while their node was down. Those who hear such a peer tell its node; the node believes no single voice, and asks the group's
 * leader who the members are.
 */

import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import type { PeerId } from '../protocol/types.ts'
import { decodeNewsOfRemoval, encodeNewsOfRemoval, type MembersView } from '../wire/members.ts'
import type { Subjects } from '../wire/subjects.ts'
import { foundersIn } from './founding.ts'
import type { PeerHost } from './peer-host.ts'

/** A removed peer's node is told this often at most, and asks as often. */
const AGAIN_MS = 1000

/** A peer that was removed looks this often whether the others go on without it. */
const RETIRE_MS = 200

export interface RemovalsOptions {
  readonly self: string
  readonly clock: Clock
  readonly transport: Transport
  readonly subjects: Subjects
  readonly logger: Logger
  readonly find: (group: string) => PeerHost | undefined
  /** Who the members are, from the leader. */
  readonly ask: (group: string) => Promise<MembersView>
  /** Who they are, as that node has applied it. */
  readonly hear: (group: string, node: string) => Promise<MembersView>
  /** It is true: this peer of ours was removed. */
  readonly onConfirmed: (host: PeerHost) => void
}

export class Removals {
  readonly #options: RemovalsOptions
  /** Peers that go as soon as the others go on without them. */
  readonly #retiring = new Set<PeerHost>()
  #stopped = false
  /** When something was last said or asked, by what it was about. */
  readonly #doneAt = new Map<string, number>()

  constructor(options: RemovalsOptions) {
    this.#options = options
  }

  /** Tells a node that a peer of it was removed. */
  tell(node: string, group: string, peer: PeerId): void {
    if (!this.#isTime(`tell ${node} ${group}`)) return
    const { self, transport, subjects } = this.#options
    transport.publish(subjects.node(node, 'removed'), encodeNewsOfRemoval({ group, peer, by: self }))
  }

  /**
   * Our own log says that a peer of ours was removed. It stays until the others go on without it: it may be the last who knows that its removal is
   * committed, and a survivor that does not know needs its answer (src/protocol/facts.ts).
   */
  retire(host: PeerHost): void {
    if (this.#retiring.has(host)) return
    this.#retiring.add(host)
    this.#askUntilConfirmed(host).catch((error: unknown) => {
      this.#options.logger.error({ group: host.group, error: String(error) }, 'a removed peer could not be let go')
    })
  }

  /**
   * Somebody speaks to a later peer of ours than this one: it began from old news, and is none any more, or was removed while its node was away. The
   * speaker must have applied that, and is asked itself: no leader may be able to confirm anything before the later peer has begun.
   */
  async replaced(host: PeerHost, by: string): Promise<void> {
    const { find, hear, onConfirmed, logger } = this.#options
    const { group, id: peer } = host
    if (this.#retiring.has(host) || !this.#isTime(`replaced ${group}`)) return
    const view = await hear(group, by).catch(() => null) // it will speak again
    if (this.#stopped || view === null || find(group) !== host || !confirms(view, host)) return
    logger.warn({ group, peer, by, index: view.index }, 'this peer was replaced by a later one of this node')
    onConfirmed(host)
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#stopped = true
  }

  async #askUntilConfirmed(host: PeerHost): Promise<void> {
    const { find, ask, onConfirmed, clock } = this.#options
    const isHere = (): boolean => !this.#stopped && find(host.group) === host
    while (isHere()) {
      const view = await ask(host.group).catch(() => null) // nobody leads yet
      if (isHere() && view !== null && confirms(view, host)) return onConfirmed(host)
      await new Promise<void>((resolve) => clock.after(RETIRE_MS, resolve))
    }
  }

  /** Hears what others tell of our own peers. */
  listen(): Subscription {
    const { self, transport, subjects, logger } = this.#options
    return transport.subscribe(subjects.node(self, 'removed'), (m) => {
      this.#hear(m).catch((error: unknown) => logger.debug({ error: String(error) }, 'could not ask whether a peer was removed'))
    })
  }

  async #hear(m: Incoming): Promise<void> {
    const { find, ask, onConfirmed, logger } = this.#options
    const { group, peer, by } = decodeNewsOfRemoval(m.data)
    const host = find(group)
    if (!host || host.id !== peer || !this.#isTime(`ask ${group}`)) return
    const view = await ask(group)
    if (find(group) !== host || !confirms(view, host)) return
    logger.warn({ group, peer, by, index: view.index }, 'this peer was removed while its node was away')
    onConfirmed(host)
  }

  #isTime(what: string): boolean {
    const now = this.#options.clock.now()
    if (now - (this.#doneAt.get(what) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return false
    this.#doneAt.set(what, now)
    return true
  }
}

/** Whether the members of this very founding know our id as given, and not as theirs. */
function confirms({ founding, mark, lastPeerId, peers }: MembersView, { id, epoch, birthmark }: PeerHost): boolean {
  if (founding !== foundersIn(epoch) || (birthmark !== '' && mark !== birthmark)) return false
  return id <= lastPeerId && peers[id] === undefined
}
