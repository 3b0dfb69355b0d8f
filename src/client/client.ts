/** The client's door: connects, and hands out typed clients of a group's state machine. Knows no protocol itself. */

import type { Transport } from '../ports/transport.ts'
import type { ActorRegistry } from '../statemachines/actors/registry.ts'
import { natsTransport } from '../transport/nats/transport.ts'
import type { LeaderHint } from '../wire/requests.ts'
import { type ActorsClient, actorsClient } from './actors.ts'
import { checkConnect } from './checks.ts'
import { Cluster } from './cluster.ts'
import { type KvClient, kvClient } from './kv.ts'
import { type MembersClient, membersClient } from './members.ts'
import { type ReadmitOptions, type Readmitted, readmit } from './readmission.ts'
import { handOver } from './transfer.ts'
import type { CallOptions, ClientSettings, ClusterCalls } from './types.ts'

/** The NATS client's own options with ours, or a connection that the caller keeps and closes. */
export type NatsSource = NonNullable<Parameters<typeof natsTransport>[0]>

/** How to reach the cluster: exactly one of the three. */
export type Connection =
  /** Addresses of NATS servers, `nats://host:port`. The connection is closed with the client. */
  | { readonly servers: string | readonly string[]; readonly nats?: never; readonly transport?: never }
  /** All options of the NATS client (authentication, TLS, inbox prefix), or a ready connection of yours. */
  | { readonly nats: NatsSource; readonly servers?: never; readonly transport?: never }
  /** A transport of yours; it is not closed with the client. */
  | { readonly transport: Transport; readonly servers?: never; readonly nats?: never }

/** Options of {@link connect}. */
export type ConnectOptions = ClientSettings & Connection

/** A cluster, from outside, and the typed clients of its groups. */
export interface Client extends ClusterCalls {
  /**
   * Hands leadership to the replica on node `to`, or to the follower that is furthest; resolves with who leads then. Rejects with `TARGET_INVALID`, or
   * `TIMEOUT` when nobody took over: then the leader leads on.
   */
  transfer(group: string, to?: string | null, options?: CallOptions): Promise<LeaderHint>
  /** A group whose state machine is `kv()`. */
  kv(group: string): KvClient
  /** A group whose state machine is `actors(registry)`; `actors<typeof registry>('group')` is typed by its machines. */
  actors<R extends ActorRegistry>(group: string): ActorsClient<R>
  /** Who a group's members are, and how they change. */
  members(group: string): MembersClient
  /**
   * Takes a node back whose disk was lost, replaced or rolled back: out of all its groups, and into each of them again under a new id, filled from
   * nothing; where it voted, it votes again once it has caught up, if that is before the deadline (15 seconds).
   */
  readmit(node: string, options?: ReadmitOptions): Promise<readonly Readmitted[]>
}

/**
 * Connects to a cluster. Rejects with `DISCONNECTED` when NATS is not reached within `timeoutMs`, with `CONFIG_INVALID` when it refuses
 * the credentials or an option is wrong. Whether the cluster is there shows with the first call.
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  checkConnect(options)
  const { servers, nats, transport, ...settings } = options
  if (transport !== undefined) return new ConnectedClient(settings, transport, async () => {})
  const connectTimeoutMs = settings.timeoutMs ?? 5000
  const source = nats ?? { servers: typeof servers === 'string' ? servers : [...(servers ?? [])] }
  const opened = await natsTransport('publish' in source ? source : { connectTimeoutMs, ...source })
  try {
    return new ConnectedClient(settings, opened, () => opened.close())
  } catch (error) {
    await opened.close()
    throw error
  }
}

class ConnectedClient extends Cluster implements Client {
  readonly #disconnect: () => Promise<void>

  constructor(settings: ClientSettings, transport: Transport, disconnect: () => Promise<void>) {
    super({ ...settings, transport })
    this.#disconnect = disconnect
  }

  kv(group: string): KvClient {
    return kvClient(this, group)
  }

  actors<R extends ActorRegistry>(group: string): ActorsClient<R> {
    return actorsClient<R>(this, group)
  }

  transfer(group: string, to: string | null = null, options?: CallOptions): Promise<LeaderHint> {
    return handOver(this, { group, to }, options)
  }

  members(group: string): MembersClient {
    return membersClient(this, group)
  }

  readmit(node: string, options?: ReadmitOptions): Promise<readonly Readmitted[]> {
    const { clock } = this.world
    return readmit({ status: (wait) => this.status(wait), members: (group) => this.members(group), clock }, node, options)
  }

  override async close(): Promise<void> {
    await super.close()
    await this.#disconnect()
  }
}
