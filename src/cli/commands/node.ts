/** `flotilla node`: one node as a process of its own. */

import { connect } from '../../client/client.ts'
import { wallClock } from '../../clock/wall.ts'
import { pollingFeed } from '../../inspector/feed.ts'
import { type Inspector, startInspector } from '../../inspector/server.ts'
import { createNode } from '../../node/node.ts'
import { type CompactionOptions, type DiskOptions, type NodeOptions, settingsOf } from '../../node/options.ts'
import type { Logger } from '../../ports/logger.ts'
import { kv } from '../../statemachines/kv/kv.ts'
import { loopback } from '../../transport/loopback/hub.ts'
import { natsTransport } from '../../transport/nats/transport.ts'
import { UsageError } from '../arguments.ts'
import { CONNECTION, type Command, type Invocation } from '../command.ts'
import { clusterOf, natsOptionsOf, shownAddress } from '../connection.ts'
import { asUsed, DONE, failureOf } from '../failures.ts'
import { isLevel, jsonLog, LEVELS } from '../json-log.ts'
import { logLink, sayingNowAndThen } from '../link.ts'
import { viewsOf } from '../views.ts'

const INSPECT_EVERY_MS = 250

export const node: Command = {
  name: 'node',
  summary: 'run one node of a cluster',
  detail:
    'Runs until SIGINT or SIGTERM, which stop it gracefully; a second one ends it at once. Waits for NATS as long as it takes. Logs\nJSON lines on standard error. Its groups are key-value stores, held by all nodes.',
  operands: [],
  flags: {
    ...CONNECTION,
    id: { value: 'NAME', help: 'name of this node' },
    nodes: { value: 'A,B,C', help: 'names of all nodes, the same everywhere', many: true },
    join: { help: 'found nothing: wait until the members of each group add this node' },
    'auto-promote': { help: 'while it leads, make voters of learners that have caught up' },
    dir: { value: 'DIR', help: 'directory of its store' },
    group: { value: 'ID', help: 'group to hold, may be repeated (kv)', many: true },
    'kv-families': { value: 'X,Y', help: 'column families beside default, lock and write', many: true },
    inspect: { value: 'PORT', help: 'serve the inspector page on this port of 127.0.0.1' },
    'election-timeout': { value: 'MS', help: 'silence after which an election begins (1000)' },
    'lease-reads': { help: 'answer --consistency lease without asking a majority; on all nodes, or on none' },
    priority: { value: 'N', help: 'of nodes that are equally far, who has more should lead (0)' },
    'log-entries': { value: 'N', help: 'applied entries in a log before it is cut off (100,000)' },
    'log-keep': { value: 'N', help: 'entries that a cut leaves for slow followers (20,000)' },
    'snapshot-rate': { value: 'KIB', help: 'KiB of snapshots that it sends, and takes, in a second (no limit)' },
    'disk-reserve': { value: 'MIB', help: 'disk to keep free; below it writes are refused (128, and more for a large store)' },
    backups: { value: 'DIR', help: 'where it copies its store to when asked (flotilla backup NAME --node …; nowhere)' },
    'disk-watchdog': { value: 'MS', help: 'a write that takes longer has failed (10000)' },
    'log-level': { value: 'LEVEL', help: `${LEVELS.join(', ')} (info)` },
  },
  async run(call) {
    const stop = call.terminal.interruption()
    const logger = loggerOf(call)
    const plan = planOf(call, logger)
    let page: Inspector | null = null
    try {
      page = await openPage(call, { stop, logger, name: 'flotilla-page' })
      const running = await start(call, { stop, plan, logger, page: page?.url ?? null })
      if (stop.aborted) await running.stop()
      else stop.addEventListener('abort', () => void running.stop(), { once: true })
      const failure = await running.closed
      if (failure === null) return DONE
      const { line, exitCode } = failureOf(failure, 'node')
      await call.terminal.err.write(`${line}\n`)
      return exitCode
    } catch (error) {
      if (stop.aborted) return DONE // interrupted while it waited for NATS
      throw error
    } finally {
      await page?.close()
    }
  },
}

function loggerOf({ args, terminal }: Invocation): Logger {
  const level = args.text('log-level') ?? 'info'
  if (!isLevel(level)) throw new UsageError(`--log-level is one of ${LEVELS.join(', ')}, not '${level}'`)
  return jsonLog((line) => void terminal.err.write(line), level)
}

/** Everything the command line says of the node, checked before anything is connected. */
function planOf({ args, terminal }: Invocation, logger: Logger): Omit<NodeOptions, 'transport'> {
  const id = args.needed('id')
  const nodes = args.list('nodes')
  const join = args.has('join')
  if (nodes.length === 0 && !join) throw new UsageError('--nodes is missing (or --join, to be added to a cluster that exists)')
  if (nodes.length > 0 && join)
    throw new UsageError('--nodes founds a cluster and --join waits to be added to one: give one of them')
  const electionTimeoutMs = args.whole('election-timeout', { min: 10, max: 600_000 })
  const priority = args.whole('priority', { min: 0, max: 1000 })
  const disk = diskOf(args)
  const families = args.list('kv-families')
  const groups = args.list('group')
  const compaction = compactionOf(args)
  const rate = args.whole('snapshot-rate', { min: 1, max: 2 ** 30 })
  return asUsed(() => {
    const plan = {
      cluster: clusterOf({ args, terminal }),
      id,
      nodes,
      join,
      autoPromote: args.has('auto-promote'),
      dir: args.needed('dir'),
      disk,
      logger,
      groups: (groups.length === 0 ? ['kv'] : groups).map((group) => ({ id: group, stateMachine: kv({ families }), compaction })),
      leaseReads: args.has('lease-reads'),
      ...(priority === undefined ? {} : { priority }),
      ...(rate === undefined ? {} : { snapshotBytesPerSecond: rate * 1024 }),
      ...(electionTimeoutMs === undefined ? {} : { timing: { electionTimeoutMs } }),
    }
    settingsOf({ ...plan, transport: loopback().connect('stand-in') }) // the true one comes once all else is right
    return plan
  })
}

function compactionOf(args: Invocation['args']): CompactionOptions {
  const entries = args.whole('log-entries', { min: 1, max: 10 ** 9 })
  const keep = args.whole('log-keep', { min: 0, max: 10 ** 9 })
  return { ...(entries === undefined ? {} : { entries }), ...(keep === undefined ? {} : { keep }) }
}

function diskOf(args: Invocation['args']): DiskOptions {
  const reserve = args.whole('disk-reserve', { min: 0, max: 1_048_576 })
  const watchdogMs = args.whole('disk-watchdog', { min: 100, max: 600_000 })
  const backups = args.text('backups')
  return {
    ...(backups === undefined ? {} : { backups }),
    ...(reserve === undefined ? {} : { reserveBytes: reserve * 1024 * 1024 }),
    ...(watchdogMs === undefined ? {} : { watchdogMs }),
  }
}

interface Start {
  readonly stop: AbortSignal
  readonly plan: Omit<NodeOptions, 'transport'>
  readonly logger: Logger
  readonly page: string | null
}

async function start(call: Invocation, { stop, plan, logger, page }: Start): ReturnType<typeof createNode> {
  const { transport, address } = await patiently(call, { stop, logger, name: `flotilla-${plan.id}` })
  logLink(transport, { logger, address })
  return createNode({ ...plan, transport, ...(page === null ? {} : { inspector: page }) })
}

interface Patience {
  readonly stop: AbortSignal
  readonly logger: Logger
  readonly name: string
}

/** A connection, however long it takes, and the address it was made with. */
async function patiently({ args, terminal }: Invocation, { stop, logger, name }: Patience) {
  const options = natsOptionsOf(args, terminal, name)
  const address = shownAddress([options.servers ?? []].flat().join(', '))
  const transport = await natsTransport({ ...options, signal: stop, onRetry: sayingNowAndThen(logger, address) })
  return { transport, address }
}

/** The page of the whole cluster, as this node's process sees it. */
async function openPage(call: Invocation, patience: Patience): Promise<Inspector | null> {
  const port = call.args.whole('inspect', { min: 0, max: 65_535 })
  if (port === undefined || patience.stop.aborted) return null
  const { transport } = await patiently(call, patience)
  const client = await connect({ cluster: clusterOf(call), transport })
  const feed = pollingFeed({ read: viewsOf(client), everyMs: INSPECT_EVERY_MS, clock: wallClock })
  const close = async (): Promise<void> => {
    feed.close()
    await client.close()
    await transport.close()
  }
  const page = await startInspector({ host: '127.0.0.1', port, feed }).catch(async (error: unknown) => {
    await close()
    throw error
  })
  return { url: page.url, close: () => Promise.all([page.close(), close()]).then(() => {}) }
}
