/** How a node is set up: what the program says, checked and completed. */

import { z } from 'zod'
import { FlotillaError } from '../base/errors.ts'
import { GROUPS_MAX, ID_PATTERN } from '../base/limits.ts'
import { systemChance } from '../chance/system.ts'
import type { Chance } from '../ports/chance.ts'
import type { Clock } from '../ports/clock.ts'
import { type Logger, silent } from '../ports/logger.ts'
import type { StateMachine } from '../ports/state-machine.ts'
import type { NodeStore } from '../ports/store.ts'
import type { Trace } from '../ports/trace.ts'
import type { Transport } from '../ports/transport.ts'
import { type CompactionPolicy, checkCompaction, DEFAULT_COMPACTION } from '../protocol/compaction.ts'
import { DEFAULT_SETTINGS, type RaftSettings } from '../protocol/settings.ts'

/** A replicated log and the state machine its entries are for. */
export interface GroupOptions {
  readonly id: string
  readonly stateMachine: StateMachine
  /** Names of the nodes it is founded with. Default: all nodes of the cluster. Once the group exists, its members change at run time. */
  readonly nodes?: readonly string[]
  /** How long the group's log may become on this node. */
  readonly compaction?: CompactionOptions
}

/** What is not said is as in {@link CompactionPolicy}'s defaults. */
export type CompactionOptions = Partial<CompactionPolicy>

/** How long silence lasts until something is done about it. */
export interface Timing {
  /**
   * A follower that hears nothing for one to two times this begins an election, in milliseconds. Default 1000. Above the time your NATS needs
   * to fail over, and well above a flush to disk.
   */
  readonly electionTimeoutMs?: number
  /** A leader says that it is there this often. Default: a tenth of the election timeout. */
  readonly heartbeatMs?: number
}

/** What a node asks of the disk of its store. */
export interface DiskOptions {
  /**
   * Bytes kept free: below it writes are refused with `STORAGE_FULL`. Default: 128 MiB, and as much again as the store has, up to 512 MiB of that.
   * Smaller for disks that are, and better not.
   */
  readonly reserveBytes?: number
  /** Milliseconds after which a write or flush that has not settled counts as failed: 100 to 600000, default 10000. */
  readonly watchdogMs?: number
  /** Directory into which operators may have this node copy its store (`flotilla backup`), under names of their choice. Default: none, and they may not. */
  readonly backups?: string
}

/** How a node is set up. Checked by createNode, which rejects with `CONFIG_INVALID` and says what is wrong. */
export interface NodeOptions {
  /** Name of the cluster; with `prefix` the beginning of all subjects. */
  readonly cluster: string
  /** Name of this node, unique in its cluster. */
  readonly id: string
  /**
   * Names of all nodes that found the cluster, this one included, the same everywhere. The order does not matter. A group that exists keeps the members
   * it has. May be empty for who joins.
   */
  readonly nodes: readonly string[]
  readonly groups: readonly GroupOptions[]
  /**
   * This node founds nothing: it serves at once, and takes part in each of its groups as soon as the members there have added it. Default false.
   */
  readonly join?: boolean
  /** While this node leads, it makes voters of learners that have caught up, one at a time. Default false. */
  readonly autoPromote?: boolean
  /** The connection. Closed with the node if the node should own it: see `natsTransport`. */
  readonly transport: Transport
  /** Directory of the store; made if it is not there. */
  readonly dir?: string
  /** A store of your own instead of a directory. */
  readonly store?: NodeStore
  readonly disk?: DiskOptions
  readonly prefix?: string
  readonly timing?: Timing
  /**
   * Whether this node answers reads under a lease, and makes the promises that leases of others need. Default false. The same on all nodes, as is the
   * election timeout: a node without it may vote too early after a restart.
   */
  readonly leaseReads?: boolean
  /** Of nodes whose logs end alike, the one with the higher priority should lead. 0 (default) to 1000. */
  readonly priority?: number
  /** Whether proposals that come to a follower are passed on to the leader, with their deadline. Default true; else they are refused `NOT_LEADER`. */
  readonly forward?: boolean
  /** What this node sends of snapshots in a second, and what it receives, in bytes. Default: as much as the network takes. */
  readonly snapshotBytesPerSecond?: number
  readonly logger?: Logger
  /** Time, and turns of the event loop. Default: the machine's. */
  readonly clock?: Clock
  /** What is left to chance: timeouts, names. Default: the system's. */
  readonly chance?: Chance
  /** Whether snapshots are compressed on the thread pool. Default true. False: in turns of the event loop, for runs that must repeat. */
  readonly offload?: boolean
  /** Shown every step of the core. Default: nobody looks. */
  readonly trace?: Trace
  /** Where this node's inspector page is, for status. */
  readonly inspector?: string
  /** Called when the node had to fail (its disk, an invariant): it acknowledges nothing any more. A process should then exit non-zero. */
  readonly onFailure?: (error: FlotillaError) => void
}

const id = z.string().regex(ID_PATTERN, "ids are 1 to 63 of a-z, 0-9, '-' and '_', beginning with a letter or digit")
const names = z
  .array(id)
  .max(99)
  .refine((ids) => new Set(ids).size === ids.length, 'names must be unique')
const unique = names.min(1)
const milliseconds = z.number().min(10).max(600_000)

/** An instance of a port, by what it can do: a class of the user's own fits, and is passed on as it is. */
const port = (what: string, ...methods: readonly string[]) =>
  z.unknown().superRefine((value, { addIssue }) => {
    const members = (typeof value === 'object' || typeof value === 'function') && value !== null ? value : undefined
    const missing = methods.find((method) => typeof Reflect.get(members ?? {}, method) !== 'function')
    if (members === undefined) addIssue(`must be ${what}, not ${value === null ? 'null' : typeof value}`)
    else if (value instanceof Promise) addIssue(`must be ${what}, not a promise of one: await it`)
    else if (missing !== undefined) addIssue(`must be ${what}, and has no ${missing}()`)
  })

const stateMachine = port('a state machine, such as kv() or actors()', 'check', 'apply', 'query', 'topic').pipe(
  z.looseObject({ kind: z.string().min(1), families: z.array(z.string()) }),
)
const transport = port(
  'a transport, such as that of natsTransport()',
  ...['publish', 'subscribe', 'request', 'requestMany', 'watch', 'flush', 'close'],
)
const store = port(
  'a store',
  ...['groups', 'open', 'destroy', 'tombstone', 'reader', 'table', 'write', 'bytes', 'room', 'remember', 'recall', 'close'],
)
const onFailure = z.custom((value) => typeof value === 'function', 'must be a function')

/** Of which numbers these are, checkCompaction knows more. */
const compaction = z.strictObject({
  entries: z.number().optional(),
  bytes: z.number().optional(),
  ratio: z.number().optional(),
  keep: z.number().optional(),
})

/** Strict: a misspelt option would be one that silently does nothing. */
const schema = z.strictObject({
  cluster: id,
  id,
  nodes: names,
  groups: z
    .array(z.strictObject({ id, stateMachine, nodes: unique.optional(), compaction: compaction.optional() }))
    .min(1)
    .max(GROUPS_MAX),
  join: z.boolean().default(false),
  autoPromote: z.boolean().default(false),
  transport,
  dir: z.string().min(1).optional(),
  store: store.optional(),
  disk: z
    .strictObject({
      reserveBytes: z.int().min(0).optional(),
      watchdogMs: z.number().min(100).max(600_000).optional(),
      backups: z.string().min(1).optional(),
    })
    .prefault({}),
  prefix: id.default('flotilla'),
  timing: z.strictObject({ electionTimeoutMs: milliseconds.default(1000), heartbeatMs: milliseconds.optional() }).prefault({}),
  leaseReads: z.boolean().default(false),
  priority: z.int().min(0).max(1000).default(0),
  forward: z.boolean().default(true),
  snapshotBytesPerSecond: z.int().min(1024).optional(),
  logger: port('a logger', 'debug', 'info', 'warn', 'error').optional(),
  clock: port('a clock', 'now', 'after').optional(),
  chance: port('a source of chance', 'next', 'bytes').optional(),
  offload: z.boolean().default(true),
  trace: port('a trace').optional(),
  inspector: z.string().optional(),
  onFailure: onFailure.optional(),
})

/** A group's options, checked and complete. */
export interface GroupSettings {
  readonly id: string
  readonly stateMachine: StateMachine
  readonly nodes: readonly string[]
  readonly compaction: CompactionPolicy
}

/** Options, checked and complete. */
export interface NodeSettings {
  readonly cluster: string
  readonly id: string
  readonly nodes: readonly string[]
  readonly groups: readonly GroupSettings[]
  readonly join: boolean
  readonly autoPromote: boolean
  readonly prefix: string
  readonly electionTimeoutMs: number
  readonly heartbeatMs: number
  readonly leaseReads: boolean
  readonly priority: number
  readonly forward: boolean
  /** Null: no limit. */
  readonly snapshotBytesPerSecond: number | null
  readonly chance: Chance
  readonly offload: boolean
  readonly trace: Trace | null
  readonly logger: Logger
  readonly inspector: string | null
  /** Bytes of disk to keep free; null: what the store's size asks for. */
  readonly reserveBytes: number | null
  /** Null: what the store thinks. */
  readonly watchdogMs: number | null
  /** Null: no operator may have the store copied. */
  readonly backups: string | null
}

/** Checks options; throws `CONFIG_INVALID` naming what is wrong. */
export function settingsOf(options: NodeOptions): NodeSettings {
  const parsed = schema.safeParse(options)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`${issue?.path.join('.') || 'options'}: ${issue?.message ?? 'not valid'}`)
  }
  const { cluster, id: self, prefix, timing, join } = parsed.data
  const nodes = parsed.data.nodes.toSorted()
  if (!join && nodes.length === 0) throw invalid('nodes: name the nodes of the cluster, or let this one join')
  if (!join && !nodes.includes(self)) throw invalid(`id: '${self}' is not one of nodes ${nodes.join(', ')}`)
  const heartbeatMs = timing.heartbeatMs ?? timing.electionTimeoutMs / 10
  if (heartbeatMs * 2 > timing.electionTimeoutMs) throw invalid('timing.heartbeatMs: must be at most half of electionTimeoutMs')
  return {
    cluster,
    id: self,
    nodes,
    groups: groupsOf(options, self, nodes),
    join,
    autoPromote: parsed.data.autoPromote,
    prefix,
    electionTimeoutMs: timing.electionTimeoutMs,
    heartbeatMs,
    leaseReads: parsed.data.leaseReads,
    priority: parsed.data.priority,
    forward: parsed.data.forward,
    snapshotBytesPerSecond: parsed.data.snapshotBytesPerSecond ?? null,
    chance: options.chance ?? systemChance,
    offload: parsed.data.offload,
    trace: options.trace ?? null,
    logger: options.logger ?? silent,
    inspector: options.inspector ?? null,
    reserveBytes: parsed.data.disk.reserveBytes ?? null,
    watchdogMs: parsed.data.disk.watchdogMs ?? null,
    backups: parsed.data.disk.backups ?? null,
  }
}

/**
 * What the core is to know of it. It passes nothing on by itself: a node does so by a request, since only then does who proposed hear what became of it.
 */
export const raftSettingsOf = ({ leaseReads, priority }: Pick<NodeSettings, 'leaseReads' | 'priority'>): RaftSettings => ({
  ...DEFAULT_SETTINGS,
  forwardProposals: false,
  leaseReads,
  priority,
})

function groupsOf(options: NodeOptions, self: string, nodes: readonly string[]): GroupSettings[] {
  const seen = new Set<string>()
  return options.groups.map((group) => {
    if (seen.has(group.id)) throw invalid(`groups: '${group.id}' is given twice`)
    seen.add(group.id)
    const hosts = (group.nodes ?? nodes).toSorted()
    const settings = { id: group.id, stateMachine: group.stateMachine, nodes: hosts, compaction: compactionOf(group) }
    if (options.join) return settings
    const stranger = hosts.find((host) => !nodes.includes(host))
    if (stranger !== undefined) throw invalid(`groups.${group.id}: '${stranger}' is not one of nodes ${nodes.join(', ')}`)
    if (!hosts.includes(self)) throw invalid(`groups.${group.id}: node '${self}' is not one of its nodes ${hosts.join(', ')}`)
    return settings
  })
}

function compactionOf({ compaction: { entries, bytes, ratio, keep } = {} }: GroupOptions): CompactionPolicy {
  const usual = DEFAULT_COMPACTION
  const policy = {
    entries: entries ?? usual.entries,
    bytes: bytes ?? usual.bytes,
    ratio: ratio ?? usual.ratio,
    keep: keep ?? usual.keep,
  }
  checkCompaction(policy)
  return policy
}

const invalid = (message: string): FlotillaError => new FlotillaError('CONFIG_INVALID', message)
