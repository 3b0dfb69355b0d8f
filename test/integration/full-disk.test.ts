/** A disk that runs full under `flotilla node`, and has room again: writes are refused before anything fails, reads go on, and so does everything. */

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import { FlotillaError } from '../../src/base/errors.ts'
import { CommandCluster } from './command-cluster.ts'
import { until } from './processes.ts'
import { smallDisk } from './small-disk.ts'

const MIB = 1024 * 1024
const VALUE = new Uint8Array(32 * 1024).fill(120)

test('disks run full: writes are refused, reads go on; space freed, writes go on, and nothing acknowledged is lost', async (t) => {
  const disk = smallDisk(48)
  if (typeof disk === 'string') {
    t.diagnostic(`!!! NO FULL DISK WAS MET: ${disk}`)
    return t.skip(disk)
  }
  t.after(() => disk.free())
  const ballast = join(disk.dir, 'ballast')
  writeFileSync(ballast, new Uint8Array(16 * MIB))
  // two of three are on the small disk: whoever leads, no majority has room
  const dirs = { a: join(disk.dir, 'a'), b: join(disk.dir, 'b') }
  const cluster = await CommandCluster.start(t, { dirs, flags: ['--disk-reserve', '8'] })
  const kv = cluster.client.kv('kv')
  const acknowledged: string[] = []
  const put = async (timeoutMs: number): Promise<FlotillaError | null> => {
    const key = `key ${acknowledged.length}`
    try {
      await kv.put(utf8(key), VALUE, { timeoutMs, idempotent: true })
      acknowledged.push(key)
      return null
    } catch (error) {
      assert(error instanceof FlotillaError)
      return error
    }
  }
  const refusal = await until('writes are refused', async () => {
    const error = await put(1500)
    return error === null || error.code === 'TIMEOUT_UNKNOWN' ? undefined : error // taken when the others had room, who have none by now
  })
  assert.equal(refusal.code, 'STORAGE_FULL', refusal.message)
  assert(acknowledged.length > 50)
  for (const node of ['a', 'b']) {
    const room = (await cluster.statuses()).get(node)?.store.room
    assert(room && room.level !== 'ok' && room.freeBytes > 0, JSON.stringify(room))
  }
  const read = await kv.get(utf8('key 0'))
  assert.equal(read && text(read), text(VALUE), 'reads go on')
  assert.equal((await put(1500))?.code, 'STORAGE_FULL', 'and it stays so')
  rmSync(ballast)
  await until('writes go on by themselves', async () => (await put(1500)) === null)
  for (const [name, node] of cluster.nodes) assert.equal(node.isOver, false, `${name}: ${node.said}`)
  for (const key of acknowledged) assert.equal((await kv.get(utf8(key)))?.length, VALUE.length, key)
})
