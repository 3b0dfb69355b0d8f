/** The public names, nothing else. */

export { CODES, type Code, FlotillaError } from './base/errors.ts'
export type { ActorReply, ActorsClient, ActorType, ListOptions, StartOptions, TypedActorView } from './client/actors.ts'
export { type Client, type Connection, type ConnectOptions, connect, type NatsSource } from './client/client.ts'
export type {
  Bytes,
  Compared,
  InFamily,
  KvBatch,
  KvChange,
  KvClient,
  KvPage,
  KvRange,
  KvReadOptions,
  KvRow,
  KvWriteOptions,
  Written,
} from './client/kv.ts'
export type {
  CallOptions,
  ClientSettings,
  ClusterCalls,
  CommittedEntry,
  CommittedOptions,
  GroupCalls,
  LogOptions,
  ReadOptions,
  WriteOptions,
} from './client/types.ts'
export { wallClock } from './clock/wall.ts'
export { type Feed, type NodeView, type PollingFeed, type PollingFeedOptions, pollingFeed } from './inspector/feed.ts'
export { type Inspector, type InspectorOptions, type Supervisor, startInspector } from './inspector/server.ts'
export { createNode } from './node/node.ts'
export type { DiskOptions, GroupOptions, NodeOptions, Timing } from './node/options.ts'
export type { CallTime, FlotillaNode, ReadTime } from './node/types.ts'
export type { Cancel, Clock } from './ports/clock.ts'
export type { Logger } from './ports/logger.ts'
export type { Applied, StateMachine } from './ports/state-machine.ts'
export type { GroupStatus, NodeStatus, ProgressStatus, RoomStatus } from './ports/status.ts'
export type { NodeStore, StoreCopy } from './ports/store.ts'
export type { Range, Row, Table, TableReader, TableSnapshot, TableWrite } from './ports/table.ts'
export type { Headers, Incoming, Subscription, Transport, TransportEvent } from './ports/transport.ts'
export type { Entry, EntryKind, Role } from './protocol/types.ts'
export { actors } from './statemachines/actors/actors.ts'
/** Commands of replicated actors as bytes: for `node.propose`, and for whoever reads what was committed. */
export * as actorCommand from './statemachines/actors/command.ts'
export type { ActorRegistry, ActorsOf } from './statemachines/actors/registry.ts'
export type { ActorResult, ActorSummary, ActorValue, ActorView } from './statemachines/actors/result.ts'
/** Commands of the key-value store as bytes: for `node.propose`, and for whoever reads what was committed. */
export * as kvCommand from './statemachines/kv/command.ts'
export { type KvOptions, kv } from './statemachines/kv/kv.ts'
/** Questions to the key-value store as bytes: for `node.read` and `node.query`. */
export * as kvQuery from './statemachines/kv/query.ts'
/** Answers of the key-value store, taken apart. */
export * as kvResult from './statemachines/kv/result.ts'
export { loopback } from './transport/loopback/hub.ts'
export { connectionOptions, type NatsSettings } from './transport/nats/credentials.ts'
export type { NatsTransportOptions } from './transport/nats/dial.ts'
export { natsTransport } from './transport/nats/transport.ts'
export type { Consistency, FreshnessWish } from './wire/freshness.ts'
export type { Answer, LeaderHint, LoggedEntry, LogPage } from './wire/requests.ts'
