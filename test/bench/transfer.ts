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
import { CLUSTER, GROUP } from './orders.ts'
import { startNats } from './processes.ts'
import { memoryInUse } from './state.ts'

export interface TransferReport {
  readonly stateBytes: number
  /** From the wish to join until all is there. */
  readonly totalSeconds: number
  /** Of which chunks were fetched for so long. */
  readonly pullSeconds: number
  /** Bytes of the state in a second, while chunks were fetched. */
  readonly stateBytesPerSecond: number
  /** The same bytes, uncompressed, as bare messages of 64 KiB from a process to another. */
  readonly bareBytesPerSecond: number
  /** What a question to the sender took while the snapshot was on its way, in milliseconds. */
  readonly roundTripP99Ms: number
  /** Terms that began meanwhile. */
  readonly elections: number
  /** Heap and buffers that sender and receiver took more than before, at most, in bytes. */
  readonly grownBytes: { readonly sender: number; readonly receiver: number }
}

const CHUNK = new Uint8Array(64 * 1024)
const DEADLINE_MS = 600_000

export async function measureTransfer(parent: string | undefined, stateBytes: number): Promise<TransferReport> {
  const dir = mkdtempSync(join(parent ?? tmpdir(), 'flotilla-bench-'))
  const server = await startNats()
  const source = fork(fileURLToPath(new URL('./source.js', import.meta.url)), [server.url, join(dir, 'a'), String(stateBytes)])
  try {
    await once(source, 'message')
    const bareBytesPerSecond = await bareStream(server.url, Math.min(stateBytes, 256 * 1024 * 1024))
    const arrival = await joinAndWait(server.url, join(dir, 'b'))
    source.send('how was it?')
    const [{ grown, term }] = (await once(source, 'message')) as [{ grown: number; term: number }]
    const stateBytesPerSecond = stateBytes / arrival.pullSeconds
    const grownBytes = { sender: grown, receiver: arrival.grown }
    const { totalSeconds, pullSeconds, roundTripP99Ms } = arrival
    return {
      stateBytes,
      totalSeconds,
      pullSeconds,
      stateBytesPerSecond,
      bareBytesPerSecond,
      roundTripP99Ms,
      elections: term - 2, // one when the state was made, one when the node began
      grownBytes,
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

async function joinAndWait(url: string, dir: string) {
  const node = await createNode({
    cluster: CLUSTER,
    id: 'b',
    nodes: [],
    join: true,
    groups: [{ id: GROUP, stateMachine: kv() }],
    dir,
    transport: await natsTransport({ servers: url }),
  })
  const client = await connect({ cluster: CLUSTER, servers: url })
  const before = memoryInUse()
  const begin = performance.now()
  await client.members(GROUP).add('b', { learner: true })
  const seen = await watch(node, url)
  const totalSeconds = (performance.now() - begin) / 1000
  await client.close()
  await node.stop()
  return { totalSeconds, ...seen, grown: seen.peak - before }
}

const receiving = (node: FlotillaNode): SnapshotStatus | undefined =>
  node.status().groups[0]?.snapshots?.find(({ side }) => side === 'receiving')

/** Looks on until the state is there. */
async function watch(node: FlotillaNode, url: string) {
  const probe = await natsTransport({ servers: url })
  const times: number[] = []
  let pullSeconds = 0
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
    if (receiving(node)?.state === 'pulling') pullSeconds += (performance.now() - last) / 1000
    last = performance.now()
  }
  await probe.close()
  times.sort((a, b) => a - b)
  return { pullSeconds: Math.max(pullSeconds, 0.001), roundTripP99Ms: times[Math.floor(times.length * 0.99)] ?? 0, peak }
}
