/** A snapshot between two processes, of which one or the other is killed again and again, also while it is installed: it ends, whole, and what was fetched stays. */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SNAPSHOT_ANSWERS_MAX } from '../../src/base/limits.ts'
import { type Client, connect } from '../../src/client/client.ts'
import type { SnapshotNews } from '../../src/node/snapshots/group.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { verifyStore } from '../../src/storage/lmdb/verify.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { decodePieces } from '../../src/wire/snapshots.ts'
import { BOOTSTRAP } from '../contract/store-samples.ts'
import { type Program, programOf } from './command-cluster.ts'
import { anyServer, until } from './processes.ts'

/** A state of about eighty chunks that cannot be compressed. */
const ROWS = 600
const ROW_BYTES = 5000

/** Chunks have at least 16 KiB, but for the last; no other answer is as long as one with chunks. */
const CHUNK_BYTES_MIN = 16 * 1024

/** So slow that there is time to kill. */
const KIB_PER_SECOND = 2000

/** When a process is killed: as soon as so many chunks have been delivered, or an end of the transfer enters that state, or a little later. */
interface Kill {
  readonly who: 'sender' | 'receiver'
  readonly chunks?: number
  readonly state?: string
  readonly laterMs?: number
}

const KILLS: readonly Kill[] = [
  { who: 'sender', state: 'exporting' },
  { who: 'receiver', chunks: 1 },
  { who: 'sender', chunks: 12 },
  { who: 'receiver', chunks: 25 },
  { who: 'sender', chunks: 40 },
  { who: 'receiver', chunks: 60 },
  { who: 'receiver', state: 'verifying' },
  { who: 'receiver', state: 'installing' },
  { who: 'receiver', state: 'installing', laterMs: 15 },
  { who: 'sender', state: 'installing' },
]

const NAMES = { sender: 'a', receiver: 'b' } as const
const FLAGS = {
  a: ['--nodes', 'a', '--log-entries', '20', '--log-keep', '5'],
  b: ['--join'],
} as const

/** Overhears everything. */
class Watcher {
  /** Chunks that were delivered, by their contents. */
  readonly chunks = new Set<string>()
  /** How often. */
  delivered = 0
  #due: { readonly kill: Kill; readonly act: () => void } | null = null

  constructor(transport: Transport) {
    transport.subscribe('_INBOX.>', ({ data }) => {
      if (data.length < CHUNK_BYTES_MIN) return
      for (const piece of decodePieces(data)) {
        this.chunks.add(createHash('sha256').update(piece).digest('hex'))
        this.delivered++
      }
      this.#happened({})
    })
    transport.subscribe('flotilla.demo.event.snapshots', ({ data }) =>
      this.#happened(JSON.parse(Buffer.from(data).toString()) as SnapshotNews),
    )
  }

  /** Acts in the very moment that something happens. */
  on(kill: Kill, act: () => void): void {
    this.#due = { kill, act }
    this.#happened({})
  }

  #happened({ state }: { readonly state?: string }): void {
    if (!this.#due) return
    const { kill, act } = this.#due
    if (kill.state === undefined ? this.chunks.size < (kill.chunks ?? 0) : kill.state !== state) return
    this.#due = null
    setTimeout(act, kill.laterMs ?? 0)
  }
}

class Pair {
  readonly root = mkdtempSync(join(tmpdir(), 'flotilla-kills-'))
  readonly nodes = new Map<string, Program>()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  dirOf(name: string): string {
    return join(this.root, name)
  }

  run(name: 'a' | 'b'): void {
    const flags = ['--nats', this.#url, '--log-level', 'warn', '--election-timeout', '300', '--disk-reserve', '0']
    const rate = ['--snapshot-rate', String(KIB_PER_SECOND)]
    this.nodes.set(name, programOf('node', '--id', name, '--dir', this.dirOf(name), ...FLAGS[name], ...flags, ...rate))
  }

  async end(name: string, signal: NodeJS.Signals): Promise<void> {
    const node = this.nodes.get(name)
    node?.kill(signal)
    await node?.ended
  }
}

async function started(t: TestContext): Promise<{ readonly pair: Pair; readonly client: Client; readonly watcher: Watcher }> {
  const server = await anyServer()
  const pair = new Pair(server.url)
  const transport = await natsTransport({ servers: server.url })
  const client = await connect({ cluster: 'demo', transport, timeoutMs: 10_000 })
  t.after(async () => {
    for (const name of pair.nodes.keys()) await pair.end(name, 'SIGKILL')
    await client.close()
    await transport.close()
    await server.kill()
    rmSync(pair.root, { recursive: true, force: true })
  })
  return { pair, client, watcher: new Watcher(transport) }
}

const statusOf = async (client: Client, name: string) =>
  (await client.status({ waitMs: 100 }).catch(() => [])).find(({ node }) => node === name)?.groups[0]

/** Whether the receiver serves from the state that it was sent. */
const isInstalled = async (client: Client): Promise<boolean> => ((await statusOf(client, 'b'))?.applied ?? 0) > 0

/** The rows of a node that has ended, as one digest. */
async function digestOf(dir: string, node: string): Promise<string> {
  const store = await openLmdb({ dir, cluster: 'demo', node })
  await store.open('kv', BOOTSTRAP)
  const digest = createHash('sha256')
  for (const [key, value] of store.table('kv').range('default', {})) digest.update(key).update(value)
  await store.close()
  return digest.digest('hex')
}

/** What a receiver that was killed has on its disk: the state before, which is none, or the new one. */
async function checkKilled(dir: string): Promise<void> {
  const [kv] = await verifyStore(dir)
  assert.ok(kv, 'it was a member already')
  assert.deepEqual(kv.damages, [])
  assert.ok(kv.rows === 0 || kv.rows === ROWS, `${kv.rows} rows`)
  assert.equal(kv.rows === 0, kv.applied === 0)
}

test('receiver and sender are killed in turn, while chunks travel and while they are installed', async (t) => {
  const { pair, client, watcher } = await started(t)
  pair.run('a')
  const store = client.kv('kv')
  await until('it takes writes', () => store.put('0', 'x', { timeoutMs: 500 }).then(Boolean, () => false))
  for (let at = 0; at < ROWS; at += 50)
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.put(String(at + i), randomBytes(ROW_BYTES), { idempotent: true })),
    )
  pair.run('b')
  await until('the other one serves', () =>
    client.status({ waitMs: 100 }).then((nodes) => nodes.some(({ node }) => node === 'b')),
  )
  const ways: string[] = []
  for (const [number, kill] of KILLS.entries()) {
    const name = NAMES[kill.who]
    let killed: Promise<void> | null = null
    watcher.on(kill, () => {
      killed = pair.end(name, 'SIGKILL')
    })
    if (number === 0)
      client
        .members('kv')
        .add('b', { learner: true })
        .catch(() => {}) // who answers may be killed before
    await until(`${JSON.stringify(kill)} after ${ways.join()}`, async () => killed !== null || (await isInstalled(client)))
    if (killed === null) break // a machine on which we come too late to kill anybody once more
    await killed
    ways.push(`${name} at ${watcher.chunks.size}`)
    if (name === 'b') await checkKilled(pair.dirOf('b'))
    pair.run(name)
  }
  const { index } = await until('it takes writes again', () =>
    store.put('0', 'last', { timeoutMs: 1000 }).catch(() => false as const),
  )
  await until('the other has it all', async () => ((await statusOf(client, 'b'))?.applied ?? 0) >= index)
  for (const name of ['a', 'b']) await pair.end(name, 'SIGTERM')

  for (const name of ['a', 'b']) {
    const [kv] = await verifyStore(pair.dirOf(name))
    assert.deepEqual([kv?.damages, kv?.rows], [[], ROWS])
  }
  assert.equal(await digestOf(pair.dirOf('a'), 'a'), await digestOf(pair.dirOf('b'), 'b'))
  const twice = watcher.delivered - watcher.chunks.size
  t.diagnostic(`${watcher.chunks.size} chunks, ${twice} of them twice, with ${ways.length} kills: ${ways.join(', ')}`)
  assert.ok(ways.length > KILLS.findIndex(({ state }) => state === 'verifying'), 'all that were to be while chunks travelled')
  assert.ok(twice <= ways.length * SNAPSHOT_ANSWERS_MAX, 'for each kill no more than was on its way or not kept') // in answers of a chunk or two: a rate is held
  assert.ok(twice < watcher.chunks.size / 2, 'what was fetched is not fetched again')
})
