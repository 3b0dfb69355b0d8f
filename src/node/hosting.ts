/** The groups that a node holds, as they come and go: opened, joined, left. Knows the lives of peers, and nothing of what they say. */

import { FlotillaError, toFlotillaError } from '../base/errors.ts'
import { soon } from '../clock/turns.ts'
import type { Clock } from '../ports/clock.ts'
import type { Subscription } from '../ports/transport.ts'
import { asksForVote } from '../protocol/messages.ts'
import type { GroupMessage, Sender } from '../wire/envelope.ts'
import type { MembersView } from '../wire/members.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Admission } from './admission.ts'
import type { Engine } from './engine.ts'
import { joinGroup, type OpenedGroup, type OpenGroupsOptions, openGroups } from './groups.ts'
import { Inbox } from './inbox.ts'
import { Introductions, isNewFounder } from './introductions.ts'
import { askMembers, hearMembers, Joining } from './joining.ts'
import type { MemberDesk } from './member-desk.ts'
import type { MemberServices } from './member-services.ts'
import { isRemoved, peerOf } from './members.ts'
import { Neighbours } from './neighbours.ts'
import type { Outbox } from './outbox.ts'
import type { PeerHost } from './peer-host.ts'
import { Promotion } from './promotion.ts'
import { damageIn, Quarantine, type Quarantined } from './quarantine.ts'
import type { Refusals } from './refusals.ts'
import { Removals } from './removals.ts'
import type { Services } from './services.ts'
import { Strangers } from './strangers.ts'
import type { Witness } from './witness.ts'

export interface HostingOptions extends Omit<OpenGroupsOptions, 'quarantine'> {
  readonly clock: Clock
  readonly engine: Engine
  readonly outbox: Outbox
  /** Who we are to others. */
  readonly sender: Sender
  readonly acquaintance: Acquaintance
  readonly witness: Witness
  readonly admission: Admission
  readonly services: Pick<Services, 'openGroup' | 'closeGroup'>
  readonly memberServices: Pick<MemberServices, 'follow'>
  readonly memberDesk: MemberDesk
  readonly refusals: Refusals
  readonly snapshots: OpenGroupsOptions['snapshots'] & {
    /** Nothing of that group is on its way any more. */
    forget(group: string): void
  }
  /** The disk failed. */
  readonly onFailure: (error: FlotillaError) => void
}

export class Hosting {
  readonly #options: HostingOptions
  readonly #groups = new Map<string, OpenedGroup>()
  readonly #quarantine: Quarantine
  readonly #joining: Joining
  readonly #neighbours: Neighbours
  readonly #removals: Removals
  readonly #strangers: Strangers
  readonly #introductions: Introductions
  readonly #promotion: Promotion | null
  #stopped = false

  constructor(options: HostingOptions) {
    const { settings, engine } = options
    this.#options = options
    this.#quarantine = new Quarantine(options)
    this.#neighbours = new Neighbours(settings.id, () => [...this.#groups.values()].map(({ host }) => host))
    const asking = { ...options, self: settings.id, logger: settings.logger }
    this.#joining = new Joining({
      ...asking,
      onMember: (group, view) => this.#admit(group, view),
      isOurs: (view) => this.#isOurs(view),
    })
    const promoting = { ...asking, everyMs: settings.heartbeatMs, desk: options.memberDesk, hosts: () => engine.hosts.values() }
    this.#promotion = settings.autoPromote ? new Promotion(promoting) : null
    this.#strangers = new Strangers({
      ...asking,
      neighbours: () => this.#neighbours.names,
      leaders: () => new Set([...engine.hosts.values()].flatMap(({ leader }) => leader ?? [])),
    })
    options.acquaintance.watch((sender) => options.witness.returned(sender))
    this.#introductions = new Introductions({
      ...asking,
      find: (group) => this.#groups.get(group)?.host,
      awaits: (group) => this.awaits(group) && !this.quarantined.has(group),
      onFounder: ({ group }) => this.#begin(this.#groups.get(group) as OpenedGroup),
      onGuest: (host) => this.leave(host, 'the group was founded without this store'),
    })
    this.#removals = new Removals({
      ...asking,
      find: (group) => engine.hosts.get(group),
      ask: (group) => askMembers(options, group),
      hear: (group, node) => hearMembers(options, group, node),
      onConfirmed: (host) => this.leave(host),
    })
  }

  get groups(): ReadonlyMap<string, OpenedGroup> {
    return this.#groups
  }

  get quarantined(): ReadonlyMap<string, Quarantined> {
    return this.#quarantine.groups
  }

  get #opening(): OpenGroupsOptions {
    return { ...this.#options, quarantine: this.#quarantine }
  }

  /** Whether a group is to be held here, and we take no part in it now. */
  awaits(group: string): boolean {
    return (
      (!this.#groups.has(group) || this.#introductions.isUnderWay(group)) &&
      this.#options.settings.groups.some(({ id }) => id === group)
    )
  }

  /** Opens what the store holds, or founds it. */
  async open(): Promise<void> {
    for (const [id, group] of await openGroups(this.#opening)) {
      this.#groups.set(id, group)
      this.#options.witness.promises.found(group.host)
    }
  }

  /** Others are heard, and every peer begins; what is not here yet is waited for. */
  start(): readonly Subscription[] {
    const { settings, store, transport, subjects, witness, clock, onFailure } = this.#options
    const inbox = this.#makeInbox()
    const greetAll = (): void => this.#greet([...this.#neighbours.names])
    const subscriptions = [
      transport.subscribe(subjects.raftTo(settings.id), (m) => inbox.receive(m)),
      this.#strangers.listen(store.identity, { onRefused: onFailure, onDoubted: greetAll }),
      this.#removals.listen(),
      this.#introductions.listen(),
      witness.promises.listen(),
    ]
    for (const group of this.#groups.values()) this.#start(group)
    greetAll()
    this.#promotion?.start()
    for (const { id } of settings.groups) if (!this.#groups.has(id)) this.#joining.await(id)
    store.watchDamage((damage) => soon(clock, () => this.#isolate(String(damage.details.group), damage)))
    return subscriptions
  }

  #makeInbox(): Inbox {
    const { settings, engine, outbox, acquaintance, witness, admission, refusals } = this.#options
    const { cluster, id: self, logger } = settings
    return new Inbox({
      cluster,
      self,
      logger,
      refusals,
      acquaintance,
      admission,
      promises: witness.promises,
      neighbours: () => this.#neighbours.names,
      find: (group) => engine.hosts.get(group),
      wake: (host) => engine.wake(host),
      onStranger: (sender) => this.#strangers.tell(sender),
      onMet: (node) => outbox.greet(node),
      awaits: (group) => this.awaits(group),
      onCalled: (sender, call) => this.#called(sender, call),
      onRemoved: (node, group, peer) => this.#removals.tell(node, group, peer),
      onReplaced: (host, by) => void this.#removals.replaced(host, by),
    })
  }

  /** A group has other members than before. */
  membersChanged(): void {
    const { gone, come } = this.#neighbours.changed(this.#options.acquaintance.takeHeard())
    for (const node of gone) {
      this.#options.acquaintance.forget(node)
      this.#options.admission.forget(node)
      this.#options.witness.promises.forget(node)
    }
    this.#greet(come)
  }

  /** Our peer has applied its own removal: it goes once the others go on without it. */
  retire(host: PeerHost): void {
    this.#removals.retire(host)
  }

  /** Our peer is no member any more: its data is destroyed, a tombstone stays, and should it be made a member again, then as another. */
  leave(host: PeerHost, why = 'removed from the group'): void {
    const opened = this.#groups.get(host.group)
    if (opened?.host !== host || this.#stopped) return
    this.#options.settings.logger.warn({ group: host.group, peer: host.id }, `${why}; its data here is destroyed`)
    opened.life.tell({ type: 'removed' })
    this.#withdraw(host, new FlotillaError('UNAVAILABLE', 'this node is no member of the group any more', { group: host.group }))
    void this.#destroy(opened)
  }

  /** A peer met what it cannot go on with: damage of what it stored, or a rule that is broken. */
  broken(host: PeerHost, error: FlotillaError): void {
    if (damageIn(error)) this.#isolate(host.group, error)
    else this.#groups.get(host.group)?.life.tell({ type: 'broken', error })
  }

  /** What the peer stored is damaged: it says nothing any more, and its data stays as it is until somebody has it destroyed. */
  #isolate(group: string, error: FlotillaError): void {
    const opened = this.#groups.get(group)
    if (!opened || this.#stopped) return
    const { host } = opened
    this.#options.settings.logger.error(
      { group: host.group, peer: host.id, code: error.code },
      `${error.message}; in quarantine from now on`,
    )
    this.#withdraw(host, error)
    this.#quarantine.add({ group: host.group, kind: host.stateMachine.kind, error, life: opened.life })
    this.#joining.await(host.group)
  }

  /** A peer takes part no more; who waits for it is told why. */
  #withdraw(host: PeerHost, error: FlotillaError): void {
    const { engine, services, memberServices, snapshots } = this.#options
    engine.forget(host)
    snapshots.forget(host.group)
    this.#groups.delete(host.group)
    services.closeGroup(host.group)
    memberServices.follow(host.group)
    host.waiters.rejectAll(error)
    this.membersChanged()
  }

  stop(): void {
    this.#stopped = true
    this.#joining.stop()
    this.#introductions.stop()
    this.#promotion?.stop()
    this.#options.witness.stop()
    this.#removals.stop()
  }

  async #destroy({ host, life }: OpenedGroup): Promise<void> {
    try {
      await this.#options.store.destroy(host.group, { peer: host.id })
      this.#options.witness.promises.leave(host.group)
      life.tell({ type: 'destroyed' })
      if (!this.#stopped) this.#joining.await(host.group)
    } catch (thrown) {
      const error = toFlotillaError(thrown, 'STORAGE_FAILED')
      life.tell({ type: 'broken', error })
      if (error.code !== 'STORE_CLOSED') this.#options.onFailure(error)
    }
  }

  /** Whether a peer of our name is a member there, and not the one that was removed. */
  #isOurs({ group, peers }: MembersView): boolean {
    const { settings, store } = this.#options
    const peer = peerOf(peers, settings.id)
    return peer !== undefined && peer > (store.tombstone(group)?.peer ?? 0) && this.#quarantine.mayBegin(group, peer)
  }

  /** A member speaks to a peer of ours. What it was told of us is asked of the leader, if it leads; who wants a vote has no leader, and is asked itself. */
  #called({ node }: Sender, { group, message }: GroupMessage): void {
    this.#joining.askNow(group, asksForVote(message) ? node : null)
  }

  async #admit(id: string, view: MembersView): Promise<void> {
    const group = this.#options.settings.groups.find((one) => one.id === id)
    if (!group) return
    await this.#introductions.checkJoin(view)
    await this.#quarantine.clear(id)
    const opened = await joinGroup(this.#opening, group, view)
    if (this.#stopped) return
    this.#options.settings.logger.info({ group: id, peer: opened.host.id }, 'a member of the group from now on')
    this.#groups.set(id, opened)
    this.#options.witness.promises.found(opened.host)
    this.#begin(opened)
    this.membersChanged()
  }

  /** Who founds the group waits for the others to know it; anybody else begins. */
  #start(opened: OpenedGroup): void {
    if (this.#options.settings.join || !isNewFounder(opened.host)) this.#begin(opened)
    else this.#introductions.begin(opened.host)
  }

  #begin({ host, life }: OpenedGroup): void {
    life.tell({ type: 'loaded' })
    if (isRemoved(host.table.membership, host.id)) {
      this.leave(host) // a crash came between
      return
    }
    this.#options.engine.add(host)
    this.#options.witness.begun(host)
    this.#options.services.openGroup(host.group)
  }

  #greet(nodes: readonly string[]): void {
    for (const node of nodes) this.#options.outbox.greet(node)
  }
}
