/** One node as a process of its own, for tests that kill it. Says what becomes of it as lines of JSON; knows no test. */

import { EMPTY, text, utf8 } from '../../src/base/bytes.ts'
import { FlotillaError } from '../../src/base/errors.ts'
import { createNode } from '../../src/node/node.ts'
import type { FlotillaNode } from '../../src/node/types.ts'
import { actors } from '../../src/statemachines/actors/actors.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { encodeGet } from '../../src/statemachines/kv/query.ts'
import { decodeGetResult } from '../../src/statemachines/kv/result.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import type { Commit } from '../../src/storage/lmdb/writer.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { registry } from './counter.ts'

/** What the process is told, as JSON in its first argument. */
export interface NodeProcessOptions {
  readonly cluster: string
  readonly id: string
  readonly nodes: readonly string[]
  /** It founds nothing, and waits to be added. */
  readonly join?: boolean
  readonly servers: string
  readonly dir: string
  readonly electionTimeoutMs: number
  /** Every write to disk begins so much later: what is promised too early is then lost in a kill. */
  readonly diskDelayMs: number
  readonly leaseReads: boolean
  /** Bytes of disk that it keeps free. Usually none: tests run on whatever disk there is. */
  readonly reserveBytes: number
}

/** What it says. */
export type NodeProcessLine =
  | { readonly event: 'serving' }
  | { readonly event: 'refused' | 'failed'; readonly code: string; readonly message: string }
  | { readonly event: 'stopped' }
  | { readonly event: 'read'; readonly began: number; readonly value: string }

/** A node with leases reads for itself this often: also at once when its process goes on after it stood still, before it has heard of anything. */
const READ_EVERY_MS = 20

async function readOnce(node: FlotillaNode): Promise<void> {
  const began = Date.now()
  try {
    const { body } = await node.read('kv', encodeGet('default', utf8('k')), { consistency: 'lease', timeoutMs: 1000 })
    say({ event: 'read', began, value: text(decodeGetResult(body) ?? EMPTY) })
  } catch {} // no answer is a legal answer
}

const say = (line: NodeProcessLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

/** Says the last word and ends the process: 0 when it was asked to, 1 when it had to. */
function end(event: 'refused' | 'failed', error: unknown): void {
  const code = error instanceof FlotillaError ? error.code : 'none'
  say({ event, code, message: String(error) })
  process.exitCode = 1
  setTimeout(() => process.exit(), 100) // whatever still hangs
}

async function main(options: NodeProcessOptions): Promise<void> {
  const { cluster, id, nodes, servers, dir, electionTimeoutMs, diskDelayMs, leaseReads, reserveBytes, join = false } = options
  const transport = await natsTransport({ servers, reconnectTimeWait: 50, reconnectJitter: 10 })
  const groups = [
    { id: 'kv', stateMachine: kv() },
    { id: 'actors', stateMachine: actors(registry) },
  ]
  const slowly =
    (commit: Commit): Commit =>
    async (changes) => {
      await new Promise((resolve) => setTimeout(resolve, diskDelayMs))
      return commit(changes)
    }
  const store = await openLmdb({ dir, cluster, node: id, ...(diskDelayMs > 0 && { wrapCommit: slowly }) })
  const disk = { reserveBytes }
  const node = await createNode({
    cluster,
    id,
    nodes,
    join,
    groups,
    transport,
    store,
    disk,
    leaseReads,
    timing: { electionTimeoutMs },
  })
  process.once('SIGTERM', () => void node.stop())
  say({ event: 'serving' })
  if (leaseReads) setInterval(() => void readOnce(node), READ_EVERY_MS).unref()
  const error = await node.closed
  if (error) end('failed', error)
  else {
    say({ event: 'stopped' })
    process.exit()
  }
}

process.stdin.on('end', () => process.exit(3)).resume() // nobody outlives its test
main(JSON.parse(process.argv[2] ?? '{}') as NodeProcessOptions).catch((error: unknown) => end('refused', error))
