/** Real states in real chunks, on stores in memory and on disk, between nodes that are killed after every chunk. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SNAPSHOT_CRAFT } from '../../../../src/node/snapshots/craft.ts'
import type { Spool } from '../../../../src/ports/spool.ts'
import type { NodeStore } from '../../../../src/ports/store.ts'
import type { Table, TableWrite } from '../../../../src/ports/table.ts'
import { openLmdb } from '../../../../src/storage/lmdb/open.ts'
import { MemoryDisk } from '../../../../src/storage/memory/disk.ts'
import type { MemorySpool } from '../../../../src/storage/memory/spool.ts'
import { memoryStore } from '../../../../src/storage/memory/store.ts'
import { decodeManifest, type Manifest } from '../../../../src/wire/manifest.ts'
import { type Actor, fakeGroup, MEMBERSHIP, Stage } from './stage.ts'

type Open = (node: string) => Promise<NodeStore>

const DISKS: Readonly<Record<string, (t: TestContext) => Promise<Open>>> = {
  memory: async () => {
    const disks = new Map<string, MemoryDisk>()
    return async (node) => {
      const disk = disks.get(node) ?? new MemoryDisk()
      disks.set(node, disk)
      return memoryStore({ cluster: 'demo', node }, disk)
    }
  },
  lmdb: async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'flotilla-snapshots-'))
    t.after(() => rm(dir, { recursive: true }))
    return (node) => openLmdb({ cluster: 'demo', node, dir: join(dir, node) })
  },
}

/** Rows of about a kilobyte that do not compress to nothing; `salt` makes others of them. */
function fill(table: Table, salt = 0): void {
  let seed = 1 + salt
  for (let row = 0; row < 1000; row++) {
    const value = new Uint8Array(1024)
    for (let i = 0; i < value.length; i += 2) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      value[i] = seed >>> 24
    }
    table.apply(table.applied + 1, [{ family: 'default', key: new TextEncoder().encode(`row ${row}`), value }])
  }
}

/** Two nodes with stores; `a` has 1000 rows. */
class Pair {
  readonly stage: Stage
  readonly #open: Open
  readonly #stores = new Map<string, NodeStore>()
  /** Called when a chunk has been kept by the receiver. */
  onKept: (() => void) | null = null

  constructor(open: Open) {
    this.#open = open
    this.stage = new Stage({
      craft: () => SNAPSHOT_CRAFT,
      insists: true,
      spool: (name) => this.#watched(name),
      install: (actor, manifest, rows) => this.#install(actor, manifest, rows),
    })
  }

  store(name: string): NodeStore {
    return this.#stores.get(name) as NodeStore
  }

  async start(name: string): Promise<void> {
    const store = await this.#open(name)
    this.#stores.set(name, store)
    await store.open('g', { conf: MEMBERSHIP.conf, peers: MEMBERSHIP.peers, kind: 'parrot' })
    const table = store.table('g')
    const before = this.stage.actors.get(name)
    if (before === undefined && name === 'a') fill(table)
    const group = before?.groups.get('g') ?? fakeGroup('g')
    Object.assign(group, { table, applied: table.applied })
    if (before) this.stage.actors.set(name, { ...before, groups: new Map([['g', group]]) })
    this.stage.start(name).groups.set('g', group)
  }

  async kill(name: string): Promise<void> {
    if (this.stage.isUp(name)) await this.stage.stop(name)
    await this.store(name).write([]) // what is applied is in the log of a real node
    await this.store(name).close()
  }

  async close(): Promise<void> {
    for (const name of this.#stores.keys()) await this.kill(name)
  }

  /** The spool of whichever store the node has open. */
  #watched(name: string): Spool {
    const spool = (): Spool => this.store(name).spool
    return {
      manifest: (group, side) => spool().manifest(group, side),
      keepManifest: (group, side, manifest) => spool().keepManifest(group, side, manifest),
      has: (group, hash) => spool().has(group, hash),
      get: (group, hash) => spool().get(group, hash),
      put: async (group, chunks) => {
        await spool().put(group, chunks)
        if (name === 'b') this.onKept?.()
      },
      sweep: (group, isKept) => spool().sweep(group, isKept),
      bytes: () => spool().bytes(),
    }
  }

  async #install(actor: Actor, manifest: Manifest, rows: AsyncIterable<TableWrite>): Promise<void> {
    const store = this.store(actor.name)
    const state = await store.stage('g', rows)
    const { index, term, membership } = manifest
    await store.write([{ group: 'g', install: { index, term, membership, state } }])
    actor.installed.push({ manifest, rows: [] })
    Object.assign(actor.groups.get('g') ?? {}, { applied: index })
  }
}

/** Digest of all rows. */
function rowsOf(store: NodeStore): string {
  const digest = createHash('sha256')
  for (const [key, value] of store.table('g').range('default', {})) digest.update(key).update(value)
  return digest.digest('hex')
}

for (const [kind, disk] of Object.entries(DISKS)) {
  test(`${kind}: a state travels, and both tables are the same`, async (t) => {
    const pair = new Pair(await disk(t))
    for (const name of ['a', 'b']) await pair.start(name)
    pair.stage.offer(2)
    await pair.stage.until(() => pair.stage.actor('b').installed.length > 0, 20)
    const chunks = pair.stage.actor('b').installed[0]?.manifest.chunks.length ?? 0
    assert.ok(chunks >= 20 && chunks <= 40, `${chunks} chunks`)
    assert.equal(pair.stage.chunkPulls(), chunks)
    assert.equal(pair.store('b').table('g').applied, 1000)
    assert.equal(rowsOf(pair.store('b')), rowsOf(pair.store('a')))
    await pair.close()
  })

  test(`${kind}: with a few rows changed, few chunks travel`, async (t) => {
    const pair = new Pair(await disk(t))
    for (const name of ['a', 'b']) await pair.start(name)
    fill(pair.store('b').table('g'))
    const value = new TextEncoder().encode('another')
    const a = pair.store('a').table('g')
    a.apply(1001, [{ family: 'default', key: new TextEncoder().encode('row 300'), value }])
    for (const name of ['a', 'b'])
      Object.assign(pair.stage.actor(name).groups.get('g') ?? {}, { applied: name === 'a' ? 1001 : 1000 })
    pair.stage.offer(2)
    await pair.stage.until(() => pair.stage.actor('b').installed.length > 0, 20)
    assert.ok(pair.stage.chunkPulls() <= 2, `${pair.stage.chunkPulls()} chunks`)
    assert.equal(rowsOf(pair.store('b')), rowsOf(pair.store('a')))
    await pair.close()
  })

  test(`${kind}: receiver and sender in turn are killed after every chunk, and at most one chunk a kill travels twice`, async (t) => {
    const pair = new Pair(await disk(t))
    for (const name of ['a', 'b']) await pair.start(name)
    const { stage } = pair
    let kept = 0
    let kills = 0
    pair.onKept = () => {
      kept++
      void stage.stop(kept % 2 === 0 ? 'a' : 'b')
    }
    stage.offer(2)
    while (stage.actor('b').installed.length === 0) {
      await stage.until(() => !stage.isUp('a') || !stage.isUp('b') || stage.actor('b').installed.length > 0, 20)
      for (const name of ['a', 'b'])
        if (!stage.isUp(name)) {
          kills++
          await pair.kill(name)
          await pair.start(name)
          if (name === 'a') stage.offer(2) // it leads again, and finds out what its follower lacks
        }
    }
    const manifest = decodeManifest(pair.store('b').spool.manifest('g', 'incoming') as Uint8Array)
    assert.ok(kills >= manifest.chunks.length, `${kills} kills`)
    assert.ok(stage.piecesGiven <= manifest.chunks.length + 1 + kills, `${stage.piecesGiven} pieces for ${kills} kills`)
    assert.equal(rowsOf(pair.store('b')), rowsOf(pair.store('a')))
    await pair.close()
  })
}

test('a chunk that is another one under a right seal is found out by who receives it, and the state is the same', async (t) => {
  const disks = new Map(['a', 'b'].map((node) => [node, new MemoryDisk()]))
  const spool = disks.get('a')?.spool as MemorySpool
  const pair = new Pair(async (node) => memoryStore({ cluster: 'demo', node }, disks.get(node)))
  t.after(() => pair.close())
  for (const name of ['a', 'b']) await pair.start(name)
  let isFalse = false
  spool.onPut = (group) => {
    isFalse ||= spool.falsify(group)
  }
  pair.stage.offer(2)
  await pair.stage.until(() => pair.stage.actor('b').installed.length > 0, 20)
  assert.ok(isFalse)
  assert.equal(rowsOf(pair.store('b')), rowsOf(pair.store('a')))
})
