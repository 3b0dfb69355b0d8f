/** What holds for all histories: orderly ones are found orderly, and spoiled ones are judged as by trying everything. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Prng, prng } from '../../../src/base/prng.ts'
import { type History, HistoryRecorder, UNKNOWN } from '../../../src/testkit/history.ts'
import type { Part } from '../../../src/testkit/linearizability/model.ts'
import { checkLinearizable } from '../../../src/testkit/linearizable.ts'
import { type CounterOp, type CounterResult, counterModel } from '../../../src/testkit/models/counter.ts'
import { kvModel } from '../../../src/testkit/models/kv.ts'
import { kvParts } from '../../../src/testkit/models/kv-parts.ts'
import { hasOrder, orderly, type Shape, spoiled } from './random-history.ts'

const SMALL: Shape = { operations: 6, clients: 3, keys: 2, values: 2, unknown: 20, batches: 15, scans: 15 }
const MIDDLE: Shape = { operations: 200, clients: 6, keys: 5, values: 20, unknown: 4, batches: 0, scans: 0 }
const JOINED: Shape = { ...MIDDLE, operations: 120, batches: 10, scans: 10, hints: true }

/** Some answers came, and nobody remembers what they said. */
const forgotten = (chance: Prng, history: ReturnType<typeof orderly>): ReturnType<typeof orderly> =>
  history.map((operation) => (chance.between(0, 8) === 0 ? { ...operation, result: UNKNOWN } : operation))

/** What the model needs, and nothing that makes it faster. */
function plainModel() {
  const { init, step, key } = kvModel()
  return { init, step, key }
}

test('a history of things done one after the other is in order, however they overlap', () => {
  for (let seed = 1; seed <= 60; seed++)
    for (const shape of [SMALL, MIDDLE, JOINED]) {
      const judged = checkLinearizable(orderly(prng(seed), shape), kvModel())
      assert.equal(judged.verdict, 'ok', `seed ${seed}: ${JSON.stringify(judged, null, 2)}`)
    }
})

test('with one answer changed a small history is judged as by trying all orders, with and without what makes it fast', () => {
  let bad = 0
  for (let seed = 1; seed <= 1500; seed++) {
    const chance = prng(seed)
    const shape = { ...SMALL, operations: chance.between(2, 7), keys: chance.between(1, 4), unknown: chance.between(0, 60) }
    const history = forgotten(chance, spoiled(chance, orderly(chance, shape), shape))
    const expected = hasOrder(history, plainModel()) ? 'ok' : 'violation'
    if (expected === 'violation') bad++
    assert.equal(checkLinearizable(history, kvModel()).verdict, expected, `seed ${seed}`)
    assert.equal(checkLinearizable(history, plainModel()).verdict, expected, `seed ${seed}, plainly`)
  }
  assert.ok(bad > 300 && bad < 1200, `${bad} of 1500 were bad`)
})

test('what a part means for each key alone is in order if the part is', () => {
  let views = 0
  for (let seed = 1; seed <= 60; seed++)
    for (const part of kvParts(orderly(prng(seed), { ...JOINED, unknown: 10 })))
      for (const { history } of part.views ?? []) {
        views++
        assert.equal(checkLinearizable(history, kvModel()).verdict, 'ok', `seed ${seed}`)
      }
  assert.ok(views > 200, `${views} views`)
})

test('hints that lie change no verdict', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const chance = prng(seed)
    const history = spoiled(chance, orderly(chance, SMALL), SMALL)
    const lying = history.map((operation) => ({ ...operation, hint: chance.between(0, 2) === 0 ? null : chance.between(0, 9) }))
    assert.equal(checkLinearizable(lying, kvModel()).verdict, checkLinearizable(history, kvModel()).verdict, `seed ${seed}`)
  }
})

/** Numbers added of which nobody knows whether they were, all of them even; and a read of something odd: all sums have to be tried. */
function hopeless(additions: number): History<CounterOp, CounterResult> {
  const recorder = new HistoryRecorder<CounterOp, CounterResult>()
  for (let i = 1; i <= additions; i++) recorder.unknown(recorder.invoke(`c${i}`, { type: 'add', by: 2 ** i }, i))
  recorder.ok(recorder.invoke('reader', { type: 'read' }, 100), 1, 101)
  return recorder.history()
}

test('what takes more steps than are allowed is unknown', () => {
  assert.equal(checkLinearizable(hopeless(6), counterModel()).verdict, 'violation')
  const judged = checkLinearizable(hopeless(30), counterModel(), { stepsMax: 10_000 })
  assert.equal(judged.verdict, 'unknown')
  assert.match(judged.lines.join(), /not decided within 10000 steps; 31 operations, 30 of them without an answer/)
  assert.ok(judged.steps >= 10_000 && judged.steps < 10_100, `${judged.steps} steps`)
})

test('what takes more memory than is allowed is unknown', () => {
  const bytesMax = 4 * 1024 * 1024
  const judged = checkLinearizable(hopeless(30), counterModel(), { bytesMax })
  assert.equal(judged.verdict, 'unknown')
  assert.match(judged.lines.join(), /not decided within 4194304 bytes/)
  assert.ok(judged.bytes > bytesMax && judged.bytes < bytesMax * 1.25, `${judged.bytes} bytes`)
})

test('a hard part keeps nobody from finding what is wrong with another one, nor what is right', () => {
  const { init, step, key } = counterModel()
  const partition = (history: History<CounterOp, CounterResult>): readonly Part<CounterOp, CounterResult>[] => {
    return [
      { name: 'hard', history: hopeless(30) },
      { name: 'easy', history },
    ]
  }
  const bounds = { stepsMax: 200_000, bytesMax: 4 * 1024 * 1024 }
  const bad = checkLinearizable(hopeless(6), { init, step, key, partition }, bounds)
  assert.equal(bad.verdict === 'violation' && bad.violation.part, 'easy')
  const good = checkLinearizable([], { init, step, key, partition }, bounds)
  assert.deepEqual(good.verdict === 'unknown' && good.undecided, ['hard'])
})

test('for want of memory the largest part is given up, not the one that asked last', () => {
  const model = counterModel()
  const firstTurn = checkLinearizable(hopeless(30), model, { stepsMax: 20_000 }).bytes
  const parts = [hopeless(30), hopeless(8)].map((history, i) => ({ name: String(i), history }))
  const judged = checkLinearizable([], { ...model, partition: () => parts }, { bytesMax: firstTurn + 50_000 })
  assert.equal(judged.verdict === 'violation' && judged.violation.part, '1')
})

test('ten thousand operations of twenty clients on fifty keys take about a step each', (t) => {
  const shape = { operations: 10_000, clients: 20, keys: 50, values: 1000, unknown: 2, batches: 0, scans: 0 }
  const joined = { ...shape, batches: 5, scans: 5, hints: true }
  for (const [name, one] of Object.entries({ 'single keys': shape, 'joined by batches and scans, with hints': joined })) {
    const history = orderly(prng(7), one)
    const began = performance.now()
    const judged = checkLinearizable(history, kvModel())
    const ms = Math.round(performance.now() - began)
    t.diagnostic(`${name}: ${judged.parts} parts, ${judged.steps} steps, ${ms} ms, ${Math.ceil(judged.bytes / 1024)} KiB`)
    assert.equal(judged.verdict, 'ok')
    assert.ok(judged.steps < 30_000, `${judged.steps} steps`)
    assert.ok(judged.bytes < 32 * 1024 * 1024, `${judged.bytes} bytes`)
  }
})
