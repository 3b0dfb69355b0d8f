/** News of a leader: what they do to attempts under way at the one before it, and what they leave alone. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { utf8 } from '../../../src/base/bytes.ts'
import { type Call, Calls, GRACE_MS } from '../../../src/client/calls.ts'
import { type Client, connect } from '../../../src/client/client.ts'
import { Leaderships } from '../../../src/client/leaderships.ts'
import { silent } from '../../../src/ports/logger.ts'
import { encodePut } from '../../../src/statemachines/kv/command.ts'
import { loopback } from '../../../src/transport/loopback/hub.ts'
import { eventually, refusedWith } from '../../contract/transport-waiting.ts'
import { FakeCluster } from './fake-cluster.ts'

const PUT = encodePut('default', utf8('k'), utf8('v'))
const SUBJECT = 'flotilla.demo.event.leadership'
const NODE_B = 'flotilla.demo.node.b.propose'

/** A client of a cluster whose leader `a` hears everything and answers nothing. */
async function stage(t: { after(end: () => Promise<void>): void }): Promise<{ cluster: FakeCluster; client: Client }> {
  const cluster = new FakeCluster()
  cluster.elect('a')
  cluster.mood = (attempt) => (attempt === 1 ? 'deaf' : null)
  const client = await connect({ cluster: 'demo', transport: cluster.hub.connect('client') })
  t.after(() => client.close())
  return { cluster, client }
}

/** `b` leads from now on, and says so. */
function change(cluster: FakeCluster): void {
  cluster.elect('b')
  cluster.announce({ group: 'kv', node: 'b', term: 2 })
}

test('a write at a leader that another has followed ends soon, its outcome unknown, and is not sent again', async (t) => {
  const { cluster, client } = await stage(t)
  const write = assert.rejects(client.propose('kv', PUT), (error) => {
    assert.match(String(error), /the leader changed before an answer came; the outcome is unknown/)
    return refusedWith('TIMEOUT_UNKNOWN')(error)
  })
  await eventually(() => cluster.asked.length === 1, 1000)
  const begun = performance.now()
  change(cluster)
  await write
  const tookMs = performance.now() - begun
  assert.ok(tookMs >= GRACE_MS - 20 && tookMs < 2 * GRACE_MS, `${tookMs} ms`)
  assert.equal(cluster.asked.length, 1)
  await client.propose('kv', PUT)
  assert.equal(cluster.asked[1], NODE_B, 'the next one goes to the new leader')
})

for (const what of ['an idempotent write', 'a read'] as const) {
  test(`${what} is sent to the new leader at once`, async (t) => {
    const { cluster, client } = await stage(t)
    const call = what === 'a read' ? client.kv('kv').get('k') : client.propose('kv', PUT, { idempotent: true })
    await eventually(() => cluster.asked.length === 1, 1000)
    const begun = performance.now()
    change(cluster)
    await call
    assert.ok(performance.now() - begun < GRACE_MS / 2, `${performance.now() - begun} ms`)
    assert.match(cluster.asked[1] ?? '', /node\.b\./)
  })
}

test('news of the same leader, of an earlier term, of another group, and no news at all leave an attempt alone', async (t) => {
  const { cluster, client } = await stage(t)
  const write = assert.rejects(client.propose('kv', PUT, { timeoutMs: 1200 }), /no answer came in time/)
  await eventually(() => cluster.asked.length === 1, 1000)
  cluster.announce({ group: 'kv', node: 'b', term: 1 })
  cluster.announce({ group: 'kv', node: 'a', term: 2 })
  cluster.announce({ group: 'other', node: 'b', term: 9 })
  cluster.hub.connect('stranger').publish(SUBJECT, utf8('{"group":"kv"}'))
  cluster.hub.connect('another').publish(SUBJECT, utf8('?'))
  await write
})

test('one that led and answers within the grace is heard', async () => {
  let tell: (leader: string) => void = () => {}
  const way = {
    subject: 'x',
    answered() {},
    lost: () => true,
    watch(overtaken: (leader: string) => void) {
      tell = overtaken
      return () => {}
    },
  }
  const attempt = async (): Promise<number> => {
    tell('b')
    await sleep(50)
    return 7
  }
  const late: Call<number> = {
    writes: true,
    repeatable: false,
    timeoutMs: 5000,
    way: async () => way,
    attempt: () => sleep(0).then(attempt),
  }
  assert.equal(await new Calls().make(late), 7)
})

test('what is known already is told at once, what is over is told no more, and close ends the subscription', async () => {
  const hub = loopback()
  const node = hub.connect('node')
  const news: string[] = []
  const onNews = ({ node: name, term }: { readonly node: string; readonly term: number }): void =>
    void news.push(`${name}${term}`)
  const believing = { concerns: () => true, confirm: async () => true }
  const all = new Leaderships({ transport: hub.connect('client'), subject: SUBJECT, logger: silent, onNews, ...believing })
  const say = (name: string, term: number): boolean =>
    node.publish(SUBJECT, utf8(JSON.stringify({ group: 'kv', node: name, term })))
  all.open()
  all.open()
  say('b', 2)
  await eventually(() => news.length === 1, 1000)
  const told: string[] = []
  const watch = (to: string, term: number): (() => void) =>
    all.watch({ group: 'kv', node: to, term }, (leader) => told.push(`${to}<${leader}`))
  watch('a', 1)
  assert.deepEqual(told, ['a<b'])
  watch('b', 2)
  watch('b', 2)() // over before there is any news
  say('c', 3)
  say('b', 2)
  say('c', 3)
  await eventually(() => news.length === 2, 1000)
  await sleep(20)
  assert.deepEqual(told, ['a<b', 'b<c'])
  all.close()
  say('d', 4)
  await sleep(20)
  assert.deepEqual(news, ['b2', 'c3'])
})
