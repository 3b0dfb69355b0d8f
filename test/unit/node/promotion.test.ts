/** Promotion: who has kept up with the log long enough to vote. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dueIn, LAG_MAX, NO_STREAKS, ROUNDS, type Standing, type Streaks, streaksAfter } from '../../../src/node/promotion.ts'
import { votersOnly } from '../../../src/protocol/types.ts'
import { recall, SmallCluster, say, until } from './small-cluster.ts'

const conf = { ...votersOnly([1, 2, 3]), learners: [4, 5] }

/** Two learners, at a thousand entries. */
const standing = (match4: number, match5: number, change: Partial<Standing> = {}): Standing => ({
  conf,
  lastIndex: 1000,
  followers: new Map([
    [4, { match: match4, active: true }],
    [5, { match: match5, active: true }],
  ]),
  ...change,
})

const look = (streaks: Streaks, ...looks: readonly Standing[]): Streaks => looks.reduce(streaksAfter, streaks)

const times = (count: number, one: Standing): Standing[] => Array.from({ length: count }, () => one)

test('a learner is due when it has kept up for so many looks, and not one earlier', () => {
  const near = standing(1000 - LAG_MAX, 0)
  assert.equal(dueIn(look(NO_STREAKS, ...times(ROUNDS - 1, near))), null)
  assert.equal(dueIn(look(NO_STREAKS, ...times(ROUNDS, near))), 4)
})

test('who falls behind, or silent, or was never heard, begins anew', () => {
  const near = standing(1000, 0)
  const kept = look(NO_STREAKS, ...times(ROUNDS - 1, near))
  const silent = standing(1000, 0, { followers: new Map([[4, { match: 1000, active: false }]]) })
  const rows: readonly (readonly [string, Standing])[] = [
    ['behind by one too many', standing(1000 - LAG_MAX - 1, 0)],
    ['silent', silent],
    ['gone', standing(1000, 0, { followers: new Map() })],
    ['in a joint configuration', standing(1000, 0, { conf: { ...conf, votersOutgoing: [1, 2], autoLeave: true } })],
  ]
  for (const [what, one] of rows) assert.deepEqual([...look(kept, one)], [], what)
  assert.deepEqual(
    [...streaksAfter(NO_STREAKS, standing(0, 0, { lastIndex: 1 }))],
    [],
    'one that has nothing yet has not caught up',
  )
})

test('of two that have caught up, one at a time', () => {
  const streaks = look(NO_STREAKS, ...times(ROUNDS, standing(1000, 1000)))
  assert.equal(dueIn(streaks), 4)
  assert.equal(dueIn(streaksAfter(streaks, standing(1000, 1000, { conf: { ...votersOnly([1, 2, 3, 4]), learners: [5] } }))), 5)
})

test('on the cluster a learner that has caught up becomes a voter by itself, and only where that is wished', async (t) => {
  const cluster = await SmallCluster.start(t, { autoPromote: true })
  const leader = await cluster.leader()
  for (let i = 0; i < 20; i++) await say(leader, `w${i}`)
  const d = await cluster.run('d', { nodes: [], join: true })
  const guest = cluster.guest()
  const words = JSON.stringify({ group: 'g', steps: [{ type: 'addLearner', node: 'd' }] })
  await guest.request(`flotilla.demo.node.${leader.id}.reconfigure`, new TextEncoder().encode(words), { timeoutMs: 2000 })
  await until('d votes', () => d.status().groups[0]?.voters.includes('d'))
  assert.equal(recall(d, 'w19'), 'w19')
})
