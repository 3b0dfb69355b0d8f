/** A process of the transfer benchmark: a node alone with a large state, whom another joins. Told where by its arguments. */

import { createNode } from '../../src/node/node.ts'
import { kv } from '../../src/statemachines/kv/kv.ts'
import { openLmdb } from '../../src/storage/lmdb/open.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import { CLUSTER, GROUP } from './orders.ts'
import { fill, memoryInUse } from './state.ts'

const [url, dir, bytes] = process.argv.slice(2)
if (!url || !dir) throw new Error('source URL DIR BYTES')

const store = await openLmdb({ dir, cluster: CLUSTER, node: 'a' })
await fill(store, Number(bytes))
const node = await createNode({
  cluster: CLUSTER,
  id: 'a',
  nodes: ['a'],
  groups: [{ id: GROUP, stateMachine: kv() }],
  store,
  transport: await natsTransport({ servers: url }),
})
const before = memoryInUse()
let peak = before
const sampling = setInterval(() => {
  peak = Math.max(peak, memoryInUse())
}, 50)
process.send?.({ ready: true })
process.once('message', () => {
  clearInterval(sampling)
  process.send?.({ grown: peak - before, term: node.status().groups[0]?.term, packed: store.spool.bytes() })
  void node.stop()
})
process.once('disconnect', () => process.exit())
