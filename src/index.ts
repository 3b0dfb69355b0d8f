/** The public names, nothing else. */

export { CODES, type Code, FlotillaError } from './base/errors.ts'
export type {
  CallOptions,
  ClientOptions,
  ClusterCalls,
  CommittedEntry,
  CommittedOptions,
  ReadOptions,
  WriteOptions,
} from './client/types.ts'
export { type CallTime, createNode, type FlotillaNode } from './node/node.ts'
export type { GroupOptions, NodeOptions, Timing } from './node/options.ts'
export type { Logger } from './ports/logger.ts'
export type { Applied, StateMachine } from './ports/state-machine.ts'
export type { GroupStatus, NodeStatus, ProgressStatus } from './ports/status.ts'
export type { Range, Row, Table, TableReader, TableSnapshot, TableWrite } from './ports/table.ts'
export type { Headers, Incoming, Subscription, Transport, TransportEvent } from './ports/transport.ts'
export type { Entry, EntryKind, Role } from './protocol/types.ts'
export { actors } from './statemachines/actors/actors.ts'
export { type KvOptions, kv } from './statemachines/kv/kv.ts'
export { connectionOptions, type NatsSettings } from './transport/nats/credentials.ts'
export type { NatsTransportOptions } from './transport/nats/dial.ts'
export { natsTransport } from './transport/nats/transport.ts'
export type { Answer } from './wire/requests.ts'
