/** How a node that waits becomes a member: at once, while the group needs it for its majority; and what it does about old news of itself. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { encodeEnvelope } from '../../../src/wire/envelope.ts'
import { encodeWelcome } from '../../../src/wire/introductions.ts'
import { decodeMembersView, type MemberStep, type MembersView } from '../../../src/wire/members.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'

const JOINS = { nodes: [], join: true }

async function change(guest: Transport, type: MemberStep['type'], node: string): Promise<void> {
  const request = utf8(JSON.stringify({ group: 'g', steps: [{ type, node }], timeoutMs: 5000 }))
  const { data } = await guest.request('flotilla.demo.group.g.reconfigure', request, { timeoutMs: 5000 })
  const answer = JSON.parse(Buffer.from(data).toString()) as { readonly error?: object }
  assert.equal(answer.error, undefined)
}

async function membersAt(guest: Transport, subject: string): Promise<MembersView> {
  const request = utf8(JSON.stringify({ group: 'g', timeoutMs: 1000, stale: true }))
  return decodeMembersView((await guest.request(`flotilla.demo.${subject}.members`, request, { timeoutMs: 1000 })).data)
}

const holds = (node: FlotillaNode): boolean => node.status().groups.length > 0

test('from one voter to two: the leader stays, though it can confirm nothing before the other has joined', async (t) => {
  const cluster = new SmallCluster(t, { nodes: ['a'], timing: { electionTimeoutMs: 400, heartbeatMs: 20 } })
  const a = await cluster.run('a')
  await cluster.leader()
  await say(a, 'one')
  const { term } = groupOf(a)
  const b = await cluster.run('b', JOINS)
  await change(cluster.guest(), 'add', 'b')
  await say(a, 'two')
  await until('b has joined', () => holds(b) && recall(b, 'two') === 'two')
  assert.deepEqual([groupOf(a).role, groupOf(a).term], ['leader', term])
  await until('b votes', () => groupOf(b).role === 'follower')
  assert.deepEqual(groupOf(b).voters, ['a', 'b'])
})

test('any replica says who the members are as it has applied them', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'first')
  await cluster.settled()
  const guest = cluster.guest()
  for (const { id } of cluster.nodes) {
    const { peers, mark } = await membersAt(guest, `node.${id}`)
    assert.deepEqual([Object.values(peers), mark.length], [['a', 'b', 'c'], 32])
  }
})

test('a peer that began from old news gives way to the later one of its node', async (t) => {
  const cluster = await SmallCluster.start(t)
  await say(await cluster.leader(), 'before')
  const guest = cluster.guest()
  await change(guest, 'addLearner', 'd')
  const old = await membersAt(guest, 'group.g')
  await change(guest, 'remove', 'd')
  cluster.hub.disconnect('a')
  cluster.hub.disconnect('b')
  cluster.hub.disconnect('c') // nobody but who is behind can be asked
  const behind = cluster.hub.connect('behind')
  behind.subscribe('flotilla.demo.node.b.members', (m) => m.respond(utf8(JSON.stringify(old))))
  for (const node of ['b', 'c'])
    behind.subscribe(`flotilla.demo.node.${node}.meet`, (m) =>
      m.respond(encodeWelcome({ verdict: 'guest', born: true, peer: null })),
    )
  const d = await cluster.run('d', JOINS)
  const sender = { cluster: 'demo', node: 'b', store: 'store', boot: 1, run: 'run' }
  const message = {
    type: 'RequestVote',
    from: 2,
    to: 4,
    term: 9,
    lastIndex: 9,
    lastTerm: 9,
    transfer: false,
    commit: 0,
    commitTerm: 0,
  } as const
  const call = encodeEnvelope({ sender, messages: [{ group: 'g', epoch: `${old.founding}.${old.mark}`, message }] })
  behind.publish('flotilla.demo.raft.d.b', call)
  await until('d is peer 4, which was removed', () => holds(d) && groupOf(d).peer === 4)
  await behind.close()
  cluster.forget(d)
  for (const node of ['a', 'b', 'c']) cluster.hub.reconnect(node)
  await cluster.leader()
  await pause(30)
  await change(guest, 'addLearner', 'd')
  await until('d is peer 5', () => holds(d) && groupOf(d).peer === 5)
  await until('d is filled', () => recall(d, 'before') === 'before')
  assert.equal(cluster.disk('d').image?.tombstones.get('g'), undefined, 'the tombstone made way, too')
  await d.stop()
})
