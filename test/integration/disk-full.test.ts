/** A disk that is full: its node ends with an error, the others go on, and nothing acknowledged is lost. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { importRecords } from './import-records.ts'
import { assertNothingLost, TestCluster } from './test-cluster.ts'

/** A file system of a few megabytes, or why there is none. */
function smallDisk(megabytes: number): { readonly dir: string; free(): void } | string {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux may mount a small file system'
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-full-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  if (mounted.status !== 0) {
    rmSync(dir, { recursive: true })
    return `mount does not work here: ${mounted.stderr || String(mounted.error)}`
  }
  return {
    dir,
    free() {
      spawnSync('umount', ['-l', dir], { timeout: 10_000 })
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

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
  cpSync(dir, join(cluster.dir, 'b'), { recursive: true })
  cluster.moveTo('b', join(cluster.dir, 'b'))
  await cluster.run('b')
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})
