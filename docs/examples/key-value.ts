/** Three nodes inside this process and a client beside them, over a NATS server: `npm run build && node dist/docs/examples/key-value.js`. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createNode, FlotillaError, kv, natsTransport } from '../../src/index.ts'

const servers = process.env.FLOTILLA_NATS ?? 'nats://127.0.0.1:4222'
const cluster = 'example'
const names = ['a', 'b', 'c']
const dir = await mkdtemp(join(tmpdir(), 'flotilla-example-'))

// In a real deployment each of these lives in a service of its own, on a machine of its own.
const nodes = await Promise.all(
  names.map(async (id) =>
    createNode({
      cluster,
      id,
      nodes: names,
      groups: [{ id: 'kv', stateMachine: kv({ families: ['sessions'] }) }],
      transport: await natsTransport({ servers, name: `${cluster}-${id}` }),
      dir: join(dir, id),
    }),
  ),
)

const client = await connect({ cluster, servers })
const store = client.kv('kv')

// A write resolves once a majority has it on disk and it is applied.
await store.put('ship/1', 'Santa María')
await store.put('ship/2', 'Niña')

// A read sees every write acknowledged before it; a stale one asks any replica, which may be behind.
console.log(await store.getText('ship/1'), '·', await store.getText('ship/2', { consistency: 'stale' }))

// Only if nobody was faster.
const { swapped, current } = await store.compareAndSet('ship/2', { expected: 'Niña', value: 'Pinta' })
console.log(swapped ? 'renamed' : `somebody else made it ${String(current)}`)

// All or nothing, over several families.
await store.batch().delete('ship/1').put('ship/3', 'Victoria').put('crew/3', 'signed on', 'sessions').commit()

for await (const { key, value } of store.scan({ prefix: 'ship/' }))
  console.log(Buffer.from(key).toString(), '=', Buffer.from(value).toString())

// Every refusal has a code. After TIMEOUT_UNKNOWN read before you decide: the write may have happened.
try {
  await store.put('too large', new Uint8Array(1_000_000))
} catch (error) {
  console.log(error instanceof FlotillaError ? error.code : error)
}

await client.close()
await Promise.all(nodes.map((node) => node.stop()))
await rm(dir, { recursive: true })
