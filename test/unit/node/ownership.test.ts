/** A transport belongs to one node: a second one is refused, and the first goes on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNode } from '../../../src/node/node.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { parrot } from './sample-node.ts'

test('a transport that has a node is refused to another, and stays open', async (t) => {
  const transport = loopback().connect('a')
  const optionsOf = (id: string) => ({
    cluster: 'demo',
    id,
    nodes: ['a', 'b'],
    groups: [{ id: 'g', stateMachine: parrot() }],
    transport,
    store: memoryStore({ cluster: 'demo', node: id }, new MemoryDisk()),
  })
  const node = await createNode(optionsOf('a'))
  t.after(() => node.stop())
  await assert.rejects(createNode(optionsOf('b')), { code: 'CONFIG_INVALID', message: /belongs to another node/ })
  assert.equal(transport.connected, true)
  assert.equal(node.status().life, 'serving')
})
