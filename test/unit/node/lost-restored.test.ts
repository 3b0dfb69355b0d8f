/** A cluster restored from a snapshot, whose nodes need not have met: who lost its disk after it promised something does not come back as who it was. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keepFounding } from '../../../src/node/founding.ts'
import { openSnapshotFile } from '../../../src/node/snapshots/file.ts'
import { isChunk } from '../../../src/node/snapshots/packing.ts'
import { restoreGroup } from '../../../src/node/snapshots/restoring.ts'
import { rowsOf, saveStored } from '../../../src/node/snapshots/saving.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { BOOTSTRAP, entries, put } from '../../contract/store-samples.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

const NODES = ['a', 'b', 'c']

/** Three disks restored from one file. */
async function restored(t: TestContext): Promise<SmallCluster> {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-restored-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const source = memoryStore({ cluster: 'old', node: 'a' })
  await keepFounding(source, 'g', { founders: 'old', mark: '0123456789abcdef0123456789abcdef' })
  await source.open('g', { ...BOOTSTRAP, kind: 'parrot' })
  await source.write([{ group: 'g', hardState: { term: 1, vote: 1, commit: 2 }, entries: entries(1, 1, 1) }])
  source.table('g').apply(2, [put('before', 'before')])
  await source.write([])
  await saveStored(source, 'g', join(dir, 'file'))
  const file = await openSnapshotFile(join(dir, 'file'), { isChunk })
  const cluster = new SmallCluster(t)
  for (const node of NODES) {
    const store = memoryStore({ cluster: 'demo', node }, cluster.disk(node))
    await restoreGroup(store, { file, nodes: NODES, incarnation: '1', stateMachine: rowsOf('parrot', ['default']) })
    await store.close()
  }
  await file.close()
  return cluster
}

test('a lost disk is not taken for a new one by who never met the one before; with another node away nobody leads, and nothing is lost', async (t) => {
  const cluster = await restored(t)
  for (const id of ['a', 'c']) await cluster.run(id)
  await say(await cluster.leader(), 'acknowledged')
  for (const id of ['a', 'c']) {
    const node = cluster.node(id)
    await node.stop()
    cluster.forget(node)
  }
  const b = await cluster.run('b')
  const empty = await cluster.run('c', { nodes: [], join: true, store: memoryStore({ cluster: 'demo', node: 'c' }) })
  await pause(1500)
  assert.notEqual(groupOf(b).role, 'leader')
  cluster.forget(empty)
  await cluster.run('a')
  const leader = await cluster.leader()
  assert.equal(leader.id, 'a')
  await until('both have it', () => recall(b, 'acknowledged') === 'acknowledged' && recall(b, 'before') === 'before')
  assert.equal((await empty.closed)?.code, 'STORE_MISMATCH')
})
