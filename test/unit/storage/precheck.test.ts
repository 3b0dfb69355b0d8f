/** What is looked at before LMDB maps its file: cut files, foreign ones, and states that no crash leaves. */

import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { openEnv } from '../../../src/storage/lmdb/env.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { checkEnvironment, DATA_FILE } from '../../../src/storage/lmdb/precheck.ts'
import { SLOTS_FILE } from '../../../src/storage/lmdb/slots.ts'
import { code } from '../../contract/store-samples.ts'
import { CLAIM, copySample, judge, makeSample } from './damaged-store.ts'

const PAGE = 4096
let room = ''
let sample = ''
let dir = ''
let copies = 0

before(async () => {
  room = await mkdtemp(join(tmpdir(), 'flotilla-precheck-'))
  sample = join(room, 'sample')
  await makeSample(sample)
})
beforeEach(async () => {
  dir = join(room, `copy-${copies++}`)
  await copySample(sample, dir)
})
after(() => rm(room, { recursive: true }))

const data = (): string => join(dir, DATA_FILE)

/** Changes bytes of the copy. */
function change(edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(data())
  edit(bytes)
  writeFileSync(data(), bytes)
}

const refused = (why: RegExp) => (thrown: unknown) => {
  code('STORAGE_FAILED')(thrown)
  assert.match((thrown as Error).message, why)
  return true
}

test('a good file passes, with all its pages', async () => {
  checkEnvironment(dir)
  checkEnvironment(dir, true)
  assert.equal(await judge(dir), 'sound')
})

test('a file cut short is refused, at whatever length', async () => {
  const { size } = statSync(data())
  const lengths = [1, 100, PAGE - 1, PAGE, PAGE + 100, 2 * PAGE, 2 * PAGE + 1, 3 * PAGE, size >> 1, size - PAGE, size - 1]
  for (const length of lengths.toReversed()) {
    truncateSync(data(), length)
    assert.throws(() => checkEnvironment(dir), refused(/data\.mdb: .*; treat this disk as lost/), `${length} bytes`)
  }
  await assert.rejects(openLmdb({ dir, ...CLAIM }), code('STORAGE_FAILED'))
})

test('an empty or missing database is refused where groups have been, and is new where none has', async () => {
  truncateSync(data(), 0)
  await assert.rejects(openLmdb({ dir, ...CLAIM }), refused(/its database is empty, and group "kv" was in it/))
  rmSync(data())
  await assert.rejects(openLmdb({ dir, ...CLAIM }), refused(/its database is empty/))
  rmSync(join(dir, SLOTS_FILE))
  await (await openLmdb({ dir, ...CLAIM })).close()
})

test('a foreign file, a zeroed or a repeated meta page are refused', () => {
  for (const edit of [
    (bytes: Buffer) => bytes.fill('something else ', 0, 2 * PAGE),
    (bytes: Buffer) => bytes.fill(0, 0, PAGE),
    (bytes: Buffer) => bytes.fill(0, PAGE, 2 * PAGE),
    (bytes: Buffer) => bytes.copyWithin(0, PAGE, 2 * PAGE),
  ]) {
    const good = readFileSync(data())
    change(edit)
    assert.throws(() => checkEnvironment(dir), refused(/meta page|a number of/))
    writeFileSync(data(), good)
  }
})

test('an older state is refused: the newest meta page replaced by one of two transactions before', () => {
  change((bytes) => {
    const at = bytes.readBigUInt64LE(24 + 128) > bytes.readBigUInt64LE(PAGE + 24 + 128) ? 0 : PAGE
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(at + 24 + 128) - 2n, at + 24 + 128)
  })
  assert.throws(() => checkEnvironment(dir), refused(/speaks of another state/))
})

test('a file that is longer than it should be, as a crash leaves it, passes', async () => {
  writeFileSync(data(), Buffer.concat([readFileSync(data()), Buffer.alloc(5 * PAGE, 1)]))
  checkEnvironment(dir)
  assert.equal(await judge(dir), 'sound')
})

test('a file without pages that were taken and given back in one transaction passes', async () => {
  const { root } = openEnv(join(room, 'short'))
  const db = root.openDB<Buffer, Buffer>({ name: 'log', encoding: 'binary', keyEncoding: 'binary' })
  const key = (i: number): Buffer => Buffer.from([i >> 8, i & 255])
  const values = (from: number, to: number, length: number) => {
    for (let i = from; i < to; i++) void db.put(key(i), Buffer.alloc(length))
  }
  await root.batch(() => values(0, 1000, 300))
  await root.batch(() => {
    values(2000, 2300, 9000)
    for (let i = 2000; i < 2300; i++) void db.remove(key(i))
  })
  await root.close()
  const bytes = readFileSync(join(room, 'short', DATA_FILE))
  const lastPage = Math.max(Number(bytes.readBigUInt64LE(24 + 120)), Number(bytes.readBigUInt64LE(PAGE + 24 + 120)))
  assert.ok(bytes.length < (lastPage + 1) * PAGE, 'the file is short')
  checkEnvironment(join(room, 'short'))
  writeFileSync(join(room, 'short', DATA_FILE), bytes.subarray(0, -PAGE))
  assert.throws(() => checkEnvironment(join(room, 'short')), refused(/bytes, and should have/))
})
