/** A leader whose clock cannot be trusted counts on no lease: after a stall, after a sleep of the machine. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { wallClock } from '../../../src/clock/wall.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { pause, SmallCluster, say } from './small-cluster.ts'

const ELECTION_MS = 400

/** A cluster whose clocks can be set forward, each by name; its leader holds a lease, and was cut off just now. */
async function cutOff(t: Parameters<typeof SmallCluster.start>[0]) {
  const skews = new Map<string, { ms: number; sleptMs: number }>()
  const clockOf = (id: string): Clock => {
    const skew = { ms: 0, sleptMs: 0 }
    skews.set(id, skew)
    return { now: () => wallClock.now() + skew.ms, after: wallClock.after, date: () => Date.now() + skew.ms + skew.sleptMs }
  }
  const cluster = new SmallCluster(t, { leaseReads: true, timing: { electionTimeoutMs: ELECTION_MS, heartbeatMs: 20 } })
  await Promise.all(['a', 'b', 'c'].map((id) => cluster.run(id, { clock: clockOf(id) })))
  const leader = await cluster.leader()
  await say(leader, 'word')
  await pause(60) // a few rounds of heartbeats
  cluster.hub.disconnect(leader.id)
  const skew = skews.get(leader.id)
  assert(skew)
  return { leader, skew }
}

const leaseRead = async (leader: FlotillaNode): Promise<string> =>
  text((await leader.read('g', utf8('word'), { consistency: 'lease', timeoutMs: 20 })).body)

const noAnswer = (error: { readonly code: string }): boolean => error.code === 'TIMEOUT' || error.code === 'NOT_LEADER'

test('as long as nothing is wrong with its clock, the lease holds', async (t) => {
  const { leader } = await cutOff(t)
  assert.equal(await leaseRead(leader), 'word')
})

test('a leader that stood still for longer than a lease does not answer, though no tick has told it yet', async (t) => {
  const { leader, skew } = await cutOff(t)
  skew.ms += ELECTION_MS
  await assert.rejects(leaseRead(leader), noAnswer)
})

test('a leader whose machine slept does not answer, though its monotonic clock stood still', async (t) => {
  const { leader, skew } = await cutOff(t)
  skew.sleptMs += 60_000
  await assert.rejects(leaseRead(leader), noAnswer)
})

test('after a stall of more than half an election timeout all rounds are forgotten, also those that are young enough', async (t) => {
  const { leader, skew } = await cutOff(t)
  skew.ms += ELECTION_MS * 0.55
  await pause(30)
  await assert.rejects(leaseRead(leader), noAnswer)
})
