/** Models do what the things they stand for do. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { prng } from '../../../src/base/prng.ts'
import { kvClient } from '../../../src/client/kv.ts'
import type { GroupCalls } from '../../../src/client/types.ts'
import { kv } from '../../../src/statemachines/kv/kv.ts'
import { type History, HistoryRecorder, UNKNOWN } from '../../../src/testkit/history.ts'
import { canonicalText } from '../../../src/testkit/linearizability/canonical.ts'
import { type Model, partitionedBy } from '../../../src/testkit/linearizability/model.ts'
import { checkLinearizable } from '../../../src/testkit/linearizable.ts'
import { counterModel } from '../../../src/testkit/models/counter.ts'
import { kvModel } from '../../../src/testkit/models/kv.ts'
import { characters, type KvOp, type KvResult, kvOp } from '../../../src/testkit/models/kv-operations.ts'
import { kvParts } from '../../../src/testkit/models/kv-parts.ts'
import { registerModel } from '../../../src/testkit/models/register.ts'
import { sequentialModel } from '../../../src/testkit/models/sequential.ts'
import { recordedKv } from '../../../src/testkit/recorded-kv.ts'
import { MemoryTable, run } from '../statemachines/table.ts'
import { story } from './stories.ts'

/** One after the other, without overlaps; the last column tells what was answered. */
function sequence<Op, Result>(steps: readonly (readonly [op: Op, result: Result | typeof UNKNOWN])[]): History<Op, Result> {
  const recorder = new HistoryRecorder<Op, Result>()
  for (const [i, [op, result]] of steps.entries()) {
    const id = recorder.invoke('a', op, 2 * i)
    if (result !== UNKNOWN) recorder.ok(id, result as Result, 2 * i + 1)
  }
  return recorder.history()
}

/** The real state machine on a table, as if it were a cluster of one. */
function realStore(): GroupCalls {
  const machine = kv()
  const table = new MemoryTable()
  const at = () => ({ group: 'g', index: table.applied, term: 1 })
  return {
    propose: async (_, command) => {
      const [body] = run(machine, table, [command])
      if (!(body instanceof Uint8Array)) throw body
      return { ...at(), body }
    },
    read: async (_, query) => ({ ...at(), body: machine.query(query, table) }),
  }
}

describe('the model of the key-value store', () => {
  test('does what its state machine does, step by step', async () => {
    const chance = prng(5)
    const recorder = new HistoryRecorder<KvOp, KvResult>()
    let time = 0
    const client = recordedKv(kvClient(realStore(), 'g'), { recorder, client: 'a', now: () => time++ })
    const key = () => `k${'\xff'.repeat(chance.between(0, 2))}${chance.between(0, 5)}`
    const value = () => 'v'.repeat(chance.between(0, 3))
    const orNull = () => (chance.between(0, 3) === 0 ? null : value())
    const family = () => (chance.between(0, 4) === 0 ? 'lock' : 'default')
    for (let i = 0; i < 2000; i++) {
      const kind = chance.between(0, 7)
      if (kind === 0) await client.put(key(), value(), { family: family() })
      if (kind === 1) await client.delete(key(), { family: family() })
      if (kind === 2) await client.get(key(), { family: family() })
      if (kind === 3) await client.compareAndSet(key(), { expected: orNull(), value: orNull() }, { family: family() })
      if (kind === 4) await client.batch().put(key(), value(), family()).delete(key(), family()).put(key(), value()).commit()
      if (kind === 5) await client.scanPage({ prefix: 'k', limit: chance.between(1, 9), reverse: chance.between(0, 2) === 0 })
      if (kind === 6) await client.scanPage({ from: key(), to: key(), limit: chance.between(1, 4) }, { family: family() })
    }
    const model = kvModel()
    let state = model.init()
    for (const { op, result } of recorder.history()) {
      const [next, ...others] = model.step(state, op, result)
      assert.ok(next !== undefined && others.length === 0, model.describe?.(op, result))
      assert.equal(model.observes?.(op, result) && next !== state, false)
      state = next
    }
    assert.ok(state.places.length > 5)
    assert.equal(checkLinearizable(recorder.history(), kvModel()).verdict, 'ok')
  })

  test('has a part for each key, and one for keys that batches and pages join', () => {
    const parts = (drawing: string) =>
      kvParts(story(drawing)).map(({ name, views }) => [name, (views ?? []).map((view) => view.history.length)])
    assert.deepEqual(parts('a: |put a 1| |get b -| |cas a 1 2| |del b|'), [
      ['default/a', []],
      ['default/b', []],
    ])
    assert.deepEqual(parts('a: |put a 1| |put b 1| |put c 1| |batch put a 2, del c| |get b 1|'), [
      ['default/a, default/c', [2, 2]],
      ['default/b', []],
    ])
    // as far as the page went: c is where it would go on, and d is behind that
    assert.deepEqual(parts('a: |put a 1| |put b 1| |put c 1| |put d 1| |scan b.. limit 1 b=1 next c|'), [
      ['default/a', []],
      ['default/b, default/c', [2, 1]],
      ['default/d', []],
    ])
    assert.deepEqual(parts('a: |put a 1| |put b 1| |put c 1| |put d 1| |scan a..d|'), [
      ['default/a, default/b, default/c', [2, 2, 2]],
      ['default/d', []],
    ])
  })

  test('takes text as its bytes, in their order', () => {
    assert.equal(characters('é'), '\xc3\xa9')
    assert.equal(characters(Uint8Array.of(0, 255)), '\0\xff')
    assert.deepEqual(kvOp.scanPage({ prefix: 'a\xff' }), {
      ...{ type: 'scan', family: 'default', from: 'a\xc3\xbf', to: 'a\xc3\xc0' },
      ...{ limit: 1000, reverse: false },
    })
  })
})

describe('models of one thing', () => {
  function verdict<State, Op, Result>(
    model: Model<State, Op, Result>,
    ...steps: readonly (readonly [Op, Result | typeof UNKNOWN])[]
  ): string {
    return checkLinearizable(sequence(steps), model).verdict
  }

  test('a register', () => {
    const read = { type: 'read' } as const
    const set = (expected: number, value: number) => ({ type: 'compareAndSet', expected, value }) as const
    assert.equal(verdict(registerModel(0), [read, 0], [{ type: 'write', value: 1 }, null], [set(1, 2), true], [read, 2]), 'ok')
    assert.equal(verdict(registerModel(0), [set(1, 2), false], [set(0, 2), UNKNOWN], [read, 0], [read, 2]), 'ok')
    assert.equal(verdict(registerModel(0), [set(0, 1), false]), 'violation')
    assert.equal(verdict(registerModel(0), [set(0, 1), UNKNOWN], [read, 1], [read, 0]), 'violation')
  })

  test('a counter', () => {
    const read = { type: 'read' } as const
    const add = { type: 'add', by: 1 } as const
    assert.equal(verdict(counterModel(), [add, 1], [add, null], [add, UNKNOWN], [read, 2], [read, 3]), 'ok')
    assert.equal(verdict(counterModel(), [add, UNKNOWN], [read, 2]), 'violation', 'done twice')
    assert.equal(verdict(counterModel(), [add, 1], [add, 1]), 'violation', 'the second one was lost')
  })

  test('one of one’s own: a bank', () => {
    type Transfer = { readonly from: string; readonly to: string; readonly amount: number }
    const bank = sequentialModel<Readonly<Record<string, number>>, Transfer | 'total', { readonly ok: boolean } | number>({
      initial: { a: 10, b: 0 },
      apply(state, op) {
        if (op === 'total') return { state, result: Object.values(state).reduce((sum, amount) => sum + amount, 0) }
        const { from, to, amount } = op
        const left = (state[from] ?? 0) - amount
        if (left < 0) return { state, result: { ok: false } }
        return { state: { ...state, [from]: left, [to]: (state[to] ?? 0) + amount }, result: { ok: true } }
      },
      reads: (op) => op === 'total',
    })
    const pay = (amount: number): Transfer => ({ from: 'a', to: 'b', amount })
    assert.equal(verdict(bank, [pay(6), { ok: true }], [pay(6), { ok: false }], ['total', 10]), 'ok')
    assert.equal(verdict(bank, [pay(6), { ok: true }], [pay(6), { ok: true }]), 'violation')
    assert.equal(verdict(bank, [pay(6), UNKNOWN], ['total', 4]), 'violation')
  })

  test('that may choose', () => {
    const bag: Model<string, 'put' | 'take', string> = {
      init: () => '',
      step: (state, op, result) => (op === 'put' ? [`${state}x`, `${state}y`] : state.includes(String(result)) ? [''] : []),
      key: (state) => state,
    }
    assert.equal(verdict(bag, ['put', ''], ['put', ''], ['take', 'y']), 'ok')
    assert.equal(verdict(bag, ['put', ''], ['put', ''], ['take', 'z']), 'violation')
  })

  test('parts are joined by what operations touch, directly or through others', () => {
    const touched = ['a', 'b', 'c', 'bd', '', 'ad'].map((names) => [names, null] as const)
    const parts = partitionedBy(sequence(touched), (op) => [...op])
    assert.deepEqual(
      parts.map(({ name, history }) => [name, history.map(({ op }) => op)]),
      [
        ['a, b, d', ['a', 'b', 'bd', 'ad']],
        ['c', ['c']],
        ['-', ['']],
      ],
    )
    assert.deepEqual(
      partitionedBy(sequence([['edcba', null] as const]), (op) => [...op]).map(({ name }) => name),
      ['a, b, c and 2 more'],
    )
  })
})

test('equal values have the same text, others do not', () => {
  const values = [0, -0, 1, '1', 1n, null, undefined, true, [], [1], ['1'], {}, { a: 1 }, { a: [1] }, new Map([['a', 1]])]
  const texts = [...values, new Set(['a']), Uint8Array.of(1), Number.NaN, '', 'null'].map(canonicalText)
  assert.equal(new Set(texts).size, texts.length)
  assert.equal(canonicalText({ b: new Set([2, 1]), a: 1 }), canonicalText({ a: 1, b: new Set([1, 2]) }))
  assert.throws(() => canonicalText({ f: () => 1 }), { code: 'CONFIG_INVALID' })
})
