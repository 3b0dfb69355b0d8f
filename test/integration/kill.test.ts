/** kill -9 of nodes while records are being written: nothing acknowledged is lost, and writing goes on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importRecords } from './import-records.ts'
import { pause } from './processes.ts'
import { assertNothingLost, ELECTION_TIMEOUT_MS, NODES, TestCluster } from './test-cluster.ts'

const RECORDS = 10_000
const IN_FLIGHT = 256

/** Milliseconds until a write that begins now is acknowledged. */
async function timeUntilWrite(cluster: TestCluster): Promise<number> {
  const begun = performance.now()
  await cluster.client.kv('kv').put('after the kill', 'x', { idempotent: true })
  return Math.round(performance.now() - begun)
}

test('the leader is killed during an import: writes go on, and every acknowledged record is on all nodes', async (t) => {
  const cluster = await TestCluster.start(t)
  const leader = await cluster.leader('kv')
  let outageMs = 0
  const kill = async (): Promise<void> => {
    await cluster.node(leader).kill()
    outageMs = await timeUntilWrite(cluster)
    await cluster.run(leader)
  }
  const report = await importRecords(cluster.client, { records: RECORDS, inFlight: IN_FLIGHT, at: { count: 3000, run: kill } })
  t.diagnostic(`a write that began after the kill took ${outageMs} ms; the election timeout is ${ELECTION_TIMEOUT_MS} ms`)
  t.diagnostic(`those under way at the kill heard nothing for ${Math.round(report.silenceMs)} ms`)
  assert.deepEqual(report.failures, [])
  assert.equal(report.acknowledged.size, RECORDS)
  assert(outageMs < 5 * 2 * ELECTION_TIMEOUT_MS, 'writes go on soon')
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})

test('a follower is killed during an import and catches up', async (t) => {
  const cluster = await TestCluster.start(t)
  const follower = await cluster.follower('kv')
  const kill = async (): Promise<void> => {
    await cluster.node(follower).kill()
    await pause(500)
    await cluster.run(follower)
  }
  const report = await importRecords(cluster.client, { records: RECORDS, inFlight: IN_FLIGHT, at: { count: 3000, run: kill } })
  assert.deepEqual(report.failures, [])
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})

test('all nodes, with slow disks, are killed at once during an import and come back: nothing acknowledged is lost', async (t) => {
  const cluster = await TestCluster.start(t, { diskDelayMs: 30 })
  const kill = async (): Promise<void> => {
    await Promise.all(NODES.map((node) => cluster.node(node).kill()))
    await Promise.all(NODES.map((node) => cluster.run(node)))
  }
  const report = await importRecords(cluster.client, {
    records: RECORDS / 2,
    inFlight: IN_FLIGHT,
    at: { count: 2000, run: kill },
  })
  assert.deepEqual(report.failures, [])
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})
