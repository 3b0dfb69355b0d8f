/** Each small world is walked to its end, and nothing is broken. How many states it has is worth a look when it changes: something behaves otherwise. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Bounds } from '../../../../src/testkit/explore/model.ts'
import { MODELS } from '../../../../src/testkit/explore/models.ts'
import { explore } from '../../../../src/testkit/explore/search.ts'

interface Size {
  readonly model: string
  readonly bounds: Partial<Bounds>
  readonly states: number
  readonly depth: number
}

const SIZES: readonly Size[] = [
  { model: 'election', bounds: { crashes: 0 }, states: 3696, depth: 18 },
  { model: 'replication', bounds: { terms: 1, entries: 1 }, states: 705, depth: 15 },
  { model: 'figure-8', bounds: { letters: 12 }, states: 8265, depth: 18 },
  { model: 'durability', bounds: { terms: 1 }, states: 463, depth: 18 },
  { model: 'membership', bounds: { letters: 9 }, states: 10383, depth: 25 },
  { model: 'inherited-change', bounds: { letters: 8 }, states: 2292, depth: 15 },
  { model: 'snapshot', bounds: { crashes: 0, timeouts: 0 }, states: 1301, depth: 12 },
  { model: 'read-index', bounds: {}, states: 7372, depth: 17 },
  { model: 'lease', bounds: { letters: 6, crashes: 0 }, states: 2628, depth: 16 },
]

const modelOf = (name: string) => {
  const model = MODELS.find((one) => one.name === name)
  assert.ok(model, `no model ${name}`)
  return model
}

describe('a small world is walked to its end:', () => {
  for (const { model, bounds, ...size } of SIZES) {
    test(`${model} ${JSON.stringify(bounds)}`, () => {
      const { states, depth, end, counterExample } = explore(modelOf(model), { bounds })
      assert.equal(counterExample, null)
      assert.deepEqual({ end, states, depth }, { end: 'complete', ...size })
    })
  }

  test('every one', () =>
    assert.deepEqual(
      [...new Set(SIZES.map(({ model }) => model))],
      MODELS.map(({ name }) => name),
    ))
})

describe('a walk ends', () => {
  test('when there is no room for more states, and says so', () => {
    const { end, states } = explore(modelOf('election'), { states: 500 })
    assert.deepEqual({ end, states }, { end: 'too many states', states: 500 })
  })

  test('when who asked for it has seen enough', () => {
    assert.equal(explore(modelOf('election'), { goOn: () => false }).end, 'stopped')
  })
})
