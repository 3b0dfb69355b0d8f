/** Opening groups: what the store holds must be what the program says. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/base/errors.ts'
import { joinGroup, type OpenedGroup, openGroups } from '../../../src/node/groups.ts'
import { settingsOf } from '../../../src/node/options.ts'
import { Quarantine } from '../../../src/node/quarantine.ts'
import type { Membership } from '../../../src/ports/store.ts'
import type { TableWrite } from '../../../src/ports/table.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { MemoryDisk } from '../../../src/storage/memory/disk.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import type { MembersView } from '../../../src/wire/members.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { parrot } from './sample-node.ts'

interface Given {
  /** It joins a group that exists, and then is given a state of it. */
  readonly joins?: { readonly view: MembersView; readonly state: Membership }
  readonly id?: string
  readonly nodes?: readonly string[]
  readonly stateMachine?: ReturnType<typeof parrot>
}

/** The rows of an empty state. */
async function* nothing(): AsyncGenerator<TableWrite> {}

/** Opens group g of a node on a disk, and closes its store again. */
async function open(
  disk: MemoryDisk,
  { id = 'a', nodes = ['a', 'b', 'c'], stateMachine = parrot(), joins }: Given = {},
): Promise<OpenedGroup> {
  const transport = loopback().connect('a')
  const settings = settingsOf({ cluster: 'demo', id, nodes, groups: [{ id: 'g', stateMachine }], transport })
  const store = memoryStore({ cluster: 'demo', node: id }, disk)
  try {
    const snapshots = { sending: () => null, stateBytes: () => undefined }
    const quarantine = new Quarantine({ store, onFailure: assert.fail })
    const options = { settings, store, transport, subjects: subjectsOf('demo'), snapshots, quarantine }
    if (joins) {
      const joined = await joinGroup(options, settings.groups[0] ?? assert.fail(), joins.view)
      const state = await store.stage('g', nothing())
      await store.write([{ group: 'g', install: { index: 6, term: 1, state, membership: joins.state } }])
      return joined
    }
    const groups = await openGroups(options)
    const group = groups.get('g')
    assert(group && groups.size === 1)
    return group
  } finally {
    await store.close()
  }
}

test('peers are numbered by name, the same on every node and in whatever order', async () => {
  const [a, b, c] = await Promise.all([
    open(new MemoryDisk(), { id: 'a', nodes: ['c', 'a', 'b'] }),
    open(new MemoryDisk(), { id: 'b', nodes: ['b', 'c', 'a'] }),
    open(new MemoryDisk(), { id: 'c', nodes: ['a', 'b', 'c'] }),
  ])
  assert(a && b && c)
  assert.deepEqual([a.host.id, b.host.id, c.host.id], [1, 2, 3])
  assert.deepEqual(a.host.peers, { 1: 'a', 2: 'b', 3: 'c' })
  assert.equal(new Set([a, b, c].map(({ host }) => host.epoch)).size, 1)
  assert.equal(a.life.state, 'loading')
})

test('other members make another founding', async () => {
  const one = await open(new MemoryDisk())
  const other = await open(new MemoryDisk(), { nodes: ['a', 'b', 'd'] })
  const fewer = await open(new MemoryDisk(), { nodes: ['a', 'b'] })
  assert.equal(new Set([one, other, fewer].map(({ host }) => host.epoch)).size, 3)
})

test('a group that exists keeps its members and its kind', async () => {
  const disk = new MemoryDisk()
  await open(disk)
  const listed = await open(disk, { nodes: ['a', 'b', 'c', 'd'] })
  assert.deepEqual(listed.host.peers, { 1: 'a', 2: 'b', 3: 'c' }, 'the store knows best')
  await assert.rejects(open(disk, { stateMachine: kv() }), { code: 'STORE_MISMATCH' })
  const again = await open(disk, { nodes: ['c', 'b', 'a'] })
  assert.deepEqual([again.host.id, again.host.epoch], [1, listed.host.epoch])
})

test('a peer is who it joined as, though the state it was given is older than that', async () => {
  const before = { 1: 'a', 2: 'b', 3: 'c' }
  const state: Membership = { conf: votersOnly([1, 2, 3]), peers: before, lastPeerId: 3 }
  for (const id of ['c', 'd']) {
    const peers = { ...before, 4: id }
    const nodes = [...new Set(Object.values(peers))]
    const conf = { voters: [1, 2], votersOutgoing: [], learners: [4], learnersNext: [], autoLeave: false }
    const view: MembersView = { group: 'g', index: 10, term: 2, conf, peers, lastPeerId: 4, founding: 'digest', mark: 'mark' }
    const disk = new MemoryDisk()
    assert.equal((await open(disk, { id, nodes, joins: { view, state } })).host.id, 4)
    assert.equal((await open(disk, { id, nodes })).host.id, 4, id)
  }
})

test('which peer it was that is damaged is known without its data: the one in its place may begin, whenever that is heard of', async () => {
  const disk = new MemoryDisk()
  assert.equal((await open(disk, { id: 'c' })).host.id, 3)
  const store = memoryStore({ cluster: 'demo', node: 'c' }, disk)
  const quarantine = new Quarantine({ store, onFailure: assert.fail })
  const damage = new FlotillaError('STORE_DAMAGED', 'the record is damaged', { group: 'g' })
  assert.equal(await quarantine.opening('g', 'parrot', () => Promise.reject(damage)), null)
  assert.deepEqual([quarantine.mayBegin('g', 4), quarantine.mayBegin('g', 3)], [true, false])
})
