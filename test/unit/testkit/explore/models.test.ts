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
  { model: 'election', bounds: {}, states: 11039, depth: 20 },
  { model: 'replication', bounds: {}, states: 67513, depth: 24 },
]

describe('a small world is walked to its end:', () => {
  for (const { model: name, bounds, ...size } of SIZES) {
    test(`${name} ${JSON.stringify(bounds)}`, () => {
      const model = MODELS.find((one) => one.name === name)
      assert.ok(model)
      const { states, depth, end, counterExample } = explore(model, { bounds })
      assert.equal(counterExample, null)
      assert.deepEqual({ end, states, depth }, { end: 'complete', ...size })
    })
  }
})
