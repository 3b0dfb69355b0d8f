/** A whole cluster that begins again from backups of its nodes, each made at its own hour. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { backUpStore } from '../../../src/storage/lmdb/copy.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { SmallCluster, say } from './small-cluster.ts'

const NODES = ['a', 'b', 'c']

test('nodes that were stopped one after the other for their backups hear each other when all begin again from these', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-backups-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const open = (place: string, node: string) => openLmdb({ dir: join(dir, place), cluster: 'demo', node })
  const cluster = new SmallCluster(t)
  await Promise.all(NODES.map(async (id) => cluster.run(id, { store: await open(id, id) })))
  await say(await cluster.leader(), 'before')
  await cluster.settled()
  for (const id of NODES) {
    await cluster.node(id).stop()
    await backUpStore(join(dir, id), join(dir, `copy-${id}`))
    await cluster.run(id, { store: await open(id, id) })
    await cluster.leader()
  }
  for (const node of cluster.nodes) await node.stop()
  for (const id of NODES) cluster.forget(cluster.node(id))

  const again = await Promise.all(NODES.map(async (id) => cluster.run(id, { store: await open(`copy-${id}`, id) })))
  const leader = await cluster.leader() // that all agree on
  await say(leader, 'after')
  for (const node of again) assert.equal(node.status().refused.STORE_MISMATCH, undefined)
})
