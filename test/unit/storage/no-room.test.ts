/** A store that cannot be opened because its disk is full says so, and what may be deleted. */

import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FlotillaError } from '../../../src/base/errors.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { verifyStore } from '../../../src/storage/lmdb/verify.ts'
import { smallDisk } from '../../integration/small-disk.ts'

const CLAIM = { cluster: 'test', node: 'a' }

/** Fills a disk to its last page; returns the file and its size. */
function fill(path: string): number {
  const file = openSync(path, 'w')
  const page = new Uint8Array(4096)
  let bytes = 0
  try {
    for (;;) bytes += writeSync(file, page)
  } catch (thrown) {
    assert.equal((thrown as NodeJS.ErrnoException).code, 'ENOSPC')
  }
  closeSync(file)
  return bytes
}

const refusal =
  (dir: string) =>
  (error: FlotillaError): boolean => {
    assert.equal(error.code, 'STORAGE_FULL', error.message)
    assert.match(error.message, /is full, and the store cannot be opened; free some space/)
    assert.ok(error.message.includes(`${join(dir, 'spool')} may be deleted while the node is stopped`), error.message)
    return true
  }

test('on a disk with no room, or hardly any, a store is not opened, and the message names the spool', async (t) => {
  const disk = smallDisk(4)
  if (typeof disk === 'string') {
    t.diagnostic(`!!! NO FULL DISK WAS MET: ${disk}`)
    return t.skip(disk)
  }
  t.after(() => disk.free())
  const dir = join(disk.dir, 'a')
  await (await openLmdb({ dir, ...CLAIM })).close()
  const ballast = join(disk.dir, 'ballast')
  const bytes = fill(ballast)
  await assert.rejects(openLmdb({ dir, ...CLAIM }), refusal(dir))
  await assert.rejects(verifyStore(dir), refusal(dir), 'tools on a stopped node, too')
  for (const pages of [1, 3, 16]) {
    truncateSync(ballast, bytes - pages * 4096)
    await assert.rejects(openLmdb({ dir, ...CLAIM }), refusal(dir), `with ${pages} pages left`)
  }
  rmSync(ballast)
  await (await openLmdb({ dir, ...CLAIM })).close()
})

test('an opening whose write meets a full disk says the same', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'flotilla-no-room-'))
  t.after(() => rmSync(dir, { recursive: true }))
  await (await openLmdb({ dir, ...CLAIM })).close()
  for (const code of ['ENOSPC', 'EDQUOT', 28]) {
    const wrapCommit = () => () => Promise.reject(Object.assign(new Error('No space left on device'), { code }))
    await assert.rejects(openLmdb({ dir, ...CLAIM, wrapCommit }), refusal(dir))
  }
  const wrapCommit = () => () => Promise.reject(Object.assign(new Error('i/o error'), { code: 'EIO' }))
  await assert.rejects(openLmdb({ dir, ...CLAIM, wrapCommit }), { code: 'STORAGE_FAILED' })
})
