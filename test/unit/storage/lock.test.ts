/** The lock of a store's directory: one owner, found stale when its process is gone. */

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { OWNER_FILE, takeLock } from '../../../src/storage/lmdb/lock.ts'
import { isAlive, ownerText, parseOwner, thisProcess } from '../../../src/storage/lmdb/process-owner.ts'
import { code } from '../../contract/store-samples.ts'

let dir = ''
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'flotilla-lock-')))
})
afterEach(() => rm(dir, { recursive: true }))

test('a directory has one owner at a time, named in its file', async () => {
  const lock = await takeLock(dir)
  assert.deepEqual(parseOwner(await readFile(join(dir, OWNER_FILE), 'utf8')), thisProcess())
  await assert.rejects(takeLock(dir), code('STORE_IN_USE'))
  assert.deepEqual((await readdir(dir)).map((name) => name.replace(/[0-9a-f]{16}/, '*')).sort(), ['owner.*.sock', OWNER_FILE])
  await lock.release()
  assert.deepEqual(await readdir(dir), [])
  await (await takeLock(dir)).release()
})

test('of many who ask at once, one gets it', async () => {
  const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(dir)))
  const won = results.filter((result) => result.status === 'fulfilled')
  assert.equal(won.length, 1)
  await won[0]?.value.release()
})

test('the file alone keeps others out while its process lives: where there is no socket', async () => {
  await writeFile(join(dir, OWNER_FILE), ownerText(thisProcess()))
  const before = await stat(join(dir, OWNER_FILE))
  await assert.rejects(takeLock(dir), (thrown: Error) => {
    assert.match(thrown.message, new RegExp(`this process \\(${process.pid}\\)`))
    return code('STORE_IN_USE')(thrown)
  })
  assert.deepEqual(await readdir(dir), [OWNER_FILE])
  assert.equal((await stat(join(dir, OWNER_FILE))).ctimeMs, before.ctimeMs) // a live owner's file is not moved, even for a moment
})

test('the socket keeps others out when somebody removed the file', { skip: process.platform !== 'linux' }, async () => {
  const lock = await takeLock(dir)
  await rm(join(dir, OWNER_FILE))
  await assert.rejects(takeLock(dir), code('STORE_IN_USE'))
  await lock.release()
})

test('a file of a dead process, of its number’s earlier holder, of an earlier boot, or of nonsense is replaced', async () => {
  const us = thisProcess()
  const stale = [
    ownerText({ ...us, pid: 2 ** 22 + 1 }),
    ownerText({ ...us, started: `${us.started}1` }),
    ownerText({ ...us, boot: 'earlier' }),
    'nonsense',
    '',
  ]
  for (const text of process.platform === 'linux' ? stale : stale.filter((_, i) => i !== 2)) {
    await writeFile(join(dir, OWNER_FILE), text)
    const lock = await takeLock(dir)
    assert.deepEqual(
      (await readdir(dir)).filter((name) => !name.endsWith('.sock')),
      [OWNER_FILE],
    )
    await lock.release()
  }
})

test('this process is alive, and in doubt so is another', () => {
  const us = thisProcess()
  assert.equal(isAlive(us), true)
  assert.equal(isAlive({ ...us, started: '', boot: '' }), true)
  assert.equal(isAlive({ ...us, pid: 2 ** 22 + 1 }), false)
})
