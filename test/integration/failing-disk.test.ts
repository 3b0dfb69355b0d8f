/**
 * A disk that fails under a running `flotilla node`: flushes that fail, and flushes that never end. It acknowledges nothing more, says what to do, and
 * ends; the others go on, and have everything that was acknowledged.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../src/base/bytes.ts'
import { sayIfSkipped } from '../crash/trace.ts'
import { CommandCluster } from './command-cluster.ts'
import { until } from './processes.ts'

/** Why calls cannot be made to fail here; said loudly. */
const skip = sayIfSkipped('DISK FAILURES OF A RUNNING NODE')

const ADVICE = /Check the disk of \S+ and its free space, then start the node again\. If the disk is lost, .*docs\/operations\.md/

/** Puts keys until told to stop; returns those that were acknowledged. */
function writing(cluster: CommandCluster) {
  const acknowledged: string[] = []
  let going = true
  const over = (async () => {
    for (let i = 0; going; i++) {
      const key = `key ${i}`
      await cluster.client
        .kv('kv')
        .put(utf8(key), utf8(key), { idempotent: true })
        .then(
          () => acknowledged.push(key),
          () => {}, // its outcome is not known, or nothing was done
        )
    }
  })()
  const stop = async (): Promise<readonly string[]> => {
    going = false
    await over
    return acknowledged
  }
  return { acknowledged, stop }
}

async function allThere(cluster: CommandCluster, keys: readonly string[]): Promise<void> {
  assert(keys.length > 0)
  for (const key of keys) {
    const value = await cluster.client.kv('kv').get(utf8(key))
    assert.equal(value && text(value), key)
  }
}

test('a leader whose flush fails acknowledges nothing more, says what to do, and ends with 1; others lead', {
  skip,
}, async (t) => {
  const cluster = await CommandCluster.start(t)
  const leader = await cluster.leader()
  const { acknowledged, stop } = writing(cluster)
  await until('something is acknowledged', () => acknowledged.length > 5)
  await cluster.injure(leader, 'fdatasync:error=EIO')
  const node = cluster.node(leader)
  assert.deepEqual(await node.ended, { code: 1, signal: null })
  assert.match(node.said, /^flotilla: STORAGE_FAILED: the store could not write: Input\/output error\. /m)
  assert.match(node.said, ADVICE)
  await cluster.leader(leader)
  const before = acknowledged.length
  await until('writes go on', () => acknowledged.length > before + 5)
  await allThere(cluster, await stop())
})

test('a leader whose flush never ends fails when the watchdog says so, and kills itself; others lead', { skip }, async (t) => {
  const cluster = await CommandCluster.start(t, { flags: ['--disk-watchdog', '1000'] })
  const leader = await cluster.leader()
  const { acknowledged, stop } = writing(cluster)
  await until('something is acknowledged', () => acknowledged.length > 5)
  const injury = await cluster.injure(leader, 'fdatasync:delay_enter=600000000')
  const node = cluster.node(leader)
  await until('it says why', () => /^flotilla: STORAGE_FAILED: .*no answer from the disk within 1000 ms/m.test(node.said))
  assert.match(node.said, ADVICE)
  await cluster.leader(leader)
  const before = acknowledged.length
  await until('writes go on', () => acknowledged.length > before + 5)
  const keys = await stop()
  injury.kill('SIGKILL') // the dead are not buried before whoever traces them lets go
  assert.deepEqual(await node.ended, { code: null, signal: 'SIGKILL' })
  await allThere(cluster, keys)
})
