/** kill -9 of nodes while records are being written: nothing acknowledged is lost, and writing goes on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importRecords } from './import-records.ts'
import { pause } from './processes.ts'
import { assertNothingLost, ELECTION_TIMEOUT_MS, NODES, TestCluster } from './test-cluster.ts'

const RECORDS = 10_000
const IN_FLIGHT = 256

test('the leader is killed during an import: writes go on, and every acknowledged record is on all nodes', async (t) => {
  const cluster = await TestCluster.start(t)
  const leader = await cluster.leader('kv')
  const kill = async (): Promise<void> => {
    await cluster.node(leader).kill()
    await pause(1000)
    await cluster.run(leader)
  }
  const report = await importRecords(cluster.client, { records: RECORDS, inFlight: IN_FLIGHT, at: { count: 3000, run: kill } })
  t.diagnostic(`${Math.round(report.silenceMs)} ms without an acknowledgement; election timeout ${ELECTION_TIMEOUT_MS} ms`)
  assert.deepEqual(report.failures, [])
  assert.equal(report.acknowledged.size, RECORDS)
  assert(report.silenceMs < 5 * 2 * ELECTION_TIMEOUT_MS, 'writes go on soon')
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

test('all nodes are killed at once during an import and come back: nothing acknowledged is lost', async (t) => {
  const cluster = await TestCluster.start(t)
  const kill = async (): Promise<void> => {
    await Promise.all(NODES.map((node) => cluster.node(node).kill()))
    await Promise.all(NODES.map((node) => cluster.run(node)))
  }
  const report = await importRecords(cluster.client, { records: RECORDS, inFlight: IN_FLIGHT, at: { count: 3000, run: kill } })
  assert.deepEqual(report.failures, [])
  await cluster.settled('kv')
  assertNothingLost(await cluster.replicas(), report.acknowledged)
})
