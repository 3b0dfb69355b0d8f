/** What a node promises of a turn: one transaction and one envelope for all groups, and no word before the disk. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import type { GroupWrite, NodeStore } from '../../../src/ports/store.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { decodeEnvelope } from '../../../src/wire/envelope.ts'
import { parrot, turns } from './sample-node.ts'
import { groupOf, SmallCluster, say, until } from './small-cluster.ts'

/** Lets a test see what is written. */
function watched(store: NodeStore): { readonly store: NodeStore; readonly batches: (readonly GroupWrite[])[] } {
  const batches: (readonly GroupWrite[])[] = []
  const write = store.write.bind(store)
  store.write = (batch, scope) => {
    batches.push(batch)
    return write(batch, scope)
  }
  return { store, batches }
}

test('the groups of a node share one transaction and one envelope per destination', async (t) => {
  const groups = ['g', 'h'].map((id) => ({ id, stateMachine: parrot() }))
  const cluster = new SmallCluster(t, { groups, timing: { electionTimeoutMs: 300, heartbeatMs: 100 } })
  const { store, batches } = watched(memoryStore({ cluster: 'demo', node: 'a' }, cluster.disk('a')))
  const heard: (readonly string[])[] = []
  cluster.guest().subscribe('flotilla.demo.raft.b.a', ({ data }) => {
    const { messages } = decodeEnvelope(data)
    heard.push(
      messages.filter(({ message }) => message.type === 'AppendEntries' && message.entries.length > 0).map(({ group }) => group),
    )
  })
  const a = await cluster.run('a', { store, timing: { electionTimeoutMs: 100, heartbeatMs: 50 } })
  await Promise.all([cluster.run('b'), cluster.run('c')])
  await until('a leads both', () => groups.every(({ id }) => groupOf(a, id).role === 'leader'))
  await Promise.all(groups.map(({ id }) => a.propose(id, utf8('first'))))
  await turns(20)
  batches.length = 0
  heard.length = 0
  await Promise.all(groups.map(({ id }) => a.propose(id, utf8('second'))))
  assert.deepEqual(
    batches
      .filter((batch) => batch.some(({ entries }) => entries))
      .map((batch) =>
        batch
          .filter(({ entries }) => entries)
          .map(({ group }) => group)
          .sort(),
      ),
    [['g', 'h']],
  )
  assert.deepEqual(
    heard.filter((about) => about.length > 0).map((about) => about.toSorted()),
    [['g', 'h']],
  )
})

test('a group of one acknowledges only after its flush', async (t) => {
  const gate: (() => void)[] = []
  let open = true
  const disk = new MemoryDisk({ sync: () => (open ? Promise.resolve() : new Promise((resolve) => gate.push(resolve))) })
  const cluster = new SmallCluster(t, { nodes: ['a'] })
  const a = await cluster.run('a', { store: memoryStore({ cluster: 'demo', node: 'a' }, disk) })
  await cluster.leader()
  await say(a, 'first')
  open = false
  let acknowledged = false
  const second = say(a, 'second').then(() => {
    acknowledged = true
  })
  await until('the flush has begun', () => gate.length > 0)
  await turns(50)
  assert.equal(acknowledged, false)
  assert.equal(disk.image?.groups.get('g')?.entries.length, 2, 'the entry is not on the disk')
  open = true
  for (const release of gate) release()
  await second
  assert.equal(disk.image?.groups.get('g')?.entries.length, 3)
})

test('a node that stops answers who waits for its disk', async (t) => {
  const cluster = new SmallCluster(t, { nodes: ['a'] })
  const a = await cluster.run('a')
  await cluster.leader()
  const fates = ['one', 'two', 'three'].map((word) => say(a, word))
  await a.stop()
  for (const { index } of await Promise.all(fates)) assert(index > 1)
})
