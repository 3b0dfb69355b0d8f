/** Each small world finds the mistakes it lists, and nothing where there is none. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MODELS } from '../../../../src/testkit/explore/models.ts'
import { explore } from '../../../../src/testkit/explore/search.ts'
import { bugOf } from '../../../explore/bugs.ts'

for (const model of MODELS) {
  describe(model.name, () => {
    for (const name of model.kills) {
      test(`finds: ${name}`, (t) => {
        const { counterExample, depth, states } = explore(model, bugOf(name).options)
        assert.ok(counterExample, 'nobody noticed')
        t.diagnostic(`${counterExample.invariant}, depth ${depth}, ${states} states`)
      })
    }
  })
}
