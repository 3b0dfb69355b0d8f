/** A replicated actor of a user's own machine survives the death of its leader: no event is lost, none counts twice. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../src/base/errors.ts'
import type { registry } from './counter.ts'
import { pause } from './processes.ts'
import { TestCluster } from './test-cluster.ts'

const SENDS = 1500
const IN_FLIGHT = 32

test('a counter survives kill -9 of its leader: acknowledged events count once, unknown ones at most once', async (t) => {
  const cluster = await TestCluster.start(t)
  const counters = cluster.client.actors<typeof registry>('actors')
  await counters.start('counter', 'c1')
  const leader = await cluster.leader('actors')
  let acknowledged = 0
  let unknown = 0
  let begun = 0
  let killed: Promise<void> | null = null
  const kill = async (): Promise<void> => {
    await cluster.node(leader).kill()
    await pause(500)
    await cluster.run(leader)
  }
  const worker = async (): Promise<void> => {
    while (begun < SENDS) {
      if (++begun === SENDS / 3) killed = kill()
      try {
        await counters.send<'counter'>('c1', { type: 'add', amount: 1 }, { timeoutMs: 6000 })
        acknowledged++
      } catch (error) {
        assert(error instanceof FlotillaError)
        assert.equal(error.code, 'TIMEOUT_UNKNOWN') // what was refused for certain, the client sent again
        unknown++
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
  await killed
  const count = (await counters.get<'counter'>('c1'))?.context.count ?? -1
  t.diagnostic(`${acknowledged} acknowledged, ${unknown} unknown, the counter says ${count}`)
  assert(count >= acknowledged && count <= acknowledged + unknown, `${acknowledged} ≤ ${count} ≤ ${acknowledged + unknown}`)
  assert(unknown <= IN_FLIGHT)
  await cluster.settled('actors')
  for (let i = 0; i < 12; i++) {
    const view = await counters.get<'counter'>('c1', { consistency: 'stale' }) // any replica answers; by now all say the same
    assert.equal(view?.context.count, count)
  }
})
