/** A disk that is full, of a node that keeps nothing free: the node ends with an error, the others go on, and nothing acknowledged is lost. */

import assert from 'node:assert/strict'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { importRecords } from './import-records.ts'
import { smallDisk } from './small-disk.ts'
import { assertNothingLost, TestCluster } from './test-cluster.ts'

test('a node whose disk is full ends non-zero, and nothing acknowledged is lost', async (t) => {
  const disk = smallDisk(4)
  if (typeof disk === 'string') return t.skip(disk)
  t.after(() => disk.free())
  const dir = join(disk.dir, 'b')
  mkdirSync(dir)
  const cluster = await TestCluster.start(t, { dirs: { b: dir } })
  const report = await importRecords(cluster.client, { records: 10_000, inFlight: 64, at: { count: 1, run: () => {} } })
  assert.deepEqual(report.failures, [])
  const full = cluster.node('b')
  assert.equal(await full.exit(), 1)
  const line = await full.line('failed')
  assert.equal('code' in line && line.code, 'STORAGE_FAILED')
  cpSync(dir, join(cluster.dir, 'b'), { recursive: true, filter: (path) => !path.endsWith('.sock') })
  cluster.moveTo('b', join(cluster.dir, 'b'))
  await cluster.run('b')
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})
