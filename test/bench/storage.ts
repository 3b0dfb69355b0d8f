/** What the store costs: flushes shared by many entries, reads of the log, rows that are overwritten, restarts. Knows nothing of Raft. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createNode } from '../../src/node/node.ts'
import type { NodeStore } from '../../src/ports/store.ts'
import type { Entry } from '../../src/protocol/types.ts'
import { encodePut } from '../../src/statemachines/kv/command.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { encodeGet } from '../../src/statemachines/kv/query.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { loopback } from '../../src/transport/loopback/hub.ts'
import { flushTimes } from './disk.ts'
import { median } from './load.ts'
import { CLUSTER, GROUP, keyOf, VALUE } from './orders.ts'
import { ALONE, fill } from './state.ts'

export interface GroupCommit {
  readonly entriesPerFlush: number
  readonly entriesPerSecond: number
  /** A bare append of as many bytes with its fdatasync, against a write of the store. */
  readonly bareOverStore: number
}

export interface Restart {
  readonly what: string
  /** From nothing to a node that serves and leads. */
  readonly seconds: number
}

export interface StorageReport {
  readonly groupCommit: readonly GroupCommit[]
  readonly readsPerSecond: number
  readonly readMegabytesPerSecond: number
  readonly overwrites: number
  readonly overwrittenRowBytes: number
  readonly overwrittenFileBytes: number
  readonly restarts: readonly Restart[]
}

/** How large everything is. */
export interface StoragePlan {
  readonly dir: string | undefined
  readonly ms: number
  readonly logEntries: number
  readonly stateBytes: number
  readonly overwrites: number
}

const BATCHES = [1, 16, 64, 256, 1000]

export async function measureStorage(plan: StoragePlan): Promise<StorageReport> {
  const dir = mkdtempSync(join(plan.dir ?? tmpdir(), 'flotilla-bench-'))
  try {
    const groupCommit: GroupCommit[] = []
    for (const batch of BATCHES) groupCommit.push(await commits(dir, batch, plan.ms))
    const restarts = [await restartWithLog(dir, plan.logEntries), await restartWithState(dir, plan.stateBytes)]
    const reads = await logReads(join(dir, 'log'), plan.ms)
    return { groupCommit, ...reads, ...(await overwriting(dir, plan.overwrites)), restarts }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const openAt = (dir: string): Promise<NodeStore> => openLmdb({ dir, cluster: CLUSTER, node: 'a' })

const entriesFrom = (first: number, count: number): Entry[] =>
  Array.from({ length: count }, (_, i) => ({
    index: first + i,
    term: 1,
    kind: 'command',
    data: encodePut('default', keyOf(first + i), VALUE),
  }))

async function commits(parent: string, batch: number, ms: number): Promise<GroupCommit> {
  const dir = join(parent, `commits-${batch}`)
  const store = await openAt(dir)
  await store.open(GROUP, { ...ALONE, kind: 'kv' })
  const times: number[] = []
  let next = 1
  for (const end = performance.now() + ms; performance.now() < end; next += batch) {
    const entries = entriesFrom(next, batch)
    const begin = performance.now()
    await store.write([{ group: GROUP, entries }])
    times.push(performance.now() - begin)
  }
  await store.close()
  const bytes = entriesFrom(1, batch).reduce((sum, { data }) => sum + data.length, 0)
  const bare = median(flushTimes(dir, { bytes, times: 50 }))
  const one = median(times)
  return { entriesPerFlush: batch, entriesPerSecond: (batch * 1000) / one, bareOverStore: bare / one }
}

/** Writes a log, all of it applied and none of it cut off, and times a node's way from the disk to serving as its leader. */
async function restartWithLog(parent: string, count: number): Promise<Restart> {
  const dir = join(parent, 'log')
  const store = await openAt(dir)
  await store.open(GROUP, { ...ALONE, kind: 'kv' })
  for (let next = 1; next <= count; next += 10_000) {
    const entries = entriesFrom(next, Math.min(10_000, count - next + 1))
    await store.write([{ group: GROUP, hardState: { term: 1, vote: 1, commit: next }, entries }])
  }
  store.table(GROUP).apply(count, [])
  await store.write([{ group: GROUP, hardState: { term: 1, vote: 1, commit: count } }])
  await store.close()
  return { what: `a log of ${count.toLocaleString('en')} entries`, seconds: await timeToServe(dir) }
}

async function restartWithState(parent: string, bytes: number): Promise<Restart> {
  const dir = join(parent, 'state')
  const store = await openAt(dir)
  await fill(store, bytes)
  await store.close()
  return { what: `a state of ${(bytes / 2 ** 20).toFixed(0)} MiB`, seconds: await timeToServe(dir) }
}

async function timeToServe(dir: string): Promise<number> {
  const begin = performance.now()
  const node = await createNode({
    cluster: CLUSTER,
    id: 'a',
    nodes: ['a'],
    groups: [{ id: GROUP, stateMachine: kv(), compaction: { entries: 2 ** 40, bytes: 2 ** 50, ratio: 2 ** 20 } }],
    dir,
    transport: loopback().connect('a'),
    timing: { electionTimeoutMs: 100 },
  })
  while (node.status().groups[0]?.role !== 'leader') await sleep(5)
  await node.read(GROUP, encodeGet('default', keyOf(1)), { timeoutMs: 60_000 })
  const seconds = (performance.now() - begin) / 1000
  await node.stop()
  return seconds
}

async function logReads(dir: string, ms: number): Promise<Pick<StorageReport, 'readsPerSecond' | 'readMegabytesPerSecond'>> {
  const store = await openAt(dir)
  const { lastIndex, truncated } = await store.open(GROUP, { ...ALONE, kind: 'kv' })
  const reader = store.reader(GROUP)
  let [read, bytes, at] = [0, 0, truncated.index + 1]
  const begin = performance.now()
  while (performance.now() < begin + ms) {
    const page = reader.entries(at, lastIndex + 1, 256 * 1024)
    for (const { data } of page) bytes += data.length
    read += page.length
    at = (page.at(-1)?.index ?? lastIndex) + 1
    if (at > lastIndex) at = truncated.index + 1
  }
  const seconds = (performance.now() - begin) / 1000
  await store.close()
  return { readsPerSecond: read / seconds, readMegabytesPerSecond: bytes / seconds / 1e6 }
}

/** Overwrites ten thousand rows again and again, a hundred a transaction: the file may not grow with the number of writes. */
async function overwriting(
  parent: string,
  count: number,
): Promise<Pick<StorageReport, 'overwrites' | 'overwrittenRowBytes' | 'overwrittenFileBytes'>> {
  const store = await openAt(join(parent, 'overwrites'))
  await store.open(GROUP, { ...ALONE, kind: 'kv' })
  const table = store.table(GROUP)
  for (let next = 1; next <= count; ) {
    for (let i = 0; i < 100; i++, next++) table.apply(next, [{ family: 'default', key: keyOf(next), value: VALUE }])
    await store.write([])
  }
  let rowBytes = 0
  for (const [key, value] of table.range('default', {})) rowBytes += key.length + value.length
  const fileBytes = store.bytes()
  await store.close()
  return { overwrites: count, overwrittenRowBytes: rowBytes, overwrittenFileBytes: fileBytes }
}
