/** States taken together cover each of them: what is right there is right, and what seems wrong is looked for in each state alone. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Bounds } from '../../../../src/testkit/explore/model.ts'
import { MODELS } from '../../../../src/testkit/explore/models.ts'
import { explore } from '../../../../src/testkit/explore/search.ts'
import { bugOf } from '../../../explore/bugs.ts'

const modelOf = (name: string) => MODELS.find((model) => model.name === name) ?? assert.fail(name)

const SMALL: readonly (readonly [name: string, bounds: Partial<Bounds>])[] = [
  ['election', {}],
  ['durability', { crashes: 0 }],
  ['figure-8', { timeouts: 1 }],
]

for (const [name, bounds] of SMALL)
  test(`no peer and no letter is met that is not met there: ${name}`, () => {
    const model = modelOf(name)
    const apart = explore(model, { bounds, symmetry: false })
    const together = explore(model, { bounds, together: true })
    assert.deepEqual([apart.end, together.end, apart.together, together.together], ['complete', 'complete', false, true])
    assert.ok(together.peers >= apart.peers && together.letters >= apart.letters)
    assert.ok(together.states < apart.states, `${together.states} and ${apart.states}`)
  })

describe('a mistake is found, and told as each state alone tells it', () => {
  for (const name of ['votes twice in a term', 'a stale vote reply is counted', 'a vote is lost in a crash'])
    test(name, () => {
      const { options } = bugOf(name)
      const [apart, together] = [false, true].map((one) => explore(modelOf('election'), { ...options, together: one }))
      assert.ok(apart?.counterExample)
      assert.deepEqual(
        [together?.counterExample?.invariant, together?.depth, together?.together],
        [apart.counterExample.invariant, apart.depth, false],
      )
    })
})

test('a walk that is too long says so', () => {
  const { end, states } = explore(modelOf('election'), { together: true, states: 1000 })
  assert.equal(end, 'too many states')
  assert.ok(states < 1100)
})
