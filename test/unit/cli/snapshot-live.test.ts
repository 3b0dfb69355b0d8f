/** A cluster that runs is saved, and another one made of the file: everything is there, and it goes on. Its logs are shown, and cut when an operator says so. */

import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { text } from '../../../src/base/bytes.ts'
import { run } from '../../../src/cli/run.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import { createNode } from '../../../src/node/node.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { type Broker, startBroker } from '../../../src/transport/broker/broker.ts'
import { natsTransport } from '../../../src/transport/nats/transport.ts'
import { fakeTerminal } from './fake-terminal.ts'

const ROWS = 400

class World {
  readonly broker: Broker
  readonly root = mkdtempSync(join(tmpdir(), 'flotilla-live-'))
  readonly nodes = new Map<string, FlotillaNode>()
  backups = ''
  readonly #ends: (() => Promise<unknown>)[] = []

  constructor(t: TestContext, broker: Broker) {
    this.broker = broker
    t.after(async () => {
      await Promise.all(this.#ends.map((end) => end()))
      await broker.close()
      rmSync(this.root, { recursive: true, force: true })
    })
  }

  /** Starts the nodes of a cluster, and connects to it. */
  async cluster(cluster: string, nodes: readonly string[], { dirs = false, electionTimeoutMs = 200 } = {}): Promise<Client> {
    const started = nodes.map(async (id) => {
      const transport = await natsTransport({ servers: this.broker.url })
      const store = dirs ? await openLmdb({ dir: join(this.root, id), cluster, node: id }) : memoryStore({ cluster, node: id })
      const groups = [{ id: 'kv', stateMachine: kv() }]
      const timing = { electionTimeoutMs }
      const disk = { reserveBytes: 0, ...(this.backups && { backups: this.backups }) }
      const node = await createNode({ cluster, id, nodes, store, groups, transport, timing, disk })
      this.nodes.set(id, node)
      this.#ends.push(() => node.stop())
    })
    await Promise.all(started)
    const transport = await natsTransport({ servers: this.broker.url })
    const client = await connect({ cluster, transport })
    this.#ends.push(() => client.close().then(() => transport.close()))
    return client
  }

  async flotilla(line: string) {
    const terminal = fakeTerminal({ env: { FLOTILLA_NATS: this.broker.url } })
    const code = await run(line.split(' '), terminal)
    return { code, out: terminal.out.text, err: terminal.err.text }
  }
}

const contentsOf = (i: number): string => `value ${i} `.repeat(30)

test('a live cluster is saved, and restored as another one that goes on', async (t) => {
  const world = new World(t, await startBroker({ port: 0 }))
  const old = (await world.cluster('demo', ['a', 'b', 'c'])).kv('kv')
  await Promise.all(Array.from({ length: ROWS }, (_, i) => old.put(`key-${i}`, contentsOf(i))))
  const file = join(world.root, 'kv.snapshot')
  const saved = await world.flotilla(`snapshot save ${file} --json`)
  assert.equal(saved.code, 0, saved.err)
  const said = JSON.parse(saved.out) as { index: number; rows: number; hash: string }
  assert.ok(said.index >= ROWS, 'with all that was acknowledged before')
  assert.equal(said.rows, ROWS)
  const one = await world.flotilla(`snapshot save ${file}.b --node b`)
  assert.equal(one.code, 0, one.err)
  assert.match(one.out, /^kv as of entry \d+, term \d+: \d+ rows, \d+ bytes of state in \d+ bytes of /)
  assert.match((await world.flotilla(`snapshot status ${file}.b`)).out, /node {8}b\n/)
  await old.put('key-0', 'later')

  for (const id of ['x', 'y', 'z']) {
    const made = await world.flotilla(
      `snapshot restore ${file} --dir ${join(world.root, id)} --id ${id} --nodes x,y,z --cluster new`,
    )
    assert.equal(made.code, 0, made.err)
  }
  const client = await world.cluster('new', ['x', 'y', 'z'], { dirs: true })
  const store = client.kv('kv')
  for (let i = 0; i < ROWS; i++) {
    const value = await store.get(`key-${i}`)
    assert.equal(value && text(value), contentsOf(i))
  }
  const { index } = await store.put('after', 'restored')
  assert.ok(index > said.index, 'indexes go on')
})

test('a node that runs copies its store to where it may, and nowhere else', async (t) => {
  const world = new World(t, await startBroker({ port: 0 }))
  const memory = await world.cluster('memory', ['a'])
  await memory.kv('kv').put('k', 'v')
  assert.match((await world.flotilla('backup one --node a --cluster memory')).err, /CONFIG_INVALID: .*no directory for backups/)
  world.backups = join(world.root, 'backups')
  await (await world.cluster('nowhere', ['a'])).kv('kv').put('k', 'v')
  assert.match(
    (await world.flotilla('backup one --node a --cluster nowhere')).err,
    /CONFIG_INVALID: the store .* is not in a directory/,
  )
  const client = await world.cluster('demo', ['x', 'y', 'z'], { dirs: true })
  for (let i = 0; i < 50; i++) await client.kv('kv').put(`key-${i}`, contentsOf(i))
  for (const id of ['x', 'y', 'z']) {
    const made = await world.flotilla(`backup of-${id} --node ${id} --json`)
    assert.equal(made.code, 0, made.err)
    const { to, records } = JSON.parse(made.out) as { to: string; records: number }
    assert.deepEqual([to, records > 50], [join(world.backups, `of-${id}`), true])
  }
  assert.match((await world.flotilla('backup of-x --node x')).err, /CONFIG_INVALID: .* is there already/)
  assert.equal((await world.flotilla('backup ../x --node x')).code, 2, 'a name, not a path')
  assert.equal((await world.flotilla('backup one --node x --dir d')).code, 2)
  assert.equal((await world.flotilla('backup one --group kv')).code, 2)
  assert.equal((await world.flotilla('backup one --node nobody --timeout 200')).code, 3)

  for (const node of world.nodes.values()) await node.stop()
  for (const id of ['x', 'y', 'z']) {
    rmSync(join(world.root, id), { recursive: true })
    renameSync(join(world.backups, `of-${id}`), join(world.root, id))
  }
  const store = (await world.cluster('demo', ['x', 'y', 'z'], { dirs: true })).kv('kv')
  assert.equal(text((await store.get('key-49')) ?? new Uint8Array()), contentsOf(49), 'a whole cluster is back')
})

test('logs are cut off when an operator says so, and the group goes on', async (t) => {
  const world = new World(t, await startBroker({ port: 0 }))
  const client = await world.cluster('demo', ['a', 'b', 'c'])
  const store = client.kv('kv')
  for (let i = 0; i < 50; i++) await store.put(`key-${i}`, contentsOf(i))
  const done = await world.flotilla('compact --keep 10 --json')
  assert.equal(done.code, 0, done.err)
  const nodes = JSON.parse(done.out) as { node: string; before: number; truncated: number; applied: number }[]
  assert.deepEqual(nodes.map(({ node }) => node).sort(), ['a', 'b', 'c'])
  for (const { before, truncated, applied } of nodes) {
    assert.equal(before, 0)
    assert.ok(truncated > 0 && truncated >= applied - 10 - 3 && truncated <= applied - 10, `${truncated} of ${applied}`)
  }
  const again = await world.flotilla('compact --keep 10 --node b')
  assert.match(again.out, /^node +group +began after +begins after +applied\nb /)
  await store.put('after', 'v')
  assert.equal((await world.flotilla('compact --node nobody --timeout 200')).code, 3)
  assert.equal((await world.flotilla('compact --group none')).code, 1)
})

test('the log of a node that runs is shown, in pages, and what is not known to be committed is said to be so', async (t) => {
  const world = new World(t, await startBroker({ port: 0, maxPayload: 512 * 1024 }))
  const client = await world.cluster('demo', ['a', 'b', 'c'], { electionTimeoutMs: 1000 })
  const store = client.kv('kv')
  const large = 'x'.repeat(100_000)
  for (let i = 0; i < 6; i++) await store.put(`key-${i}`, `${i} ${large}`)
  const shown = await world.flotilla('log show 1..100000 --json')
  assert.equal(shown.code, 2, 'too many at a time')
  const all = await world.flotilla('log show 1..10000 --json')
  assert.deepEqual([all.code, all.err], [0, ''])
  const lines = all.out.trim().split('\n')
  const told = lines.map((line) => JSON.parse(line) as { index: number; kind: string; command?: { key: string; value: string } })
  assert.deepEqual(
    told.map(({ index }) => index),
    told.map((_, i) => i + 1),
  )
  const puts = told.flatMap(({ command }) => (command ? [command] : []))
  assert.deepEqual(
    puts.map(({ key, value }) => [key, value]),
    Array.from({ length: 6 }, (_, i) => [`key-${i}`, `${i} ${large}`]),
  )
  const first = told.find(({ command }) => command)?.index as number
  await until(() => world.nodes.get('b')?.status().groups[0]?.applied === told.length)
  const two = await world.flotilla(`log show ${first}..${first + 1} --node b`)
  assert.deepEqual(
    two.out.split('\n').map((line) => line.slice(0, 25).replace(/term \d+/, 'term n')),
    [`${first}  term n  put  key-0  0 `, `${first + 1}  term n  put  key-1  1 `, ''],
  )
  assert.equal((await world.flotilla('log show 1..2 --node nobody --timeout 200')).code, 3)
  assert.match((await world.flotilla('log show 1..2 --group none --node a')).err, /UNKNOWN_GROUP/)
  assert.equal((await world.flotilla('log show 1..2 --node a --dir /nowhere')).code, 2)

  const leader = [...world.nodes.values()].find((node) => node.status().groups[0]?.role === 'leader') as FlotillaNode
  await Promise.all([...world.nodes.values()].filter((node) => node !== leader).map((node) => node.stop()))
  store.put('alone', 'v').catch(() => {})
  const end = told.length + 1
  await until(() => leader.status().groups[0]?.lastIndex === end)
  const alone = await world.flotilla(`log show ${end}..${end} --node ${leader.id}`)
  assert.match(alone.out, /put {2}alone {2}v\n$/)
  assert.equal(alone.err, `flotilla: node ${leader.id} does not know yet whether ${end}..${end} are committed\n`)
})

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !isSo(); await new Promise((resolve) => setTimeout(resolve, 10)))
    assert.ok(performance.now() < end, 'it did not come about')
}
