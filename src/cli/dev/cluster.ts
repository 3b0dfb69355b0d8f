/** A development cluster, whole: broker, nodes, client and page, started in order and ended in the other. Prints nothing. */

import { setTimeout as sleep } from 'node:timers/promises'
import { FlotillaError, isCode } from '../../base/errors.ts'
import { type Client, connect } from '../../client/client.ts'
import { wallClock } from '../../clock/wall.ts'
import { type PollingFeed, pollingFeed } from '../../inspector/feed.ts'
import type { Inspector } from '../../inspector/server.ts'
import type { NodeStatus } from '../../ports/status.ts'
import type { Broker } from '../../transport/broker/broker.ts'
import { viewsOf } from '../views.ts'
import { type Death, Fleet } from './fleet.ts'
import { brokerNear, pageNear } from './places.ts'

const LEADER_MS = 30_000
const LOOK_EVERY_MS = 100
const VIEW_EVERY_MS = 150

export interface DevOptions {
  readonly cluster: string
  readonly dir: string
  readonly names: readonly string[]
  readonly port: number
  /** Told when a node ends by itself after the cluster was launched. */
  readonly onDeath: (death: Death) => void
}

export class DevCluster {
  readonly broker: Broker
  readonly fleet: Fleet
  readonly client: Client
  readonly #options: DevOptions
  #feed: PollingFeed | null = null
  #page: Inspector | null = null
  #death: Death | null = null
  #launched = false

  private constructor(options: DevOptions, broker: Broker, client: Client) {
    this.#options = options
    this.broker = broker
    this.client = client
    this.fleet = new Fleet({
      ...options,
      url: broker.url,
      onDeath: (death) => {
        this.#death ??= death
        if (this.#launched) options.onDeath(death)
      },
    })
  }

  /** Starts broker and client; the nodes come with {@link launch}. */
  static async prepare(options: DevOptions): Promise<DevCluster> {
    const broker = await brokerNear(options.port)
    try {
      return new DevCluster(options, broker, await connect({ cluster: options.cluster, servers: broker.url, timeoutMs: 30_000 }))
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  /** Starts the nodes; resolves with the leader's name. Rejects when a node dies first, or nobody leads in time. */
  async launch(signal: AbortSignal): Promise<string> {
    await this.fleet.startAll()
    const deadline = performance.now() + LEADER_MS
    while (performance.now() < deadline && !signal.aborted) {
      const leader = leaderOf(await this.client.status({ waitMs: LOOK_EVERY_MS }))
      if (this.#death !== null) throw failureOf(this.#death)
      if (leader !== null) {
        this.#launched = true
        return leader
      }
      await sleep(LOOK_EVERY_MS)
    }
    throw new FlotillaError(
      'UNAVAILABLE',
      `no node became leader within ${LEADER_MS / 1000} seconds; see the logs in ${this.#options.dir}`,
    )
  }

  /** Serves the page; resolves with its address. */
  async openPage(): Promise<string> {
    const read = viewsOf(this.client, this.#options.names)
    this.#feed = pollingFeed({ read, everyMs: VIEW_EVERY_MS, clock: wallClock })
    this.#page = await pageNear({ feed: this.#feed, supervisor: this.fleet })
    return this.#page.url
  }

  /** Ends everything, the nodes before the broker they speak through. */
  async close(): Promise<void> {
    this.#feed?.close()
    await this.#page?.close()
    await this.fleet.stopAll()
    await this.client.close()
    await this.broker.close()
  }
}

/** Why a node did not come up, in its own words if it said any. */
function failureOf({ node, how, code, why }: Death): FlotillaError {
  return isCode(code)
    ? new FlotillaError(code, `node ${node}: ${why}`)
    : new FlotillaError('UNAVAILABLE', `node ${node} ended (${how})`)
}

/** The leader of group `kv`, once a node says so of itself. */
function leaderOf(statuses: readonly NodeStatus[]): string | null {
  const leads = (status: NodeStatus): boolean => status.groups.some(({ group, role }) => group === 'kv' && role === 'leader')
  return statuses.find(leads)?.node ?? null
}
