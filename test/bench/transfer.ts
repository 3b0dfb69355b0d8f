/** A snapshot on its way between two processes over NATS, beside the same bytes as bare messages; and what others feel of it. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { connect } from '../../src/client/client.ts'
import { createNode } from '../../src/node/node.ts'
import type { FlotillaNode } from '../../src/node/types.ts'
import type { SnapshotStatus } from '../../src/ports/status.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { median } from './load.ts'
import { CLUSTER, GROUP } from './orders.ts'
import { type Server, startNats } from './processes.ts'
import { memoryInUse } from './state.ts'

/** A snapshot to a node that joins, with bare messages before and after it. */
export interface TransferRound {
  /** From the wish to join until there was something to fetch: the state is exported, in the first round. */
  readonly exportSeconds: number
  /** For so long chunks were fetched. */
  readonly pullSeconds: number
  /** Until all was there. */
  readonly installSeconds: number
  /** Bytes of the state in a second, while chunks were fetched. */
  readonly stateBytesPerSecond: number
  /** The same bytes, uncompressed, as bare messages of 64 KiB through the same server, before and after: the mean. */
  readonly bareBytesPerSecond: number
  /** What a question to the sender took while the snapshot was on its way, in milliseconds. */
  readonly roundTripP99Ms: number
}

export interface TransferReport {
  readonly server: Server['kind']
  readonly stateBytes: number
  /** What of it travels: compressed. */
  readonly packedBytes: number
  readonly rounds: readonly TransferRound[]
  /** State against bare messages: the median of the rounds. */
  readonly ratio: number
  /** Terms that began meanwhile. */
  readonly elections: number
  /** Heap and buffers that sender and receiver took more than before, at most, in bytes. */
  readonly grownBytes: { readonly sender: number; readonly receiver: number }
}

export interface TransferPlan {
  readonly dir: string | undefined
  readonly stateBytes: number
  readonly rounds: number
}

const CHUNK = new Uint8Array(64 * 1024)
const BARE_BYTES_MAX = 256 * 1024 * 1024
const DEADLINE_MS = 600_000

export async function measureTransfer({ dir: parent, stateBytes, rounds: count }: TransferPlan): Promise<TransferReport> {
  const dir = mkdtempSync(join(parent ?? tmpdir(), 'flotilla-bench-'))
  const server = await startNats()
  const source = fork(fileURLToPath(new URL('./source.js', import.meta.url)), [server.url, join(dir, 'a'), String(stateBytes)])
  const bare = (): Promise<number> => bareStream(server.url, Math.min(stateBytes, BARE_BYTES_MAX))
  try {
    await once(source, 'message')
    const rounds: TransferRound[] = []
    let receiver = 0
    for (let round = 1; round <= count; round++) {
      const before = await bare()
      const { grown, ...arrival } = await joinAndWait(server.url, { dir, id: `b${round}` })
      const bareBytesPerSecond = (before + (await bare())) / 2
      rounds.push({ ...arrival, stateBytesPerSecond: stateBytes / arrival.pullSeconds, bareBytesPerSecond })
      receiver = Math.max(receiver, grown)
    }
    source.send('how was it?')
    const [{ grown, term, packed }] = (await once(source, 'message')) as [{ grown: number; term: number; packed: number }]
    return {
      server: server.kind,
      stateBytes,
      packedBytes: packed,
      rounds,
      ratio: median(rounds.map((one) => one.stateBytesPerSecond / one.bareBytesPerSecond)),
      elections: term - 2, // one when the state was made, one when the node began
      grownBytes: { sender: grown, receiver },
    }
  } finally {
    if (source.connected) source.disconnect()
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Bytes a second of bare messages through the server, from this connection to another one. */
async function bareStream(url: string, bytes: number): Promise<number> {
  const [from, to] = [await natsTransport({ servers: url }), await natsTransport({ servers: url })]
  let arrived = 0
  const begin = performance.now()
  to.subscribe('bench.bare', ({ data }) => {
    arrived += data.length
  })
  await to.flush()
  for (let sent = 0; sent < bytes; sent += CHUNK.length) {
    from.publish('bench.bare', CHUNK)
    while (sent - arrived > 4 * 1024 * 1024) await sleep(0)
  }
  while (arrived < bytes) await sleep(1)
  const seconds = (performance.now() - begin) / 1000
  await from.close()
  await to.close()
  return bytes / seconds
}

async function joinAndWait(url: string, { dir, id }: { readonly dir: string; readonly id: string }) {
  const node = await createNode({
    cluster: CLUSTER,
    id,
    nodes: [],
    join: true,
    groups: [{ id: GROUP, stateMachine: kv() }],
    dir: join(dir, id),
    transport: await natsTransport({ servers: url }),
  })
  const client = await connect({ cluster: CLUSTER, servers: url })
  const members = client.members(GROUP)
  const before = memoryInUse()
  await members.add(id, { learner: true })
  const { peak, ...seen } = await watch(node, url)
  await members.remove(id)
  await client.close()
  await node.stop()
  rmSync(join(dir, id), { recursive: true })
  return { ...seen, grown: peak - before }
}

const receiving = (node: FlotillaNode): SnapshotStatus | undefined =>
  node.status().groups[0]?.snapshots?.find(({ side }) => side === 'receiving')

/** Looks on until the state is there. */
async function watch(node: FlotillaNode, url: string) {
  const probe = await natsTransport({ servers: url })
  const times: number[] = []
  const seconds = { exportSeconds: 0, pullSeconds: 0.001, installSeconds: 0 }
  let phase: keyof typeof seconds = 'exportSeconds'
  let peak = 0
  let last = performance.now()
  const end = last + DEADLINE_MS
  while ((node.status().groups[0]?.applied ?? 0) < 10) {
    if (performance.now() > end) throw new Error(`no state within ${DEADLINE_MS} ms`)
    const asked = performance.now()
    await probe.request(`flotilla.${CLUSTER}.node.a.status`, new Uint8Array(0), { timeoutMs: 10_000 })
    times.push(performance.now() - asked)
    peak = Math.max(peak, memoryInUse())
    await sleep(10)
    const state = receiving(node)?.state
    if (state === 'pulling') phase = 'pullSeconds'
    else if (state === 'verifying' || state === 'installing') phase = 'installSeconds'
    seconds[phase] += (performance.now() - last) / 1000
    last = performance.now()
  }
  await probe.close()
  times.sort((a, b) => a - b)
  return { ...seconds, roundTripP99Ms: times[Math.floor(times.length * 0.99)] ?? 0, peak }
}
