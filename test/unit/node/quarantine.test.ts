/** A group whose data on one node is damaged: that peer is as if it were not there, and nobody else notices more than that. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { connect } from '../../../src/client/client.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import type { NodeStore } from '../../../src/ports/store.ts'
import { openEnv } from '../../../src/storage/lmdb/env.ts'
import { groupKey } from '../../../src/storage/lmdb/keys.ts'
import { openLmdb } from '../../../src/storage/lmdb/open.ts'
import { memoryStore } from '../../../src/storage/memory/store.ts'
import { parrot } from './sample-node.ts'
import { groupOf, SmallCluster, until } from './small-cluster.ts'

const CLAIM = { cluster: 'demo', node: 'b' }
const groups = () => ['g', 'h'].map((id) => ({ id, stateMachine: parrot() }))

async function temporaryDirectory(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'flotilla-quarantine-'))
  t.after(() => rm(dir, { recursive: true }))
  return dir
}

/** A store that says damage of `g` was met whenever the test likes. */
function fragile(store: NodeStore): { store: NodeStore; meet: () => void } {
  let tell: (damage: FlotillaError) => void = () => {}
  const watched = new Proxy(store, {
    get(target, key) {
      if (key === 'watchDamage') return (listener: typeof tell) => (tell = listener)
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { store: watched, meet: () => tell(new FlotillaError('STORE_DAMAGED', 'entry 3 is damaged', { group: 'g' })) }
}

const isQuarantined = (node: FlotillaNode): boolean => groupOf(node, 'g').life === 'quarantined'

/** The group has a leader among the others, and goes on. */
async function goesOn(cluster: SmallCluster, group: string): Promise<void> {
  const leader = await until('a leader among the others', () =>
    cluster.nodes.find((node) => groupOf(node, group).role === 'leader' && groupOf(node, group).life === 'running'),
  )
  await leader.propose(group, utf8('x'))
}

test('a group found damaged at the start is in quarantine; the node serves its other groups, and stays so after a restart', async (t) => {
  const dir = await temporaryDirectory(t)
  const cluster = new SmallCluster(t, { groups: groups() })
  await Promise.all([
    cluster.run('a'),
    cluster.run('c'),
    openLmdb({ dir, ...CLAIM }).then((store) => cluster.run('b', { store })),
  ])
  await (await cluster.leader('g')).propose('g', utf8('x'))
  await cluster.node('b').stop()
  const env = openEnv(dir)
  const good = Buffer.from(env.state.get(groupKey(0)) as Uint8Array)
  env.state.putSync(groupKey(0), Buffer.from(good).fill(9, 8, 9))
  await env.root.close()
  const b = await cluster.run('b', { store: await openLmdb({ dir, ...CLAIM }) })
  const { life, damage, role } = groupOf(b, 'g')
  assert.deepEqual([life, role], ['quarantined', 'follower'])
  assert.match(damage ?? '', /group "g": the state record is damaged/)
  assert.throws(() => b.query('g', utf8('x')), { code: 'STORE_DAMAGED' })
  await assert.rejects(b.propose('g', utf8('x')), { code: 'STORE_DAMAGED' })
  await goesOn(cluster, 'g')
  await cluster.leader('h')
  await goesOn(cluster, 'h')
  await b.stop()
  const mended = openEnv(dir)
  mended.state.putSync(groupKey(0), good)
  await mended.root.close()
  const again = await cluster.run('b', { store: await openLmdb({ dir, ...CLAIM }) })
  assert.ok(isQuarantined(again), 'who was found damaged once is not believed again')
})

test('a leader that meets damage is silent from then on: who waits is told, and another leads', async (t) => {
  const cluster = new SmallCluster(t, { groups: groups() })
  const stores = new Map<string, () => void>()
  for (const id of ['a', 'b', 'c']) {
    const { store, meet } = fragile(memoryStore({ cluster: 'demo', node: id }, cluster.disk(id)))
    stores.set(id, meet)
    await cluster.run(id, { store })
  }
  const leader = await cluster.leader('g')
  const waiting = leader.propose('g', utf8('x')).then(
    () => 'ok',
    (error: FlotillaError) => error.code,
  )
  stores.get(leader.id)?.()
  await until('it is in quarantine', () => isQuarantined(leader))
  assert.match(await waiting, /^(ok|STORE_DAMAGED|TIMEOUT_UNKNOWN)$/) // it may have been in time
  await goesOn(cluster, 'g')
  assert.notEqual(groupOf(leader, 'h').life, 'quarantined')
  await leader.stop()
  assert.ok(isQuarantined(await cluster.run(leader.id)), 'also after a restart')
})

test('with two of three in quarantine the group stands still: nobody counts who has forgotten', async (t) => {
  const cluster = new SmallCluster(t, { groups: groups() })
  const meets: (() => void)[] = []
  for (const id of ['a', 'b', 'c']) {
    const { store, meet } = fragile(memoryStore({ cluster: 'demo', node: id }, cluster.disk(id)))
    if (id !== 'a') meets.push(meet)
    await cluster.run(id, { store })
  }
  await cluster.leader('g')
  for (const meet of meets) meet()
  await until('two are in quarantine', () => isQuarantined(cluster.node('b')) && isQuarantined(cluster.node('c')))
  await assert.rejects(cluster.node('a').propose('g', utf8('x'), { timeoutMs: 400 }))
  assert.equal(groupOf(cluster.node('a'), 'g').life, 'running')
})

test('a damaged replica is rebuilt from the others under a new id, and only that one', async (t) => {
  const dir = await temporaryDirectory(t)
  const cluster = new SmallCluster(t, { groups: groups() })
  await Promise.all([
    cluster.run('a'),
    cluster.run('c'),
    openLmdb({ dir, ...CLAIM }).then((store) => cluster.run('b', { store })),
  ])
  await (await cluster.leader('g')).propose('g', utf8('x'))
  await cluster.settled('g')
  await cluster.node('b').stop()
  const env = openEnv(dir)
  env.state.putSync(groupKey(0), Buffer.alloc(20))
  await env.root.close()
  const b = await cluster.run('b', { store: await openLmdb({ dir, ...CLAIM }) })
  assert.ok(isQuarantined(b))
  const before = groupOf(b, 'h').peer
  const client = await connect({ cluster: 'demo', transport: cluster.guest('client') })
  t.after(() => client.close())
  await until('b has seen who it was', () => b.status().life === 'serving')
  const [done] = await client.readmit('b', { groups: ['g'], timeoutMs: 20_000 })
  assert.equal(done?.isBehind, false)
  await cluster.leader('g')
  await cluster.settled('g')
  assert.ok(groupOf(b, 'g').peer > 3 && groupOf(b, 'g').voters.includes('b'))
  assert.equal(groupOf(b, 'h').peer, before)
  assert.equal(groupOf(b, 'g').damage, undefined)
})
