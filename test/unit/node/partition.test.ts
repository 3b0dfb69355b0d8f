/** One partition, twice: the majority serves, the minority knows nothing of it and says so; who comes back takes over what he missed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8 } from '../../../src/base/bytes.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { encodePut } from '../../../src/statemachines/kv/command.ts'
import { encodeGet } from '../../../src/statemachines/kv/query.ts'
import { groupOf, until } from './small-cluster.ts'
import { FIVE, tableOf, WeatherCluster } from './weather-cluster.ts'

const put = (node: FlotillaNode, value: string) =>
  node.propose('g', encodePut('default', utf8('k'), utf8(value)), { timeoutMs: 300 })

const oneOf =
  (...codes: readonly string[]) =>
  ({ code }: { readonly code?: string }): boolean =>
    codes.includes(code ?? '')

/** A node that is cut off acknowledges no write and answers no read that must be fresh, from the first moment on. */
async function refuses(node: FlotillaNode): Promise<void> {
  const read = (consistency: 'linearizable' | 'follower') =>
    node.read('g', encodeGet('default', utf8('k')), { timeoutMs: 300, consistency })
  await Promise.all([
    assert.rejects(read('linearizable'), oneOf('NOT_LEADER', 'UNAVAILABLE', 'TIMEOUT')),
    assert.rejects(read('follower'), oneOf('NOT_LEADER', 'UNAVAILABLE', 'TIMEOUT')),
    assert.rejects(put(node, `of the minority (${node.id})`), oneOf('NOT_LEADER', 'UNAVAILABLE', 'TIMEOUT_UNKNOWN')),
  ])
}

/** The node and `others` that are not it. */
const withOthers = (node: FlotillaNode, others: number): string[] => [
  node.id,
  ...FIVE.filter((id) => id !== node.id).slice(0, others),
]

test('a majority serves, a minority sees nothing of it and refuses, and an old leader adopts what he missed', async (t) => {
  const cluster = await new WeatherCluster(t, 1).begin()
  const kv = (await cluster.client(t, 'client')).kv('g')
  const holds = (nodes: readonly FlotillaNode[], value: string): void => {
    for (const node of nodes) assert.deepEqual(tableOf(node), [`k=${value}`], node.id)
  }
  await kv.put('k', 'one')
  await cluster.settled()

  const leader = await cluster.leader()
  const majority = withOthers(leader, 2)
  const minority = cluster.nodes.filter(({ id }) => !majority.includes(id))
  cluster.network.split(majority)
  await kv.put('k', 'two')
  assert.equal(await kv.getText('k'), 'two')
  assert.equal(groupOf(leader).role, 'leader', 'it led on')
  await Promise.all(minority.map(refuses))
  holds(minority, 'one')
  cluster.network.heal()
  await cluster.settled()
  holds(cluster.nodes, 'two')

  const old = await cluster.leader()
  const oldSide = withOthers(old, 1)
  const [theirs, ours] = [true, false].map((inside) => cluster.nodes.filter(({ id }) => oldSide.includes(id) === inside))
  assert(theirs && ours)
  const { term } = groupOf(old)
  cluster.network.split(oldSide)
  await Promise.all(theirs.map(refuses))
  const next = await until('a leader of the majority', () => ours.find((node) => groupOf(node).role === 'leader'))
  assert(groupOf(next).term > term)
  await kv.put('k', 'three')
  assert.equal(await kv.getText('k'), 'three')
  await Promise.all(theirs.map(refuses))
  assert.notEqual(groupOf(old).role, 'leader', 'who hears no majority leads no more')
  holds(theirs, 'two')

  cluster.network.heal()
  await cluster.settled()
  holds(cluster.nodes, 'three')
  assert.equal(groupOf(old).leader, (await cluster.leader()).id)
  await kv.put('k', 'four')
  await cluster.settled()
  holds(cluster.nodes, 'four')
})
