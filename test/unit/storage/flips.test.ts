/** Single bits of real files turned, one at a time: each is harmless or told, nothing wrong is ever served, and no older vote comes back. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { prng } from '../../../src/base/prng.ts'
import { checkEnvironment, DATA_FILE } from '../../../src/storage/lmdb/precheck.ts'
import { SLOTS_FILE } from '../../../src/storage/lmdb/slots.ts'
import { copySample, makeSample } from './damaged-store.ts'

const CHILD = fileURLToPath(new URL('./flip-child.js', import.meta.url))
const PAGE = 4096
let room = ''
let sample = ''

before(async () => {
  room = await mkdtemp(join(tmpdir(), 'flotilla-flips-'))
  sample = join(room, 'sample')
  await makeSample(sample)
})
after(() => rm(room, { recursive: true }))

/** What each flip led to. Where a child dies, that flip led to its death, and the next one goes on behind it. */
async function outcomes(flips: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  let left = flips
  while (left.length > 0) {
    const scratch = join(room, 'scratch')
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, [CHILD, sample, scratch, left.join(',')], { timeout: 100_000 }, (_, stdout) => resolve(stdout))
    })
    const lines = output.split('\n').filter((line) => line !== '')
    assert.ok(lines.length > 0, 'the child did nothing')
    for (const line of lines) {
      const [which, ...words] = line.trim().split(' ')
      found.set(which as string, words.join(' ') || 'died')
    }
    left = left.slice(lines.length)
  }
  return found
}

/** How often each outcome was met. */
function tally(found: Map<string, string>): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const outcome of found.values()) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

const wrong = (found: Map<string, string>): string[] =>
  [...found].filter(([, outcome]) => outcome.startsWith('WRONG') || outcome.startsWith('threw')).map((pair) => pair.join(' '))

test('a bit of the meta pages: what the check lets pass is harmless', async (t) => {
  const copy = join(room, 'copy')
  await copySample(sample, copy)
  const fd = openSync(join(copy, DATA_FILE), 'r+')
  const good = readFileSync(join(copy, DATA_FILE))
  const passed: string[] = []
  for (const page of [0, 1]) {
    for (let at = page * PAGE; at < page * PAGE + 168; at++) {
      for (let bit = 0; bit < 8; bit++) {
        writeSync(fd, Buffer.from([(good[at] as number) ^ (1 << bit)]), 0, 1, at)
        try {
          checkEnvironment(copy)
          passed.push(`${DATA_FILE}:${at}:${bit}`)
        } catch {}
        writeSync(fd, good, at, 1, at)
      }
    }
  }
  closeSync(fd)
  assert.ok(passed.length > 100 && passed.length < 1500, `${passed.length} of 2688 pass`) // much of a meta page means nothing
  const found = await outcomes(passed.filter((_, i) => i % 40 === 0))
  t.diagnostic(JSON.stringify(tally(found)))
  assert.deepEqual(
    [...found].filter(([, outcome]) => outcome !== 'sound'),
    [],
  )
})

test('a bit anywhere in the database: harmless or told, and nothing wrong is served', async (t) => {
  const random = prng(20)
  const bytes = statSync(join(sample, DATA_FILE)).size
  const flips = Array.from(
    { length: 50 },
    () => `${DATA_FILE}:${2 * PAGE + random.between(0, bytes - 2 * PAGE)}:${random.between(0, 8)}`,
  )
  const found = await outcomes(flips)
  const counts = tally(found)
  t.diagnostic(JSON.stringify(counts))
  assert.deepEqual(wrong(found), [])
  assert.ok((counts.STORE_DAMAGED ?? 0) > 3, 'damage is met')
  assert.ok((counts.sound ?? 0) > 5, 'what is in no use does no harm')
})

test('a bit of the slots: at worst the group is damaged, and mostly the other slot does', async (t) => {
  const random = prng(7)
  const bytes = statSync(join(sample, SLOTS_FILE)).size
  const flips = Array.from(
    { length: 12 },
    () => `${SLOTS_FILE}:${(random.between(0, 2) * PAGE + random.between(0, 256)) % bytes}:${random.between(0, 8)}`,
  )
  const found = await outcomes(flips)
  t.diagnostic(JSON.stringify(tally(found)))
  assert.deepEqual(
    [...found].filter(([, outcome]) => outcome !== 'sound'),
    [],
  )
})
