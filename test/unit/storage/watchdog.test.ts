/** Waiting for a disk: what comes in time counts, silence ends, and a process that stood still does not blame the disk. */

import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { watched } from '../../../src/storage/watchdog.ts'

const after = (ms: number): Promise<string> => new Promise((resolve) => setTimeout(() => resolve('done'), ms))

test('what settles in time settles as it does', async () => {
  assert.equal(await watched(after(1), 1000), 'done')
  await assert.rejects(watched(Promise.reject(new Error('EIO')), 1000), /EIO/)
})

test('silence ends when the time is over, and not before', async () => {
  const begun = performance.now()
  await assert.rejects(watched(new Promise(() => {}), 100), /no answer from the disk within 100 ms/)
  assert(performance.now() - begun >= 90)
})

test('an answer that came while the process stood still is heard', async () => {
  const asked = stat(tmpdir()) // answered by another thread
  const watching = watched(asked, 100)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400)
  assert((await watching).isDirectory())
})
