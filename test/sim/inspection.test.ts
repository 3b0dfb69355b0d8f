/** Whether a run is inspected makes no difference to it, and that would show. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Inspect } from '../../src/testkit/sim/sight.ts'
import { type SimulateOptions, simulate } from '../../src/testkit/sim/simulate.ts'
import { inspection } from './inspection.ts'
import { TEST_WISH } from './test-set.ts'

const RUN: SimulateOptions = { seed: 1, profile: 'hostile', nodes: 3, groups: 1, ...TEST_WISH }

const hashOf = async (inspect?: Inspect): Promise<string> => (await simulate({ ...RUN, ...(inspect && { inspect }) })).hash

test('the inspector sees leaders, changes, and nodes that are down; the run is the same without it', async () => {
  const { inspect, seen } = inspection()
  assert.equal(await hashOf(inspect), await hashOf())
  assert.ok(seen.pages > 10 && seen.led > 5 && seen.bereft > 0, JSON.stringify(seen))
  assert.ok(seen.characters > 500 * seen.pages, JSON.stringify(seen))
})

test('who asks a node for more than its status is part of the run, and shows', async () => {
  const curious: Inspect = ({ clock, nodes }) => {
    const [seen] = nodes()
    const ask = (): void =>
      void nodes()
        .find(({ name }) => name === seen?.name)
        ?.node?.read('kv', new Uint8Array(1))
        .catch(() => {})
    return clock.after(2000, ask)
  }
  assert.notEqual(await hashOf(curious), await hashOf())
})

test('an inspector that touches anything real ends the run', async () => {
  const late: Inspect = ({ clock }) => clock.after(100, () => void Date.now())
  const { violation } = await simulate({ ...RUN, inspect: late })
  assert.equal(violation?.invariant, 'REALITY_TOUCHED')
})
