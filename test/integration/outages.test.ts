/** The server dies, the leader stands still: what is acknowledged stays true. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importRecords } from './import-records.ts'
import { pause } from './processes.ts'
import { assertNothingLost, TestCluster } from './test-cluster.ts'

test('the server is killed and comes back during an import: nothing acknowledged is lost', async (t) => {
  const cluster = await TestCluster.start(t)
  const kill = async (): Promise<void> => {
    await cluster.server.kill()
    await pause(500)
    await cluster.server.restart()
  }
  const report = await importRecords(cluster.client, { records: 10_000, inFlight: 256, at: { count: 3000, run: kill } })
  t.diagnostic(`${Math.round(report.silenceMs)} ms without an acknowledgement, 500 ms of them without a server`)
  assert.deepEqual(report.failures, [])
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})

test('the server stands still for two seconds and then delivers everything at once: no harm is done', async (t) => {
  const cluster = await TestCluster.start(t)
  const { freeze } = cluster.server
  if (freeze === null) return t.skip('the embedded broker cannot stand still alone')
  const stall = async (): Promise<void> => {
    const thaw = freeze()
    await pause(2000)
    thaw()
  }
  const report = await importRecords(cluster.client, { records: 4000, inFlight: 64, at: { count: 1000, run: stall } })
  assert.deepEqual(report.failures, [])
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})

test('the leader stands still for three seconds: no two leaders acknowledge, no write is lost', async (t) => {
  const cluster = await TestCluster.start(t)
  const leader = await cluster.leader('kv')
  let others = ''
  const meanwhile = new Map<string, string>()
  const freeze = async (): Promise<void> => {
    const thawed = pause(3000)
    cluster.node(leader).freeze()
    for (let i = 0; i < 100; i++) {
      meanwhile.set(`meanwhile-${i}`, String(i))
      await cluster.client.kv('kv').put(`meanwhile-${i}`, String(i), { idempotent: true })
    }
    others = await cluster.leader('kv')
    await thawed
    cluster.node(leader).thaw()
  }
  // not idempotent: so each request waits for what the frozen leader says once it goes on
  const options = { records: 8000, inFlight: 64, idempotent: false, at: { count: 2000, run: freeze } }
  const report = await importRecords(cluster.client, options)
  t.diagnostic(`${report.failures.length} outcomes unknown`)
  for (const code of report.failures) assert.equal(code, 'TIMEOUT_UNKNOWN')
  assert.notEqual(others, leader, 'somebody else leads meanwhile')
  const byIndex = new Map(report.places.map(({ index, key, term }) => [index, { key, term }]))
  assert.equal(byIndex.size, report.places.length, 'no place in the log is acknowledged for two records')
  const terms = report.places.toSorted((a, b) => a.index - b.index).map(({ term }) => term)
  assert.deepEqual(
    terms,
    terms.toSorted((a, b) => a - b),
    'what was acknowledged in a later term is later in the log',
  )
  assert(new Set(terms).size >= 2, 'both leaders acknowledged something')
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), new Map([...report.acknowledged, ...meanwhile]))
})

test('without a server a node waits, serves when it comes, and stops when asked to', async (t) => {
  const cluster = await TestCluster.start(t)
  const follower = await cluster.follower('kv')
  await cluster.node(follower).stop()
  await cluster.server.kill()
  const started = cluster.run(follower)
  await pause(700)
  await cluster.server.restart()
  await started
  await cluster.client.kv('kv').put('later', 'written', { idempotent: true })
  await cluster.settled('kv')
  await cluster.server.kill()
  const begun = performance.now()
  assertNothingLost(await cluster.replicas(), new Map([['later', 'written']]))
  assert(performance.now() - begun < 10_000, 'nodes that are asked to stop do not wait for a server')
})
