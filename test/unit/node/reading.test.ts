/** Reads on their way: how a replica goes about each, by table, and what is remembered of them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planRead, Reads } from '../../../src/node/reading.ts'
import { type Freshness, freshnessOf } from '../../../src/wire/freshness.ts'
import { sampleHost } from './sample-node.ts'

const at = (ms: number) => ({ at: ms, date: 0 })
const NEVER = Number.POSITIVE_INFINITY

test('how a replica goes about a read', () => {
  const table: readonly (readonly [Freshness, number, string])[] = [
    [{ consistency: 'linearizable' }, 0, 'confirm'],
    [{ consistency: 'follower' }, 0, 'confirm'],
    [{ consistency: 'lease' }, 0, 'lease'],
    [{ consistency: 'lease' }, NEVER, 'lease'],
    [{ consistency: 'stale' }, NEVER, 'here'],
    [{ consistency: 'stale', maxStalenessMs: 100 }, 0, 'here'],
    [{ consistency: 'stale', maxStalenessMs: 100 }, 100, 'here'],
    [{ consistency: 'stale', maxStalenessMs: 100 }, 101, 'confirm'],
    [{ consistency: 'stale', maxStalenessMs: 100 }, NEVER, 'confirm'],
    [{ consistency: 'stale', maxStalenessMs: 0 }, 0.1, 'confirm'],
  ]
  for (const [freshness, age, plan] of table) assert.equal(planRead(freshness, age), plan, JSON.stringify([freshness, age]))
})

test('what may be wished for, and what contradicts itself', () => {
  assert.deepEqual(freshnessOf({}, 'linearizable'), { consistency: 'linearizable' })
  assert.deepEqual(freshnessOf({}, 'stale'), { consistency: 'stale' })
  assert.deepEqual(freshnessOf({ maxStalenessMs: 5 }, 'linearizable'), { consistency: 'stale', maxStalenessMs: 5 })
  const wrong = [
    { consistency: 'lease', maxStalenessMs: 5 },
    { consistency: 'eventual' },
    { maxStalenessMs: -1 },
    { maxStalenessMs: Number.NaN },
    { maxStalenessMs: '5' },
  ]
  for (const wish of wrong) assert.throws(() => freshnessOf(wish as Freshness, 'linearizable'), { code: 'CONFIG_INVALID' })
})

test('a read is answered once its index is applied, and dates how fresh the replica is by when it was asked', () => {
  const reads = new Reads()
  reads.ask(1, { moment: at(10), dueAt: 1000 })
  reads.ask(2, { moment: at(20), dueAt: 1000 })
  assert.deepEqual(reads.take(9), [])
  reads.confirm([1], 5)
  reads.confirm([2], 8)
  assert.equal(reads.age(at(30)), NEVER, 'nothing is applied yet')
  assert.deepEqual(reads.take(5), [1])
  assert.equal(reads.age(at(30)), 20)
  assert.deepEqual(reads.take(8), [2])
  assert.equal(reads.age(at(30)), 10)
  assert.deepEqual(reads.take(9), [])
})

test('an earlier question, answered late, makes a replica no older than it was', () => {
  const reads = new Reads()
  reads.ask(1, { moment: at(10), dueAt: 1000 })
  reads.ask(2, { moment: at(20), dueAt: 1000 })
  reads.confirm([2], 5)
  assert.deepEqual(reads.take(5), [2])
  reads.confirm([1], 5)
  assert.deepEqual(reads.take(5), [1])
  assert.equal(reads.age(at(20)), 0)
})

test('an answer to nobody is nothing: asked twice, given up, or of another run', () => {
  const reads = new Reads()
  reads.ask(1, { moment: at(10), dueAt: 1000 })
  reads.confirm([1], 5)
  reads.confirm([1, 77], 3)
  assert.deepEqual(reads.take(5), [1])
  assert.deepEqual(reads.take(5), [])
  reads.ask(2, { moment: at(10), dueAt: 1000 })
  assert.deepEqual(reads.takeAsked(), [2])
  reads.confirm([2], 5)
  assert.deepEqual(reads.take(9), [])
})

test('what goes unanswered is asked again after a while, and forgotten when its caller is gone', () => {
  const reads = new Reads()
  reads.ask(1, { moment: at(0), dueAt: 1000 })
  assert.deepEqual(reads.overdue(99, 100), [])
  assert.deepEqual(reads.overdue(100, 100), [1])
  assert.deepEqual(reads.overdue(150, 100), [])
  assert.deepEqual(reads.overdue(200, 100), [1])
  assert.deepEqual(reads.overdue(1000, 100), [])
  assert.deepEqual(reads.takeAsked(), [])
})

test('what is confirmed and never applied is forgotten with its caller, too', () => {
  const reads = new Reads()
  reads.ask(1, { moment: at(0), dueAt: 1000 })
  reads.ask(2, { moment: at(0), dueAt: 2000 })
  reads.confirm([1, 2], 50)
  reads.overdue(1000, 100)
  assert.deepEqual(reads.take(50), [2])
})

test('an answer to a question of an earlier run is none to ours', async () => {
  const [before, after] = [await sampleHost({ boot: 1 }), await sampleHost({ boot: 2 })]
  const tickets = [before, after].map((host) => host.waiters.wait(1000, false).ticket)
  after.ask(tickets[1] as number, { moment: at(10), dueAt: 1000 })
  after.confirm([tickets[0] as number], 0)
  assert.deepEqual(after.reads.take(5), [])
  after.confirm([tickets[1] as number], 0)
  assert.deepEqual(after.reads.take(5), [tickets[1]])
})
