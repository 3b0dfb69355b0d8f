/** The same seed is the same run: in another process, and whether somebody looks on or not. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MIXES } from './options.ts'
import { SEEDS, seedsWanted } from './test-set.ts'

const PROGRAM = fileURLToPath(new URL('hashes.js', import.meta.url))
const MS_MAX = 280_000

/** What a process of its own says of some seeds. */
async function hashesOf(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...words], { timeout: MS_MAX })
  return stdout.trim().split('\n')
}

test('each seed is the same run in two processes, one of them looked at', async () => {
  const seeds = Array.from({ length: Math.ceil(seedsWanted() / SEEDS) }, (_, i) => String(i + 1))
  const [plain, watched] = await Promise.all([hashesOf(...seeds), hashesOf('--watched', ...seeds)])
  assert.equal(plain.length, seeds.length * MIXES.length)
  assert.deepEqual(watched, plain)
  assert.equal(new Set(plain.map((line) => line.split(' ')[2])).size, plain.length, 'and each is another one')
})
