/**
 * A node as a NATS micro-service (ADR-32 of the NATS architecture): `nats micro ls | info | stats` find it and show its Raft state without any
 * tool of ours. Answers only; changes nothing.
 */

import { utf8 } from '../base/bytes.ts'
import type { NodeStatus } from '../ports/status.ts'
import type { Incoming, Subscription, Transport } from '../ports/transport.ts'
import type { Subjects } from '../wire/subjects.ts'

/** Name of the service that every node is an instance of. */
const NAME = 'flotilla-node'

type Verb = 'PING' | 'INFO' | 'STATS'

export interface DiscoveryOptions {
  readonly transport: Transport
  readonly subjects: Subjects
  /** Tells the instances of the service apart: this run of this node. */
  readonly instance: string
  readonly status: () => NodeStatus
  /** When this run began, as an ISO 8601 date. */
  readonly started: string
}

/** Answers `$SRV.PING`, `INFO` and `STATS`, for all services, for ours, and for this instance. */
export function openDiscovery(options: DiscoveryOptions): Subscription {
  const subscriptions = (['PING', 'INFO', 'STATS'] as const).flatMap((verb) => {
    const answer = (m: Incoming): void => {
      if (m.asks) m.respond(utf8(JSON.stringify(answerTo(verb, options))))
    }
    const subjects = [`$SRV.${verb}`, `$SRV.${verb}.${NAME}`, `$SRV.${verb}.${NAME}.${options.instance}`]
    return subjects.map((subject) => options.transport.subscribe(subject, answer))
  })
  return {
    unsubscribe: () => {
      for (const subscription of subscriptions) subscription.unsubscribe()
    },
  }
}

function answerTo(verb: Verb, options: DiscoveryOptions): object {
  const status = options.status()
  const { cluster, node, version, groups } = status
  const metadata = { cluster, node, groups: groups.map((group) => group.group).join(',') }
  const identity = {
    type: `io.nats.micro.v1.${verb.toLowerCase()}_response`,
    name: NAME,
    id: options.instance,
    version,
    metadata,
  }
  if (verb === 'PING') return identity
  if (verb === 'INFO') return { ...identity, description: 'A node of a Flotilla cluster', endpoints: endpointsOf(options, node) }
  return {
    ...identity,
    started: options.started,
    endpoints: endpointsOf(options, node).map((endpoint) => ({ ...endpoint, data: stateOf(status) })),
  }
}

const endpointsOf = ({ subjects }: DiscoveryOptions, node: string) => [
  { name: 'status', subject: subjects.node(node, 'status'), queue_group: '' },
]

/** What an operator wants to see first, of every group. */
function stateOf({ groups, connected, dropped }: NodeStatus): object {
  const brief = groups.map(({ group, role, term, leader, commit, applied }) => ({ group, role, term, leader, commit, applied }))
  return { connected, dropped, groups: brief }
}
