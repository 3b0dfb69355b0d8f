/** A store on LMDB whose process is killed, or whose disk refuses, for real: in a child process. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { BOOTSTRAP, code, read } from '../../contract/store-samples.ts'

const CHILD = fileURLToPath(new URL('./crash-child.js', import.meta.url))
const CLAIM = { cluster: 'test', node: 'a' }

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-crash-'))
  try {
    await work(dir)
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** Reads the child's lines until one satisfies `enough`, or it ends; the last round it acknowledged, and its other lines. */
async function linesUntil(child: ChildProcess, enough: (round: number) => boolean): Promise<{ round: number; others: string[] }> {
  let round = 0
  const others: string[] = []
  assert.ok(child.stdout)
  for await (const line of createInterface({ input: child.stdout })) {
    if (/^\d+$/.test(line)) round = Number(line)
    else others.push(line)
    if (enough(round)) break
  }
  return { round, others }
}

/** What is stored is one whole round, at least the one acknowledged. */
async function checkStored(dir: string, acknowledged: number): Promise<number> {
  const store = await openLmdb({ dir, ...CLAIM })
  try {
    const found = [await store.open('one', BOOTSTRAP), await store.open('two', BOOTSTRAP)]
    const applied = found[0]?.applied ?? 0
    assert.ok(applied >= acknowledged, `acknowledged ${acknowledged}, stored ${applied}`)
    for (const group of found) {
      assert.deepEqual([group.applied, group.lastIndex, group.hardState.commit], [applied, applied, applied])
    }
    for (const group of ['one', 'two']) {
      for (let i = 0; i < 20; i++) assert.equal(read(store.table(group), `row${i}`), applied ? String(applied) : undefined)
      const stored = store.reader(group).entries(1, applied + 1, Number.MAX_SAFE_INTEGER)
      assert.equal(stored.length, applied)
      for (const entry of stored) assert.ok(entry.data.every((byte) => byte === entry.index % 256))
    }
    return store.identity.boot
  } finally {
    await store.close()
  }
}

test('after kill -9 in the middle of writes, log, rows and applied index of all groups are those of one round', () =>
  withDir(async (dir) => {
    let acknowledged = 0
    for (let kill = 1; kill <= 3; kill++) {
      const child = spawn(process.execPath, [CHILD, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
      const target = acknowledged + 20 * kill + 1
      const read = await linesUntil(child, (round) => round >= target)
      child.kill('SIGKILL')
      await once(child, 'exit')
      acknowledged = read.round
      assert.ok(acknowledged >= target)
      assert.equal(await checkStored(dir, acknowledged), 2 * kill) // the child's boot, and ours
      acknowledged = 0
    }
  }))

test('a store open in another process is refused, naming it, until that process is killed', () =>
  withDir(async (dir) => {
    const child = spawn(process.execPath, [CHILD, dir], { stdio: ['ignore', 'pipe', 'inherit'] })
    await linesUntil(child, (round) => round >= 1)
    await assert.rejects(openLmdb({ dir, ...CLAIM }), (thrown: Error) => {
      code('STORE_IN_USE')(thrown)
      assert.match(thrown.message, new RegExp(`process ${child.pid}`))
      return true
    })
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await openLmdb({ dir, ...CLAIM })).close()
  }))

test('when the disk takes no more, the write fails, no rejection is left over, and what was acknowledged is there', () =>
  withDir(async (dir) => {
    // A limit of the file's size (in blocks of 512 or 1024 bytes): the kernel refuses the write as it does on a full disk.
    const limited = `ulimit -f 1500; exec '${process.execPath}' '${CHILD}' '${dir}'`
    const child = spawn('sh', ['-c', limited], { stdio: ['ignore', 'pipe', 'ignore'] })
    const { round, others } = await linesUntil(child, () => false)
    assert.deepEqual(others, ['failed STORAGE_FAILED'])
    assert.ok(round > 10)
    await checkStored(dir, round)
  }))
