/** A plan survives being a file; what is no plan is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../../src/base/errors.ts'
import { PROFILES, type ProfileName, planOf } from '../../../../src/testkit/sim/plan.ts'
import { planFileOf, planFileText } from '../../../../src/testkit/sim/plan-file.ts'

test('every plan is read as it was written, and is written the same again', () => {
  for (const profile of [...(Object.keys(PROFILES) as ProfileName[]), 'swarm'] as const)
    for (let seed = 1; seed <= 20; seed++) {
      const plan = planOf({ seed, profile, density: 3 })
      const text = planFileText({ invariant: 'LIVENESS', plan })
      const read = planFileOf(text)
      assert.deepEqual(read, { invariant: 'LIVENESS', plan })
      assert.equal(planFileText(read), text)
      assert.doesNotThrow(() => JSON.parse(text))
    }
})

test('a plan is the same text whatever the order of its parts', () => {
  const plan = planOf({ seed: 1, profile: 'hostile' })
  const turned = Object.fromEntries(Object.entries(plan).reverse()) as unknown as typeof plan
  assert.equal(planFileText({ invariant: 'X', plan: turned }), planFileText({ invariant: 'X', plan }))
})

const good = JSON.parse(planFileText({ invariant: 'X', plan: planOf({ seed: 2, profile: 'hostile', nodes: 3 }) })) as {
  plan: Record<string, unknown>
}
const fault = { kind: 'crash', at: 1, ms: 1, params: { node: 'a', keepsLast: 0 } }

const RUBBISH: Readonly<Record<string, string>> = {
  'no JSON': '{',
  'another thing': '[]',
  'another form': JSON.stringify({ ...good, form: 2 }),
  'something more': JSON.stringify({ ...good, path: '/home' }),
  'no nodes': JSON.stringify({ ...good, plan: { ...good.plan, nodes: [] } }),
  'a fault that nobody knows': JSON.stringify({ ...good, plan: { ...good.plan, faults: [{ ...fault, kind: 'flood' }] } }),
  'a fault of a stranger': JSON.stringify({ ...good, plan: { ...good.plan, faults: [{ ...fault, params: { node: 'z' } }] } }),
  'a storm without end': JSON.stringify({ ...good, plan: { ...good.plan, stormMs: 1e12 } }),
}

for (const [what, text] of Object.entries(RUBBISH))
  test(`${what} is no plan`, () => {
    assert.throws(
      () => planFileOf(text),
      (error) =>
        error instanceof FlotillaError && error.code === 'CONFIG_INVALID' && error.message.startsWith('this is no saved plan'),
    )
  })
