/** Whose log is far behind gets the state in place of it, over all that lies between nodes, and goes on from there. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { text, utf8 } from '../../../src/base/bytes.ts'
import { connect } from '../../../src/client/client.ts'
import type { FlotillaNode } from '../../../src/node/types.ts'
import { encodeGet } from '../../../src/statemachines/kv/query.ts'
import { decodeGetResult } from '../../../src/statemachines/kv/result.ts'
import { parrot } from './sample-node.ts'
import { groupOf, pause, recall, SmallCluster, say, until } from './small-cluster.ts'
import { FIVE, type Plan, tableOf, WeatherCluster, weather } from './weather-cluster.ts'

const LIMIT = 10
const SHORT = { groups: [{ id: 'g', stateMachine: parrot(), compaction: { entries: LIMIT, keep: 2 } }] }

/** A row of the lock family, as it is there. */
const lockOf = (node: FlotillaNode, key: string): Uint8Array | undefined =>
  decodeGetResult(node.query('g', encodeGet('lock', utf8(key))).body)

/** Logs of all nodes hold no more than twice what they may. */
function checkLogs(cluster: SmallCluster): void {
  for (const node of cluster.nodes) {
    const { applied, truncated } = groupOf(node)
    assert.ok(truncated <= applied && applied - truncated <= 2 * LIMIT, `${node.id}: applied ${applied}, cut at ${truncated}`)
  }
}

describe('a node that is far behind', () => {
  test('gets the state when what it lacks is cut off, goes on with the log, and keeps both over a restart', async (t) => {
    const cluster = await SmallCluster.start(t, SHORT)
    const [away] = await cluster.followers()
    assert(away)
    const missed = groupOf(away).lastIndex
    await away.stop()
    cluster.forget(away)
    const leader = await cluster.leader()
    for (let i = 0; i < 5 * LIMIT; i++) await say(leader, `word ${i}`)
    assert.ok(groupOf(leader).truncated > missed)
    const back = await cluster.run(away.id)
    await cluster.settled()
    assert.equal(recall(back, 'word 7'), 'word 7')
    assert.ok(groupOf(back).truncated > missed, 'it got no log, but a state')
    await say(await cluster.leader(), 'and on')
    await cluster.settled()
    checkLogs(cluster)
    await back.stop()
    const again = await cluster.run(away.id)
    await cluster.settled()
    assert.equal(recall(again, 'word 7'), 'word 7')
    assert.equal(recall(again, 'and on'), 'and on')
  })

  test('waits with a state until its disk has room for it', async (t) => {
    const cluster = await SmallCluster.start(t, { ...SHORT, disk: { reserveBytes: 100_000 } })
    const [away] = await cluster.followers()
    assert(away)
    await away.stop()
    cluster.forget(away)
    for (let i = 0; i < 5 * LIMIT; i++) await say(await cluster.leader(), `word ${i}`)
    cluster.disk(away.id).room = { freeBytes: 90_000, reusableBytes: 0 }
    const back = await cluster.run(away.id)
    const told: string[] = []
    await until('an attempt', () => {
      for (const { state } of groupOf(cluster.node(away.id)).snapshots ?? []) told.push(state)
      return (cluster.nodes.flatMap((node) => groupOf(node).snapshots ?? []).length ?? 0) > 0
    })
    await pause(500)
    assert.deepEqual([groupOf(back).truncated, told], [0, []])
    cluster.disk(away.id).room = { freeBytes: 1_000_000, reusableBytes: 0 }
    await cluster.settled()
    assert.equal(recall(back, 'word 7'), 'word 7')
  })

  test('is heard of on the way, by both ends', async (t) => {
    const cluster = await SmallCluster.start(t, SHORT)
    const heard = new Set<string>()
    const watcher = cluster.guest('watcher')
    t.after(() => watcher.close())
    watcher.subscribe('flotilla.demo.event.snapshots', ({ data }) => {
      const { group, side, node, state } = JSON.parse(text(data)) as Record<string, string>
      heard.add(`${group} ${side} ${node} ${state}`)
    })
    const [away] = await cluster.followers()
    assert(away)
    await away.stop()
    cluster.forget(away)
    const leader = await cluster.leader()
    for (let i = 0; i < 5 * LIMIT; i++) await say(leader, `word ${i}`)
    await cluster.run(away.id)
    await cluster.settled()
    await until('both ends', () => heard.has(`g sending ${away.id} done`) && heard.has(`g receiving ${leader.id} done`))
  })

  test('is filled by a state when it has just joined', async (t) => {
    const cluster = await SmallCluster.start(t, SHORT)
    for (let i = 0; i < 5 * LIMIT; i++) await say(await cluster.leader(), `word ${i}`)
    const joined = await cluster.run('d', { join: true })
    const transport = cluster.guest('operator')
    const client = await connect({ cluster: 'demo', transport })
    t.after(() => client.close().then(() => transport.close()))
    await client.members('g').add('d', { learner: true })
    await until('the state', () => joined.status().groups.some(({ applied }) => applied > 5 * LIMIT))
    await cluster.settled()
    assert.equal(recall(joined, 'word 3'), 'word 3')
    const { founding, voters, learners } = groupOf(joined)
    assert.equal(founding, groupOf(await cluster.leader()).founding)
    assert.deepEqual([voters, learners], [['a', 'b', 'c'], ['d']])
  })

  test('sees neither what was deleted meanwhile nor anything else that is not so any more', async (t) => {
    const cluster = new WeatherCluster(t, 11, { compaction: { entries: LIMIT, keep: 0 } })
    await cluster.begin()
    for (const node of cluster.nodes) assert.equal(groupOf(node).truncated, 0)
    const client = (await cluster.client(t, 'client')).kv('g')
    await client.put('k100', 'v100', { family: 'lock' })
    await cluster.settled()
    const leader = await cluster.leader()
    const away = cluster.nodes.find((node) => node !== leader)
    assert(away)
    cluster.network.split(FIVE.filter((id) => id !== away.id))
    for (let i = 0; i < 15; i++) await client.put(`k${i}`, `v${i}`)
    await client.delete('k100', { family: 'lock' })
    assert.deepEqual(tableOf(away), [])
    assert.ok(lockOf(away, 'k100'))
    cluster.network.heal()
    await cluster.settled()
    assert.equal(tableOf(away).length, 15)
    assert.equal(lockOf(away, 'k100'), undefined)
    assert.ok(groupOf(away).truncated > 0)
    checkLogs(cluster)
    await cluster.crashAll()
    await cluster.settled()
    const again = cluster.node(away.id)
    assert.deepEqual([tableOf(again).length, lockOf(again, 'k100')], [15, undefined])
  })
})

const MANY: Pick<Plan, 'clients' | 'rounds' | 'operations'> = { clients: 5, rounds: 4, operations: 12 }

const STORMS: readonly (readonly [title: string, plan: Plan])[] = [
  ['one client through crashes of all nodes', { ...MANY, clients: 1, seed: 21, crashes: true, limit: LIMIT }],
  ['twenty clients through crashes of all nodes', { ...MANY, clients: 20, operations: 6, seed: 22, crashes: true, limit: LIMIT }],
  ['five clients while letters are lost', { ...MANY, seed: 23, unreliable: true, limit: LIMIT }],
  ['five clients through crashes while letters are lost', { ...MANY, seed: 24, unreliable: true, crashes: true, limit: LIMIT }],
  [
    'five clients through crashes and partitions while letters are lost',
    { ...MANY, seed: 25, unreliable: true, crashes: true, partitions: true, limit: LIMIT },
  ],
]

describe('what clients wrote is found though every log is short, by', { concurrency: 3 }, () => {
  for (const [title, plan] of STORMS) test(title, { timeout: 90_000 }, (t) => weather(t, plan))
})
