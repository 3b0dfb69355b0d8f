/** A cluster that runs is saved, and another one made of the file: everything is there, and it goes on. Its logs are cut when an operator says so. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { text } from '../../../src/base/bytes.ts'
import { run } from '../../../src/cli/run.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import { createNode } from '../../../src/node/node.ts'
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
  async cluster(cluster: string, nodes: readonly string[], dirs = false): Promise<Client> {
    const started = nodes.map(async (id) => {
      const transport = await natsTransport({ servers: this.broker.url })
      const store = dirs ? await openLmdb({ dir: join(this.root, id), cluster, node: id }) : memoryStore({ cluster, node: id })
      const groups = [{ id: 'kv', stateMachine: kv() }]
      const timing = { electionTimeoutMs: 200 }
      const node = await createNode({ cluster, id, nodes, store, groups, transport, timing, disk: { reserveBytes: 0 } })
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
  const said = JSON.parse(saved.out) as { index: number; hash: string }
  assert.ok(said.index >= ROWS, 'with all that was acknowledged before')
  const one = await world.flotilla(`snapshot save ${file}.b --node b`)
  assert.equal(one.code, 0, one.err)
  assert.match((await world.flotilla(`snapshot status ${file}.b`)).out, /node {8}b\n/)
  await old.put('key-0', 'later')

  for (const id of ['x', 'y', 'z']) {
    const made = await world.flotilla(
      `snapshot restore ${file} --dir ${join(world.root, id)} --id ${id} --nodes x,y,z --cluster new`,
    )
    assert.equal(made.code, 0, made.err)
  }
  const client = await world.cluster('new', ['x', 'y', 'z'], true)
  const store = client.kv('kv')
  for (let i = 0; i < ROWS; i++) {
    const value = await store.get(`key-${i}`)
    assert.equal(value && text(value), contentsOf(i))
  }
  const { index } = await store.put('after', 'restored')
  assert.ok(index > said.index, 'indexes go on')
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
