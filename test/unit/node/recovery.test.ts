/** A group that has lost two of three: founded anew by the node that is left, with everything that was acknowledged. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { keepFounding, recallBirthmark, recallFounders } from '../../../src/node/founding.ts'
import { forceNewCluster, strandedGroups } from '../../../src/node/recovery.ts'
import { openStored } from '../../../src/node/stored.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import { type Entry, votersOnly } from '../../../src/protocol/types.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { decodeReconfigured, encodeReconfigure } from '../../../src/wire/members.ts'
import { BOOTSTRAP, code, entry, put, read } from '../../contract/store-samples.ts'
import { groupOf, recall, SmallCluster, say, until } from './small-cluster.ts'

const CLAIM = { cluster: 'demo', node: 'a' }
const OLD_MARK = '0123456789abcdef0123456789abcdef'

const configuration = (index: number, term: number): Entry => ({ index, term, kind: 'configuration', data: utf8('others') })

/** Applied to 2, committed to 3, and a log to 6 in which 4 is a change of members. */
async function stranded(disk: MemoryDisk): Promise<NodeStore> {
  const store = memoryStore(CLAIM, disk)
  await keepFounding(store, 'kv', { founders: 'old', mark: OLD_MARK })
  await store.remember('store:b', 'uuid/1/run')
  await store.open('kv', BOOTSTRAP)
  store.table('kv').apply(2, [put('k', 'v')])
  const entries = [entry(1, 1), entry(2, 1), entry(3, 1), configuration(4, 1), entry(5, 2), configuration(6, 2)]
  await store.write([{ group: 'kv', hardState: { term: 3, vote: 2, commit: 3 }, entries }])
  return store
}

test('everything in log and state stays; members, vote and founding are new', async () => {
  const disk = new MemoryDisk()
  const store = await stranded(disk)
  const [before] = await strandedGroups(store)
  assert.deepEqual(before, {
    group: 'kv',
    kind: 'kv',
    members: ['a', 'b', 'c'],
    votes: true,
    lastIndex: 6,
    lastTerm: 2,
    commit: 3,
    applied: 2,
  })
  const [done] = await forceNewCluster(store)
  assert.deepEqual([done?.peer, done?.unproven, done?.lastIndex], [4, 3, 6])
  await store.close()

  const again = memoryStore(CLAIM, disk)
  const recovered = await again.open('kv', BOOTSTRAP)
  assert.deepEqual(recovered.conf, votersOnly([4]))
  assert.deepEqual([recovered.peers, recovered.lastPeerId], [{ 4: 'a' }, 4])
  assert.deepEqual(recovered.hardState, { term: 4, vote: null, commit: 3 })
  assert.deepEqual([recovered.truncated, recovered.applied, recovered.lastIndex], [{ index: 2, term: 1 }, 2, 6])
  const log = again.reader('kv').entries(3, 7, 1e6)
  assert.deepEqual(
    log.map(({ index, term, kind, data }) => [index, term, kind, text(data)]),
    [
      [3, 1, 'command', '3.1'],
      [4, 1, 'noop', ''],
      [5, 2, 'command', '5.2'],
      [6, 2, 'noop', ''],
    ],
  )
  assert.equal(read(again.table('kv'), 'k'), 'v')
  assert.equal(recallBirthmark(again, 'kv', recovered), done?.founding)
  assert.notEqual(done?.founding, OLD_MARK)
  assert.notEqual(recallFounders(again, 'kv'), 'old')
  assert.equal(again.recall('store:b'), '', 'who takes the place of b is met for the first time')
})

test('what is recovered half can be recovered again, and only what is named', async () => {
  const disk = new MemoryDisk()
  const store = await stranded(disk)
  await store.open('other', BOOTSTRAP)
  await forceNewCluster(store, ['kv'])
  const [twice] = await forceNewCluster(store, ['kv'])
  assert.equal(twice?.peer, 5)
  assert.deepEqual((await openStored(store, 'other')).conf, BOOTSTRAP.conf)
  await assert.rejects(forceNewCluster(store, ['none']), code('UNKNOWN_GROUP'))
})

test('a node that has lost the two others goes on alone with everything that was acknowledged, and hears no old voice', async (t) => {
  const cluster = await SmallCluster.start(t)
  const leader = await cluster.leader()
  for (let i = 0; i < 50; i++) await say(leader, `word-${i}`)
  await cluster.settled()
  const left = (await cluster.followers())[0]?.id ?? ''
  const lost = ['a', 'b', 'c'].filter((id) => id !== left)
  for (const id of lost) {
    const node = cluster.node(id)
    await node.stop()
    cluster.forget(node)
  }
  const [node, disk] = [cluster.node(left), cluster.disk(left)]
  disk.crash() // nothing is saved that was not durable
  await node.stop()
  cluster.forget(node)

  const store = memoryStore({ cluster: 'demo', node: left }, disk)
  const [done] = await forceNewCluster(store)
  await store.close()
  const alone = await cluster.run(left)
  await cluster.leader()
  await say(alone, 'after')
  assert.equal(groupOf(alone).founding, done?.founding, 'the first entry is applied again, and its mark is not taken')
  for (let i = 0; i < 50; i++) assert.equal(recall(alone, `word-${i}`), `word-${i}`)

  const term = groupOf(alone).term
  for (const id of lost) await cluster.run(id)
  const [one] = lost
  await until('the two others elect one of their own', () => groupOf(cluster.node(one ?? '')).leader)
  assert.deepEqual([groupOf(alone).term, groupOf(alone).leader], [term, left], 'they are heard no more')
  await say(alone, 'still')
  assert.equal(recall(alone, 'still'), 'still')
})

test('a lost node begins anew, empty, and is filled by the one that recovered', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'word')
  await cluster.settled()
  for (const node of cluster.nodes) {
    await node.stop()
    cluster.forget(node)
  }
  const store = memoryStore({ cluster: 'demo', node: 'a' }, cluster.disk('a'))
  const [done] = await forceNewCluster(store)
  await store.close()
  await cluster.run('a', { nodes: ['a'] })
  await cluster.leader()
  const fresh = memoryStore({ cluster: 'demo', node: 'b' }, new MemoryDisk())
  const again = await cluster.run('b', { nodes: [], join: true, store: fresh })
  const guest = cluster.guest()
  t.after(() => guest.close())
  const request = encodeReconfigure({ group: 'g', steps: [{ type: 'add', node: 'b' }], timeoutMs: 5000 })
  const { members } = decodeReconfigured(
    (await guest.request('flotilla.demo.node.a.reconfigure', request, { timeoutMs: 5000 })).data,
  )
  assert.deepEqual(members.peers, { 4: 'a', 5: 'b' })
  await until('b has what a has', () => again.status().groups.length > 0 && recall(again, 'word') === 'word')
  assert.equal(groupOf(again).founding, done?.founding)
})
