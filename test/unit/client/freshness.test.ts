/** Where each kind of read goes and what it says on the way; and how a client has leadership handed over. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import { FlotillaError } from '../../../src/base/errors.ts'
import { connect } from '../../../src/client/client.ts'
import type { ReadOptions } from '../../../src/client/types.ts'
import { decodeRequest, encodeJsonRefusal, encodeLeaderHint } from '../../../src/wire/requests.ts'
import { subjectsOf } from '../../../src/wire/subjects.ts'
import { decodeTransfer, type TransferRequest } from '../../../src/wire/transfer.ts'
import { SmallCluster } from '../node/small-cluster.ts'
import { FakeCluster } from './fake-cluster.ts'

const subjects = subjectsOf('demo')

async function stage(t: { after(end: () => Promise<void>): void }) {
  const cluster = new FakeCluster()
  cluster.elect('a')
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client'), timeoutMs: 2000 })
  t.after(() => client.close())
  return { cluster, client }
}

test('reads that must be from the leader go there and nowhere else; the others go to any replica', async (t) => {
  const { cluster, client } = await stage(t)
  await client.kv('kv').put('k', 'v')
  const heard: unknown[] = []
  const spy = cluster.hub.connect('spy')
  for (const subject of [subjects.group('kv', 'query'), subjects.node('a', 'read'), subjects.node('a', 'propose')]) {
    spy.subscribe(subject, ({ subject: to, data }) => {
      const { consistency, maxStalenessMs, direct } = decodeRequest(data)
      heard.push([to.slice('flotilla.demo.'.length), consistency, maxStalenessMs, direct])
    })
  }
  const kinds: readonly ReadOptions[] = [
    {},
    { consistency: 'lease' },
    { consistency: 'follower' },
    { consistency: 'stale' },
    { maxStalenessMs: 50 },
  ]
  for (const options of kinds) assert.equal(await client.kv('kv').getText('k', options), 'v')
  for await (const _ of client.kv('kv').scan({}, { consistency: 'follower' })) break
  await client.kv('kv').put('k', 'w')
  assert.deepEqual(heard, [
    ['node.a.read', 'linearizable', undefined, true],
    ['node.a.read', 'lease', undefined, true],
    ['group.kv.query', 'follower', undefined, false],
    ['group.kv.query', 'stale', undefined, false],
    ['group.kv.query', 'stale', 50, false],
    ['group.kv.query', 'follower', undefined, false],
    ['node.a.propose', undefined, undefined, true],
  ])
})

test('a bound on what is never stale is a mistake, found before anything is sent', async (t) => {
  const { cluster, client } = await stage(t)
  const wrong: ReadOptions = { consistency: 'lease', maxStalenessMs: 5 }
  await assert.rejects(client.kv('kv').get('k', wrong), { code: 'CONFIG_INVALID' })
  await assert.rejects(client.kv('kv').get('k', { maxStalenessMs: -5 }), { code: 'CONFIG_INVALID' })
  assert.deepEqual(cluster.asked, [])
})

test('a handover is asked of the leader, is looked for where it went, and is not asked twice', async (t) => {
  const { cluster, client } = await stage(t)
  const asked: TransferRequest[] = []
  const leaders = cluster.hub.connect('leaders')
  const refusal = new FlotillaError('NOT_LEADER', 'not me', { leader: 'b' })
  leaders.subscribe(subjects.node('a', 'transfer'), (m) => m.respond(encodeJsonRefusal(refusal)))
  leaders.subscribe(subjects.node('b', 'transfer'), (m) => {
    asked.push(decodeTransfer(m.data))
    m.respond(encodeLeaderHint({ leader: 'c', term: 3 }))
  })
  assert.deepEqual(await client.transfer('kv', 'c'), { leader: 'c', term: 3 })
  assert.equal(asked[0]?.to, 'c')
  assert.equal(asked[0]?.direct, true)
  const mute = new FakeCluster(['a'])
  mute.elect('a')
  let times = 0
  mute.hub.connect('leaders').subscribe(subjects.node('a', 'transfer'), () => times++)
  const other = await connect({ cluster: 'demo', transport: mute.hub.connect('client') })
  await assert.rejects(other.transfer('kv', null, { timeoutMs: 900 }), { code: 'TIMEOUT' })
  await other.close()
  assert.equal(times, 1)
})

test('while leadership is handed over, writes wait and then go on', async (t) => {
  const cluster = await SmallCluster.start(t, { timing: { electionTimeoutMs: 300, heartbeatMs: 30 } })
  const [deaf] = await cluster.followers()
  assert(deaf)
  const client = await connect({ cluster: 'demo', transport: cluster.guest('client') })
  t.after(() => client.close())
  await client.propose('g', utf8('before'))
  cluster.hub.disconnect(deaf.id)
  await client.propose('g', utf8('what the deaf one lacks'))
  const moved = assert.rejects(client.transfer('g', deaf.id), { code: 'TIMEOUT', message: /still leads/ })
  await client.propose('g', utf8('during'))
  await moved
  cluster.hub.reconnect(deaf.id)
})
