/** Reads and handovers on three processes: a leader whose process stood still never answers with what was, and nothing that was acknowledged is lost. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { text } from '../../src/base/bytes.ts'
import { encodeGet } from '../../src/statemachines/kv/query.ts'
import { decodeGetResult } from '../../src/statemachines/kv/result.ts'
import { natsTransport } from '../../src/transport/nats/transport.ts'
import type { Consistency } from '../../src/wire/freshness.ts'
import { decodeAnswer, encodeRequest } from '../../src/wire/requests.ts'
import { subjectsOf } from '../../src/wire/subjects.ts'
import { until } from './processes.ts'
import { assertNothingLost, NODES, TestCluster } from './test-cluster.ts'

const subjects = subjectsOf('test')
const utf8 = (word: string): Uint8Array => new TextEncoder().encode(word)

/** Asks one node by name; undefined when it refuses or says nothing. */
async function asker(cluster: TestCluster) {
  const transport = await natsTransport({ servers: cluster.server.url })
  const ask = async (node: string, consistency: Consistency): Promise<string | undefined> => {
    const data = encodeRequest({ group: 'kv', body: encodeGet('default', utf8('k')), timeoutMs: 3000, consistency })
    try {
      const value = decodeGetResult(
        decodeAnswer((await transport.request(subjects.node(node, 'read'), data, { timeoutMs: 4000 })).data).body,
      )
      return value === undefined ? undefined : text(value)
    } catch {
      return undefined
    }
  }
  return { ask, close: () => transport.close() }
}

test('a leader that stood still answers no read with what was before another led', async (t) => {
  const cluster = await TestCluster.start(t, { leaseReads: true })
  const kv = cluster.client.kv('kv')
  const { ask, close } = await asker(cluster)
  let answered = 0
  try {
    for (let round = 1; round <= 3; round++) {
      await kv.put('k', `old ${round}`)
      const leader = await cluster.leader('kv')
      await until('the lease is held', async () => (await ask(leader, 'lease')) === `old ${round}`)
      cluster.node(leader).freeze()
      await kv.put('k', `new ${round}`, { idempotent: true }) // the others elect another
      const acknowledged = Date.now()
      const asked = (['lease', 'lease', 'linearizable', 'follower', 'lease'] as const).map((how) => ask(leader, how))
      await new Promise((resolve) => setTimeout(resolve, 100)) // they wait in its socket
      cluster.node(leader).thaw()
      const more = Array.from({ length: 20 }, () => ask(leader, 'lease'))
      for (const value of await Promise.all([...asked, ...more])) {
        assert(value === undefined || value === `new ${round}`, `it said '${value}' in round ${round}`)
        if (value !== undefined) answered++
      }
      const own = cluster.node(leader).reads.filter(({ began }) => began > acknowledged)
      for (const { value } of own) assert.equal(value, `new ${round}`, 'what it read for itself')
    }
  } finally {
    await close()
  }
  t.diagnostic(`${answered} of 75 reads were answered`)
})

test('every replica answers a follower read with what was acknowledged before', async (t) => {
  const cluster = await TestCluster.start(t)
  const kv = cluster.client.kv('kv')
  const { ask, close } = await asker(cluster)
  try {
    for (let i = 0; i < 30; i++) {
      await kv.put('k', `v${i}`)
      const values = await Promise.all([
        ...NODES.map((node) => ask(node, 'follower')),
        kv.getText('k', { consistency: 'follower' }),
      ])
      assert.deepEqual(values, Array(4).fill(`v${i}`))
    }
  } finally {
    await close()
  }
})

test('leadership goes round under load, and nothing acknowledged is lost', async (t) => {
  const cluster = await TestCluster.start(t)
  const kv = cluster.client.kv('kv')
  const acknowledged = new Map<string, string>()
  let over = false
  const writers = Array.from({ length: 8 }, async (_, w) => {
    for (let i = 0; !over; i++) {
      await kv.put(`w${w}-${i}`, `v${i}`, { idempotent: true })
      acknowledged.set(`w${w}-${i}`, `v${i}`)
    }
  })
  for (let i = 0; i < 6; i++) {
    const from = await cluster.leader('kv')
    const to = NODES[(NODES.indexOf(from as (typeof NODES)[number]) + 1) % NODES.length] as string
    const { leader } = await cluster.client.transfer('kv', to)
    assert.equal(leader, to)
    const before = acknowledged.size
    await until('writes go on', () => acknowledged.size > before + 20)
  }
  over = true
  await Promise.all(writers)
  await cluster.settled('kv')
  t.diagnostic(`${acknowledged.size} writes`)
  assertNothingLost(await cluster.replicas(), acknowledged)
})
