/** A node: one process' part of a cluster. Puts the rooms together, and gives them a life. */

import { copyBytes } from '../base/bytes.ts'
import { FlotillaError } from '../base/errors.ts'
import { prng } from '../base/prng.ts'
import { uuid } from '../chance/names.ts'
import { wallClock } from '../clock/wall.ts'
import type { Clock } from '../ports/clock.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { NodeStore, StoreCopy } from '../ports/store.ts'
import type { Subscription, Transport } from '../ports/transport.ts'
import type { Answer, LeaderHint } from '../wire/requests.ts'
import { type Subjects, subjectsOf } from '../wire/subjects.ts'
import { Acquaintance } from './acquaintance.ts'
import { Admission } from './admission.ts'
import { backUp, backUpInto } from './backing-up.ts'
import { Desk } from './desk.ts'
import { openDiscovery } from './discovery.ts'
import { Engine, type EngineOptions } from './engine.ts'
import { Forwarding } from './forwarding.ts'
import { handOffAll } from './handing.ts'
import { Headroom } from './headroom.ts'
import { checkPayload, sayHello } from './hello.ts'
import { Hosting } from './hosting.ts'
import { Leading } from './leading.ts'
import { type NodeLife, startNodeLife } from './lifecycle.ts'
import { Maintenance, type MaintenanceOptions } from './maintenance.ts'
import { MemberDesk } from './member-desk.ts'
import { MemberServices } from './member-services.ts'
import { openStore } from './opening.ts'
import { type NodeOptions, type NodeSettings, settingsOf } from './options.ts'
import { Outbox } from './outbox.ts'
import { own } from './ownership.ts'
import { Refusals } from './refusals.ts'
import { Services } from './services.ts'
import { Snapshotting } from './snapshotting.ts'
import { nodeStatusOf } from './status.ts'
import type { CallTime, FlotillaNode, ReadTime } from './types.ts'
import { Witness } from './witness.ts'

/** How long a caller waits unless it says otherwise, in milliseconds. */
const TIMEOUT_MS = 5000

/**
 * Starts a node; resolves once it serves. Rejects with `CONFIG_INVALID`, `STORE_IN_USE`, `STORE_MISMATCH`, `STORAGE_FAILED`,
 * `NODE_DUPLICATE` when another node of this name is in the cluster. The transport is the node's from here on, and is closed with it.
 */
export async function createNode(options: NodeOptions): Promise<FlotillaNode> {
  const node = new Node(options)
  await node.life.serving
  return node
}

class Node implements FlotillaNode {
  readonly id: string
  readonly life: NodeLife
  readonly nonce: string
  readonly #options: NodeOptions
  readonly #settings: NodeSettings
  readonly #clock: Clock
  readonly #transport: Transport
  readonly #subjects: Subjects
  readonly #desk: Desk
  readonly #services: Services
  readonly #memberDesk: MemberDesk
  readonly #memberServices: MemberServices
  readonly #refusals = new Refusals()
  readonly #headroom: Headroom
  readonly #admission: Admission
  readonly #startedAt: number
  #store: NodeStore | null = null
  #engine: Engine | null = null
  #hosting: Hosting | null = null
  #snapshots: Snapshotting | null = null
  readonly #subscriptions: Subscription[] = []

  constructor(options: NodeOptions) {
    const settings = settingsOf(options)
    this.id = settings.id
    this.#options = options
    this.#settings = settings
    this.#clock = options.clock ?? wallClock
    this.nonce = uuid(settings.chance)
    this.#startedAt = this.#clock.now()
    this.#transport = own(options.transport)
    this.#subjects = subjectsOf(settings.cluster, settings.prefix)
    this.#headroom = new Headroom({
      ...settings,
      clock: this.#clock,
      onLook: () => this.#admission.stepAside(this.#engine),
      onFailure: (error) => this.life.fail(error),
    })
    this.#admission = new Admission({ node: settings.id, headroom: this.#headroom })
    this.#desk = new Desk({
      node: settings.id,
      clock: this.#clock,
      payloadMax: () => this.#transport.payloadMax,
      life: () => this.life.state,
      find: (group) => this.#hosting?.groups.get(group),
      awaits: (group) => this.#hosting?.awaits(group) ?? false,
      damage: (group) => this.#hosting?.quarantined.get(group)?.error,
      wake: (host) => this.#engine?.wake(host),
      admission: this.#admission,
      ...(settings.forward ? { forwarding: new Forwarding(this.#transport, this.#subjects) } : {}),
    })
    const shared = { node: settings.id, ...this.#places, refusals: this.#refusals }
    this.#services = new Services({ ...shared, nonce: this.nonce, desk: this.#desk, status: () => this.status() })
    this.#memberDesk = new MemberDesk({ desk: this.#desk, clock: this.#clock })
    this.#memberServices = new MemberServices({ ...shared, desk: this.#memberDesk })
    const work = {
      open: () => this.#open(),
      join: () => this.#join(),
      drain: () => this.#drain(),
      abandon: () => this.#abandon(),
    }
    this.life = startNodeLife(work, settings.logger)
    void this.life.closed.then((error) => {
      if (error) options.onFailure?.(error)
    })
  }

  get closed(): Promise<FlotillaError | null> {
    return this.life.closed
  }

  propose(group: string, command: Uint8Array, options: CallTime = {}): Promise<Answer> {
    return this.#desk.propose({ group, body: copyBytes(command), timeoutMs: options.timeoutMs ?? TIMEOUT_MS })
  }

  read(group: string, query: Uint8Array, options: ReadTime = {}): Promise<Answer> {
    return this.#desk.read({ timeoutMs: TIMEOUT_MS, ...options, group, body: query })
  }

  transfer(group: string, to: string | null = null, { timeoutMs = TIMEOUT_MS }: CallTime = {}): Promise<LeaderHint> {
    return this.#desk.transfer({ group, to, timeoutMs, direct: false })
  }

  query(group: string, query: Uint8Array): Answer {
    return this.#desk.query({ group, body: query, timeoutMs: TIMEOUT_MS })
  }

  backup(to: string): Promise<StoreCopy> {
    return backUp({ store: this.#store, headroom: this.#headroom }, to)
  }

  status(): NodeStatus {
    return nodeStatusOf({
      settings: this.#settings,
      transport: this.#transport,
      store: this.#store,
      room: this.#headroom.status,
      life: this.life.state,
      refused: this.#refusals.all,
      uptimeMs: Math.round(this.#clock.now() - this.#startedAt),
      groups: [...(this.#hosting?.groups.values() ?? [])],
      quarantined: [...(this.#hosting?.quarantined.values() ?? [])],
      snapshots: (group) => this.#snapshots?.progress(group) ?? [],
    })
  }

  async stop(): Promise<void> {
    this.life.stop()
    await this.life.closed
  }

  /** opening: the store, and every group in it. */
  async #open(): Promise<void> {
    this.#store = await openStore(this.#options, this.#settings)
    const { uuid: store, boot, run } = this.#store.identity
    await this.#headroom.begin(this.#store)
    const sender = { cluster: this.#settings.cluster, node: this.id, store, boot, run }
    const outbox = new Outbox({ ...this.#places, sender, isLow: () => this.#admission.isLow, logger: this.#settings.logger })
    const acquaintance = new Acquaintance(this.#store, this.#settings.logger)
    const shared = { ...this.#places, settings: this.#settings, store: this.#store, clock: this.#clock, outbox, acquaintance }
    const snapshots = new Snapshotting({
      ...shared,
      sender,
      refusals: this.#refusals,
      headroom: this.#headroom,
      engine: () => this.#engine,
    })
    this.#snapshots = snapshots
    const onFailure = (error: FlotillaError): void => this.life.fail(error)
    const witness = new Witness({ ...shared, hosting: () => this.#hosting, onBroken: onFailure })
    this.#engine = this.#makeEngine({ store: this.#store, outbox, snapshots, notes: witness, onFailure })
    this.#hosting = new Hosting({
      ...shared,
      witness,
      engine: this.#engine,
      sender,
      admission: this.#admission,
      services: this.#services,
      memberServices: this.#memberServices,
      memberDesk: this.#memberDesk,
      refusals: this.#refusals,
      snapshots,
      onFailure,
    })
    await this.#hosting.open()
  }

  get #places() {
    return { transport: this.#transport, subjects: this.#subjects }
  }

  #makeEngine(parts: Pick<EngineOptions, 'store' | 'outbox' | 'snapshots' | 'notes' | 'onFailure'>): Engine {
    const { electionTimeoutMs, heartbeatMs, chance, logger } = this.#settings
    const [services, memberServices] = [this.#services, this.#memberServices]
    const leading = new Leading({ node: this.id, ...this.#places, services, memberServices, logger })
    return new Engine({
      ...parts,
      clock: this.#clock,
      random: prng(Math.floor(chance.next() * 2 ** 31)),
      electionTimeoutMs,
      heartbeatMs,
      logger,
      onRole: (host, { role }) => leading.changed(host, role),
      onMembers: () => this.#hosting?.membersChanged(),
      onRemoved: (host) => this.#hosting?.retire(host),
      onBroken: (host, error) => {
        leading.end(host.group)
        this.#hosting?.broken(host, error)
      },
    })
  }

  /** joining: is anybody else of our name there? Then every peer begins. */
  async #join(): Promise<void> {
    this.#services.openHello()
    await sayHello({ ...this.#places, ...this.#settings, clock: this.#clock, nonce: this.nonce })
    checkPayload(this.#transport)
    const { engine, hosting } = this.#parts()
    this.#services.open()
    this.#memberServices.open()
    this.#subscriptions.push(
      openDiscovery({
        ...this.#places,
        instance: this.nonce,
        status: () => this.status(),
        started: new Date((this.#clock.date ?? Date.now)()).toISOString(),
      }),
    )
    this.#subscriptions.push(...hosting.start(), ...this.#maintenance().open())
    this.#snapshots?.open(hosting.groups.keys())
    engine.start()
  }

  /** draining: let others lead, answer who waits, save. */
  async #drain(): Promise<void> {
    if (this.#engine) await handOffAll(this.#engine, this.#clock, this.#settings.electionTimeoutMs)
    this.#unsubscribe()
    await this.#engine?.settle()
    await this.#close(new FlotillaError('CLOSED', 'the node was stopped'))
  }

  /** failed: acknowledge nothing; tell the best follower of each group that we lead to take over. */
  async #abandon(): Promise<void> {
    this.#engine?.abdicate()
    this.#unsubscribe()
    await this.#close(new FlotillaError('STORAGE_FAILED', 'the node has failed'))
  }

  #maintenance(): Maintenance {
    const { engine, snapshots } = this.#parts()
    const copying: Pick<MaintenanceOptions, 'backUp'> = { backUp: (asked) => backUpInto(this.#settings.backups, this, asked) }
    const [node, desk, clock, refusals] = [this.id, this.#desk, this.#clock, this.#refusals]
    const wake: MaintenanceOptions['wake'] = (host) => engine.wake(host)
    return new Maintenance({ node, desk, clock, refusals, ...this.#places, ...copying, wake, snapshots })
  }

  #unsubscribe(): void {
    this.#hosting?.stop()
    this.#services.close()
    this.#memberServices.close()
    for (const subscription of this.#subscriptions.splice(0)) subscription.unsubscribe()
  }

  async #close(error: FlotillaError): Promise<void> {
    this.#headroom.stop()
    this.#engine?.stop()
    for (const { host, life } of this.#hosting?.groups.values() ?? []) {
      host.waiters.rejectAll(error)
      life.tell({ type: 'stop' })
      life.tell({ type: 'flushed' })
    }
    try {
      await this.#snapshots?.close()
      await this.#store?.close()
    } catch (thrown) {
      this.#settings.logger.warn({ error: String(thrown) }, 'the store did not close cleanly')
    }
    await this.#transport.close()
  }

  #parts() {
    const [engine, hosting, snapshots] = [this.#engine, this.#hosting, this.#snapshots]
    if (!engine || !hosting || !snapshots) throw new FlotillaError('STORE_CLOSED', 'the node is not open')
    return { engine, hosting, snapshots }
  }
}
