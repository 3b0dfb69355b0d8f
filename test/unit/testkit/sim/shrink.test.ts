/** What is left of a plan that fails is what it takes to fail. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Plan, planOf } from '../../../../src/testkit/sim/plan.ts'
import { shrink } from '../../../../src/testkit/sim/shrink.ts'
import type { Violation } from '../../../../src/testkit/sim/violation.ts'

const BAD: Violation = { invariant: 'BAD', message: 'bad' }
const large = planOf({ seed: 7, profile: 'hostile', nodes: 5, seconds: 60, clients: 6, groups: 2, density: 2 })

/** Runs nothing: a plan fails if it is so. */
const failsIf = (isSo: (plan: Plan) => boolean) => ({ run: async (plan: Plan) => (isSo(plan) ? BAD : null) })
const kinds = ({ faults }: Plan): string[] => faults.map(({ kind }) => kind)

test('the plan that is shrunk has a lot in it', () => assert.ok(large.faults.length > 50))

test('what always fails needs nothing', async () => {
  const { plan, violation, isMinimal } = await shrink(
    large,
    failsIf(() => true),
  )
  assert.deepEqual(violation, BAD)
  assert.deepEqual([plan.faults, plan.clients, plan.groups, plan.nodes, plan.keys], [[], 1, 1, ['a'], 1])
  assert.ok(isMinimal && plan.stormMs <= 500, String(plan.stormMs))
})

test('a fault that it takes is kept, shorter, with what it befalls', async () => {
  const { plan } = await shrink(
    large,
    failsIf((one) => kinds(one).includes('pause')),
  )
  assert.deepEqual(kinds(plan), ['pause'])
  assert.ok(plan.faults[0]?.ms === 1, JSON.stringify(plan.faults))
  assert.ok(plan.nodes.length <= 2 && plan.nodes.includes(String(plan.faults[0]?.params.node)))
  assert.ok(plan.stormMs * 0.95 <= (plan.faults[0]?.at ?? 0) + 500, 'and little time behind it')
})

test('two faults that only fail together are both kept, and so are as many nodes and clients as it takes', async () => {
  const { plan, isMinimal } = await shrink(
    large,
    failsIf(
      (one) => ['partition', 'crash'].every((kind) => kinds(one).includes(kind)) && one.nodes.length >= 3 && one.clients >= 2,
    ),
  )
  assert.deepEqual(kinds(plan).sort(), ['crash', 'partition'])
  assert.deepEqual([plan.nodes.length, plan.clients, plan.groups], [3, 2, 1])
  assert.ok(isMinimal)
})

test('every plan that is tried can be carried out: whom faults befall is there', async () => {
  await shrink(
    large,
    failsIf((plan) => {
      for (const { params } of plan.faults)
        for (const value of Object.values(params).flat())
          if (typeof value === 'string') assert.ok(plan.nodes.includes(value), `${value} is not in ${plan.nodes}`)
      assert.ok(plan.nodes.length > 0 && plan.faults.every(({ at }) => at < plan.stormMs))
      return plan.faults.some(({ kind }) => kind === 'bridge')
    }),
  )
})

test('a plan that fails of something else has not failed', async () => {
  const other: Violation = { invariant: 'OTHER', message: '' }
  const run = async (plan: Plan): Promise<Violation> => (plan.faults.length > 10 ? BAD : other)
  const { plan, violation } = await shrink(large, { run })
  assert.equal(violation?.invariant, 'BAD')
  assert.equal(plan.faults.length, 11)
})

test('a plan that does not fail stays as it is', async () => {
  const { plan, violation, attempts } = await shrink(
    large,
    failsIf(() => false),
  )
  assert.deepEqual([plan, violation, attempts], [large, null, 1])
})

test('attempts end, and what was found by then is told', async () => {
  let runs = 0
  const { plan, attempts, isMinimal } = await shrink(large, {
    attempts: 12,
    run: async (one) => {
      runs++
      return kinds(one).includes('pause') ? BAD : null
    },
  })
  assert.deepEqual([runs, attempts, isMinimal], [12, 12, false])
  assert.ok(kinds(plan).includes('pause') && plan.faults.length < large.faults.length)
})
